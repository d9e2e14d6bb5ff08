/**
 * First in, first out, without an allocation for each entry.
 * @module
 */

/**
 * A ring that doubles when it is full. `Array.shift` moves all that remain once they are many, and
 * a linked list allocates for every entry: both show in the data path.
 */
export class Fifo<T> {
  #ring: (T | undefined)[] = new Array(8);
  #head = 0;
  #size = 0;

  /** How many are in it. */
  get size(): number {
    return this.#size;
  }

  /** Puts one at the end. */
  push(entry: T): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = entry;
    this.#size++;
  }

  /** The first one, which stays; undefined when empty. */
  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head];
  }

  /** Takes the first one out; undefined when empty. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const entry = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    return entry;
  }

  /** Forgets all. */
  clear(): void {
    this.#ring = new Array(8);
    this.#head = 0;
    this.#size = 0;
  }

  #grow(): void {
    const ring = new Array<T | undefined>(this.#ring.length * 2);
    for (let at = 0; at < this.#size; at++) {
      ring[at] = this.#ring[(this.#head + at) & (this.#ring.length - 1)];
    }
    this.#ring = ring;
    this.#head = 0;
  }
}
