/**
 * The descriptor of one of the runtime's UDP sockets, with its error queue switched on.
 * @module
 */

import { AF_INET, AF_INET6 } from "../sys/constants.ts";
import { queueErrors } from "../sys/error_queue.ts";
import { type ErrorWatch, watchErrors } from "../sys/error_watch.ts";
import { inetDescriptor } from "./inet_descriptor.ts";

/** What is used of one of the runtime's sockets; `native_udp.ts` has another that fits. */
export interface DatagramSocket extends Pick<Deno.DatagramConn, "addr" | "send" | "close"> {
  /** One datagram, cut where it does not fit, and its sender. */
  receive(into: Uint8Array): Promise<[Uint8Array, Deno.Addr]>;
  /** Its descriptor, where that is known without a search. */
  readonly fd?: number;
  /** Closes; settles when nothing waits for it any more, where that takes a while. */
  closed?(): Promise<void>;
}

/**
 * Descriptors of sockets that are open: those of one group are bound to the same address, and only
 * by leaving these out is the one found that is meant.
 */
const claimed = new Set<number>();

/** Finds the descriptor of a socket that was just opened, and claims it until `release`. */
export class UdpDescriptor {
  /** Null without FFI permission: then ICMP errors stay unheard. */
  readonly fd: number | null;
  readonly #watch: ErrorWatch | undefined;
  #released: Promise<void> | undefined;

  /** @param onError called when something is in the error queue */
  constructor(socket: DatagramSocket, onError: () => void) {
    const addr = socket.addr as Deno.NetAddr;
    this.fd = socket.fd ?? inetDescriptor(addr, null, claimed);
    if (this.fd === null) return;
    claimed.add(this.fd);
    queueErrors(this.fd, addr.hostname.includes(":") ? AF_INET6 : AF_INET);
    this.#watch = watchErrors(this.fd, onError);
  }

  /** Call it before the socket is closed: the number is another's afterwards. Idempotent. */
  release(): Promise<void> {
    if (this.#released !== undefined) return this.#released;
    if (this.fd !== null) claimed.delete(this.fd);
    return this.#released = this.#watch?.close() ?? Promise.resolve();
  }
}
