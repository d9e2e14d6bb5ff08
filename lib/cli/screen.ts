/**
 * The whole screen of a terminal, drawn again and again: only lines that have changed are sent, in
 * one write, so that nothing flickers. (ECMA-48 sequences, and xterm's alternate screen, which leaves
 * what stood there before as it was.)
 * @module
 */

/** A terminal, as far as it is drawn on. */
export interface Terminal {
  /** Takes text as it is. */
  write(text: string): Promise<void>;
  /** Columns and rows now, or null where unknown. */
  size(): { readonly columns: number; readonly rows: number } | null;
}

/** Alternate screen on, cursor hidden, and no wrapping at the right edge (DECAWM). */
const enter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const leave = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const clear = "\x1b[2J";
/** Erase to the end of the line, with no attributes left over. */
const endLine = "\x1b[m\x1b[K";

/** Draws until it is disposed, which brings back what was there before. */
export class Screen implements AsyncDisposable {
  readonly #terminal: Terminal;
  #drawn: readonly string[] = [];
  #size = "";
  #isOpen = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Columns and rows there are; a common size where the terminal does not say. */
  get size(): { readonly columns: number; readonly rows: number } {
    const size = this.#terminal.size();
    // A terminal that nobody has told its size says 0.
    return size !== null && size.columns > 0 && size.rows > 0 ? size : { columns: 80, rows: 24 };
  }

  /**
   * Shows these lines, and nothing else. None may be wider than the screen; those below its last
   * row are left out.
   */
  async show(lines: readonly string[]): Promise<void> {
    const { columns, rows } = this.size;
    const size = `${columns}x${rows}`;
    let text = this.#isOpen ? "" : enter;
    this.#isOpen = true;
    // After a change of size nobody knows what the terminal made of what was there.
    if (size !== this.#size) {
      text += clear;
      this.#drawn = [];
      this.#size = size;
    }
    const wanted = lines.slice(0, rows);
    for (let row = 0; row < Math.max(wanted.length, this.#drawn.length); row++) {
      const line = wanted[row] ?? "";
      if (line !== (this.#drawn[row] ?? "")) text += `\x1b[${row + 1};1H${line}${endLine}`;
    }
    this.#drawn = wanted;
    if (text !== "") await this.#terminal.write(text);
  }

  /** Brings back what was there. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#drawn = [];
    this.#size = "";
    await this.#terminal.write(leave);
  }
}
