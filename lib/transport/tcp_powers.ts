/**
 * What a TCP session can do with its descriptor.
 * @module
 */

import { unlinger } from "../sys/descriptor.ts";
import { resetNow } from "../sys/reset.ts";
import { hasLibc } from "../sys/libc.ts";
import { undeliveredBytes, unreadBytes, unsentBytes } from "../sys/queue.ts";
import { inetDescriptor } from "./inet_descriptor.ts";
import type { SocketPowers } from "./socket.ts";

/**
 * Looks for the descriptor on first use only: most sessions never need it, and the search costs a
 * system call for each open descriptor. It stays right while the session holds its socket open.
 */
export class TcpPowers implements SocketPowers {
  readonly resets = hasLibc();
  readonly #local: Deno.NetAddr;
  readonly #remote: Deno.NetAddr;
  #found: number | null | undefined;

  constructor(local: Deno.NetAddr, remote: Deno.NetAddr) {
    this.#local = local;
    this.#remote = remote;
  }

  reset(): void {
    const fd = this.#descriptor();
    if (fd !== null) resetNow(fd);
  }

  unacknowledged(): number | null {
    const fd = this.#descriptor();
    return fd === null ? null : undeliveredBytes(fd);
  }

  unsent(): number | null {
    const fd = this.#descriptor();
    return fd === null ? null : unsentBytes(fd);
  }

  unlinger(): void {
    const fd = this.#descriptor();
    if (fd !== null) unlinger(fd);
  }

  unread(): number | null {
    const fd = this.#descriptor();
    return fd === null ? null : unreadBytes(fd);
  }

  /** Null without FFI permission, and for a connection that the peer has reset already. */
  #descriptor(): number | null {
    if (this.#found === undefined) this.#found = inetDescriptor(this.#local, this.#remote);
    return this.#found;
  }
}
