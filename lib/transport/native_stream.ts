/**
 * A connected socket of our own as a stream: libc's recv and send, and epoll where they would wait.
 * @module
 */

import { MSG_DONTWAIT } from "../sys/constants.ts";
import { unreadBytes } from "../sys/queue.ts";
import { forgetReadiness, type Interest, whenReady } from "../sys/readiness.ts";
import type { NativeSocket } from "../sys/socket.ts";
import type { StreamSocket } from "./socket.ts";

/** So many calls in a row may succeed at once: then the other sockets of the thread have a turn. */
const calls = 4;

/** Owns the socket. */
export class NativeStream implements StreamSocket {
  readonly #socket: NativeSocket;
  readonly #left: Record<Interest, number> = { read: calls, write: calls };

  /**
   * @param socket connected. One that was inherited may block: its description is shared with the
   * parent, so each call says that it does not wait, and O_NONBLOCK is left as it is.
   */
  constructor(socket: NativeSocket) {
    this.#socket = socket;
  }

  async read(into: Uint8Array): Promise<number | null> {
    const target = into as Uint8Array<ArrayBuffer>;
    const count = await this.#when("read", () => this.#socket.receive(target, MSG_DONTWAIT));
    return count === 0 ? null : count;
  }

  write(chunk: Uint8Array): Promise<number> {
    const bytes = chunk as Uint8Array<ArrayBuffer>;
    return this.#when("write", () => this.#socket.send(bytes, MSG_DONTWAIT));
  }

  // deno-lint-ignore require-await -- what shutdown throws must be a rejection
  async closeWrite(): Promise<void> {
    this.#socket.shutdown("write");
  }

  close(): void {
    if (this.#socket.closed) return;
    forgetReadiness(this.#socket.fd);
    // As the runtime's sockets do: what was written is still delivered, and then the end.
    this.#socket.close();
  }

  async ready(): Promise<void> {
    // Who connects has mostly said something by now: the first read need not wait in another thread.
    if (this.#left.read === calls && (unreadBytes(this.#socket.fd) ?? 0) > 0) return;
    await whenReady(this.#socket.fd, "read");
    this.#left.read = calls;
  }

  /** Calls until it does not have to wait. */
  async #when(interest: Interest, call: () => number | "again"): Promise<number> {
    for (;;) {
      if (this.#left[interest]-- > 0) {
        const result = call();
        if (result !== "again") return result;
      }
      await whenReady(this.#socket.fd, interest);
      this.#left[interest] = calls;
    }
  }
}
