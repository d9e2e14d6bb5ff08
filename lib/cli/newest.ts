/**
 * What is read anew at each SIGHUP: readings may overtake each other.
 * @module
 */

/** Keeps what came of a reading only where none that began later has been kept. */
export class Newest {
  #begun = 0;
  #kept = 0;

  /**
   * Reads, and hands what was read to `keep`, unless it is old by now: what was read before may
   * come later, as from a slow file system.
   *
   * @throws what `read` throws; what was kept before stays in force then
   */
  async take<T>(read: () => Promise<T>, keep: (value: T) => void): Promise<void> {
    const turn = ++this.#begun;
    const value = await read();
    if (turn < this.#kept) return;
    this.#kept = turn;
    keep(value);
  }
}
