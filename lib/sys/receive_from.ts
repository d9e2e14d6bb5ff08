/**
 * One datagram with its sender.
 * @module
 */

import { MSG_DONTWAIT, MSG_TRUNC } from "./constants.ts";
import { EAGAIN, EINTR, errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import type { Again } from "./socket.ts";

/** Where recvfrom(2) writes the sender's raw sockaddr; made once, used for any number of calls. */
export class SenderName {
  /** sizeof(struct sockaddr_storage); valid up to `length`, until the next call. */
  readonly bytes = new Uint8Array(128);
  readonly #length = new Uint32Array(1);
  /** For the call itself. */
  readonly pointers = [
    Deno.UnsafePointer.of(this.bytes),
    Deno.UnsafePointer.of(this.#length),
  ] as const;

  /** Bytes of the name; 0 for a sender without one. */
  get length(): number {
    return this.#length[0] ?? 0;
  }

  /** Before each call: the kernel writes over it. */
  reset(): void {
    this.#length[0] = this.bytes.length;
  }
}

/**
 * Receives a datagram, if one is there.
 *
 * @returns its whole length: more than `into` holds where it was cut; "again" where there is none
 * @throws {NetError} with the system's code, also for what ICMP said of an earlier datagram
 */
export function receiveFrom(
  fd: number,
  into: Uint8Array<ArrayBuffer>,
  sender: SenderName,
): number | Again {
  const calls = libc();
  const [name, length] = sender.pointers;
  for (;;) {
    sender.reset();
    const flags = MSG_DONTWAIT | MSG_TRUNC;
    const count = calls.recvfrom(fd, into, into.length, flags, name, length);
    if (count >= 0) return count;
    const number = errno();
    if (number === EAGAIN) return "again";
    if (number !== EINTR) throw errnoError("receive", number);
  }
}
