/**
 * Whether the peer's kernel acknowledges data that was written, as a machine without I/O.
 *
 * Bytes of heartbeats are told apart from data by their place in the stream: that they are
 * acknowledged is no sign of life, a kernel does it for a program that hangs.
 * @module
 */

/** Heartbeats that may be on their way; more are taken together. */
const mostBeats = 64;

/** Watches one direction of a stream. */
export class AckWatch {
  /** Bytes of writes that are over. */
  #written = 0;
  /** Of those, bytes of data. */
  #data = 0;
  /** Data bytes that are known to be acknowledged. */
  #acknowledged = 0;
  /** Heartbeats that are not known to be acknowledged: where each ends, and its length. */
  readonly #beats: { end: number; bytes: number }[] = [];
  /** Bytes of heartbeats before those. */
  #oldBeats = 0;

  /** A write is over. @param isData false for a heartbeat */
  wrote(bytes: number, isData: boolean): void {
    this.#written += bytes;
    if (isData) this.#data += bytes;
    else this.#putBeat(bytes);
  }

  #putBeat(bytes: number): void {
    const last = this.#beats.at(-1);
    if (last === undefined || this.#beats.length < mostBeats) {
      this.#beats.push({ end: this.#written, bytes });
    } else {
      last.end = this.#written;
      last.bytes += bytes;
    }
  }

  /** Bytes of all writes that are over. */
  get written(): number {
    return this.#written;
  }

  /** True while data is on its way: only then is there something to ask the kernel for. */
  get isWaiting(): boolean {
    return this.#acknowledged < this.#data;
  }

  /**
   * Takes what the kernel says.
   *
   * @param unacknowledged bytes that the peer's kernel has not acknowledged
   * @param underway bytes of a write that is not over, as far as the system has taken them
   * @returns true where data was acknowledged since it was last asked
   */
  progress(unacknowledged: number, underway: number): boolean {
    const reached = this.#written + underway - unacknowledged;
    for (let first = this.#beats[0]; first !== undefined; first = this.#beats[0]) {
      if (first.end > reached) break;
      this.#oldBeats += first.bytes;
      this.#beats.shift();
    }
    const [first] = this.#beats;
    // Of one that is acknowledged in part, that part.
    const part = first === undefined ? 0 : Math.max(0, reached - (first.end - first.bytes));
    const data = Math.min(reached - this.#oldBeats - part, this.#data + underway);
    if (data <= this.#acknowledged) return false;
    this.#acknowledged = data;
    return true;
  }
}
