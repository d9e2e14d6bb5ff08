/**
 * When the peer is told what has arrived: with whatever else is said, after some bytes, or after
 * some time.
 * @module
 */

/**
 * So much is never waited for: the sender's memory would grow for nothing. At half of it a stream
 * at full speed is a tenth slower, for the records that hold nothing else; at twice it gains nothing.
 */
const mostBytes = 1536 * 1024;

/** Counts sequenced frames of the peer. */
export class Acknowledger {
  readonly #delayMs: number;
  #received = 0;
  /** What the peer was last told. */
  #told = 0;
  #bytes = 0;
  #everyBytes = mostBytes;
  #deadlineMs = Infinity;
  #isDue = false;

  /** @param delayMs longest delay of an acknowledgement */
  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** Sequenced frames that have arrived. */
  get received(): number {
    return this.#received;
  }

  /** True where the peer must be told now. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** True where there is something to tell. */
  get isOpen(): boolean {
    return this.#told < this.#received;
  }

  /** When `tick` is wanted; Infinity: not at all. */
  get deadlineMs(): number {
    return this.#isDue ? Infinity : this.#deadlineMs;
  }

  /** The peer keeps so many bytes of what it sends: it is told before that is half full. */
  pace(memoryBytes: number): void {
    this.#everyBytes = Math.min(mostBytes, memoryBytes >>> 2);
  }

  /** A sequenced frame came. */
  count(bytes: number, nowMs: number): void {
    this.#received++;
    this.#bytes += bytes;
    if (this.#bytes >= this.#everyBytes) this.#isDue = true;
    else if (this.#deadlineMs === Infinity) this.#deadlineMs = nowMs + this.#delayMs;
  }

  /** The peer must be told soon, whatever it was. */
  hurry(): void {
    this.#isDue = true;
  }

  /** Time has passed. */
  tick(nowMs: number): void {
    if (nowMs >= this.#deadlineMs) this.#isDue = true;
  }

  /** The peer is told now (ACK or RESUME). @returns the number to tell */
  tell(): number {
    this.#told = this.#received;
    this.#bytes = 0;
    this.#deadlineMs = Infinity;
    this.#isDue = false;
    return this.#received;
  }
}
