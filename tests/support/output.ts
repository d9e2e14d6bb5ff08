/**
 * The output of a process as it grows: kept as text, with waiting until it says something.
 * @module
 */

/** More than any test should keep; a larger output wants a callback. */
const keepAtMost = 64 * 1024 * 1024;

/** Reads a stream to its end from the start, so that the process never waits for the test. */
export class OutputText {
  /** All that came so far. */
  text = "";
  /** Settles when the stream has ended, by itself or by {@linkcode cancel}. */
  readonly ended: Promise<void>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #changed = Promise.withResolvers<void>();
  #over = false;

  /** With `take`, chunks go there, and `text` stays empty. */
  constructor(
    stream: ReadableStream<Uint8Array>,
    take?: (chunk: Uint8Array) => void | Promise<void>,
  ) {
    this.#reader = stream.getReader();
    this.ended = this.#read(take);
  }

  /** Waits until `seen` is true of the text; false when the stream ended before. */
  async until(seen: (text: string) => boolean): Promise<boolean> {
    while (!seen(this.text)) {
      if (this.#over) return false;
      await this.#changed.promise;
    }
    return true;
  }

  /** Gives the rest up. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
    await this.ended;
  }

  async #read(take?: (chunk: Uint8Array) => void | Promise<void>): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const { value, done } = await this.#reader.read();
        if (done) break;
        if (take) await take(value);
        else this.text += decoder.decode(value, { stream: true });
        if (this.text.length > keepAtMost) throw new RangeError(`output beyond ${keepAtMost}`);
        this.#wake();
      }
    } finally {
      this.#over = true;
      this.#wake();
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
