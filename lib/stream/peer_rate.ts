/**
 * How many datagrams of one host are taken: a token bucket for each, in bounded memory. A service
 * that answers every question would let a forged sender turn it against somebody else
 * (CERT TA14-017A); below a rate there is no attack to be made of it.
 * @module
 */

interface Bucket {
  tokens: number;
  atMs: number;
}

/** The buckets of all hosts. Pure: time is an argument. */
export class PeerRates {
  readonly #rate: number;
  readonly #hosts: number;
  readonly #most: number;
  /** The least recently used comes first, as a Map keeps its order. */
  readonly #buckets = new Map<string, Bucket>();

  /**
   * @param rate datagrams a second of one host, more than 0; as many at once after a second of rest
   * @param hosts most hosts that are remembered. The one forgotten was silent longest, and would
   * have earned most: forgetting it gives away little.
   * @param most as many at once after a rest; default those of a second, and at least one
   */
  constructor(rate: number, hosts: number, most: number = rate) {
    if (!(rate > 0)) throw new RangeError("a rate must be more than 0 a second");
    this.#rate = rate;
    this.#hosts = hosts;
    this.#most = Math.max(1, most);
  }

  /** How many hosts are remembered now. */
  get size(): number {
    return this.#buckets.size;
  }

  #tokens({ tokens, atMs }: Bucket, nowMs: number): number {
    const earned = Math.max(0, nowMs - atMs) * this.#rate / 1000;
    return Math.min(this.#most, tokens + earned);
  }

  /** Takes one datagram of a host. @returns false where it is one too many */
  take(host: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(host) ?? { tokens: this.#most, atMs: nowMs };
    bucket.tokens = this.#tokens(bucket, nowMs);
    bucket.atMs = nowMs;
    this.#buckets.delete(host);
    this.#buckets.set(host, bucket);
    if (this.#buckets.size > this.#hosts) this.#forgetOldest();
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  /** Gives one back that was taken and is not to count. */
  giveBack(host: string): void {
    const bucket = this.#buckets.get(host);
    if (bucket !== undefined) bucket.tokens = Math.min(this.#most, bucket.tokens + 1);
  }

  #forgetOldest(): void {
    for (const host of this.#buckets.keys()) {
      this.#buckets.delete(host);
      return;
    }
  }
}
