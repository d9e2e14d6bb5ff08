/**
 * Options of a process's sockets, read by another process with numbers of its own
 * (read_option.py, pidfd_getfd(2)).
 * @module
 */

import { root, type RunningProcess, start } from "./process.ts";

/** A socket by its ends: ports, or names of Unix sockets as `@name`. */
export interface SocketEnds {
  /** SOCK_STREAM or SOCK_DGRAM. */
  readonly type: 1 | 2;
  readonly local?: number | string | undefined;
  readonly peer?: number | string | undefined;
  readonly listening?: boolean;
}

/** Asks the helper process; `await using` it. */
export class OptionReader implements AsyncDisposable {
  readonly #helper: RunningProcess;
  #asked = 0;

  /** @param pid whose sockets are asked for; default this process */
  constructor(pid: number = Deno.pid) {
    const script = `${root}tests/support/read_option.py`;
    this.#helper = start(["python3", script, String(pid)]);
  }

  /**
   * The bytes of an option, in hex, as getsockopt(2) gave them to the other process.
   *
   * @param option as C names it: `TCP_NODELAY`
   * @throws Error where not exactly one socket fits, or it has not the option
   */
  async read(ends: SocketEnds, option: string, size = 4): Promise<string> {
    const { type, local = null, peer = null, listening = false } = ends;
    const request = { type, local, peer, listening, option, size };
    await this.#helper.write(`${JSON.stringify(request)}\n`);
    await this.#helper.stdoutMatches(/\n/g, ++this.#asked);
    const line = this.#helper.stdout.split("\n")[this.#asked - 1] ?? "";
    const answer = JSON.parse(line) as { value?: string; error?: string };
    if (answer.value === undefined) throw new Error(`${option}: ${answer.error}`);
    return answer.value;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#helper[Symbol.asyncDispose]();
  }
}
