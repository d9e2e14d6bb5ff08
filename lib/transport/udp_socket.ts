/**
 * A UDP socket with many peers.
 *
 * The socket is one of the runtime's, which also does the waiting. Where its descriptor can be
 * had, datagrams that are there already are taken, and sent, by system calls of our own: half the
 * cost of the runtime's, and the only way to learn what ICMP says (error_queue.ts).
 * @module
 */

import type { Datagram, Datagrams, Peer } from "../core/contract.ts";
import { closedHere, NetError, systemCode, toNetError } from "../core/error.ts";
import { AF_INET, AF_INET6, SO_BROADCAST, SOL_SOCKET } from "../sys/constants.ts";
import { takeDeliveryError } from "../sys/error_queue.ts";
import { setOption } from "../sys/option.ts";
import { receiveFrom, SenderName } from "../sys/receive_from.ts";
import { sendTo } from "../sys/send_to.ts";
import { broadcastError, type BroadcastGuard } from "./broadcast.ts";
import { giveBuffer, takeBuffer } from "./datagram_buffers.ts";
import { type DatagramSocket, UdpDescriptor } from "./udp_descriptor.ts";
import { deliveryError, tooLong, tooLongForPath, tooLongToSend } from "./udp_error.ts";
import { UdpNames } from "./udp_names.ts";

/**
 * Longest payload: 65,535 bytes of an IPv4 packet less its header of 20 and UDP's of 8 (RFC 768);
 * over IPv6 the 40 bytes of its header do not count (RFC 8200 section 3).
 */
export const maximumPayload = { inet: 65_507, inet6: 65_527 } as const;

/** The bound on a payload to one host, which on a dual-stack socket depends on the host. */
export function maximumPayloadTo(host: string): number {
  return host.includes(":") ? maximumPayload.inet6 : maximumPayload.inet;
}

/** Datagrams in a row that are taken without a turn of the event loop: timers and signals wait. */
const burst = 64;

/** Errors that wait to be received; of more, the oldest are forgotten. */
const keptErrors = 64;

/** How often a send is tried again when errors of other datagrams come in its way. */
const sendAttempts = 8;

/** A `receive` that waits. */
interface Waiter {
  readonly into: Uint8Array;
  readonly resolve: (datagram: Datagram | null) => void;
  readonly reject: (error: NetError) => void;
}

/** A datagram socket over one of the runtime's; owns it. */
export class UdpSocket implements Datagrams {
  readonly local: Peer;
  readonly maximumMessage: number;
  readonly #socket: DatagramSocket;
  readonly #guard: BroadcastGuard;
  readonly #names: UdpNames;
  readonly #descriptor: UdpDescriptor;
  readonly #fd: number | null;
  readonly #waiters: Waiter[] = [];
  readonly #errors: NetError[] = [];
  #sender: SenderName | undefined;
  #inARow = 0;
  #waiting = false;
  /** What came for a `receive` that an error had ended meanwhile. */
  #held: Datagram | undefined;
  #closed = false;

  /** @param zone the interface of link-local peers, where it is known */
  constructor(socket: DatagramSocket, guard: BroadcastGuard, zone?: string) {
    const { hostname, port } = socket.addr as Deno.NetAddr;
    this.#names = new UdpNames(hostname.includes(":") ? AF_INET6 : AF_INET, zone);
    this.local = this.#names.peer(hostname, port);
    this.maximumMessage = maximumPayloadTo(this.local.host ?? "");
    this.#socket = socket;
    this.#guard = guard;
    this.#descriptor = new UdpDescriptor(socket, () => void this.#takeErrors());
    this.#fd = this.#descriptor.fd;
    // The kernel's own rule then; it knows more than the addresses of interfaces (routes).
    if (this.#fd !== null && !guard.allowed) setOption(this.#fd, SOL_SOCKET, SO_BROADCAST, 0);
  }

  /** Its descriptor, lent, or null where it cannot be known. */
  get descriptor(): number | null {
    return this.#fd;
  }

  /**
   * Contract: `Datagrams.receive`.
   *
   * @throws {NetError} kind "too-large" for a datagram longer than `into`, which is lost then;
   * "refused" or "unreachable" with the peer in `address` where ICMP said so of what was sent to
   * it, "too-large" where the path takes no packet of that size. The socket stays usable.
   */
  receive(into: Uint8Array): Promise<Datagram | null> {
    try {
      const datagram = this.#takeNow(into);
      if (datagram !== undefined) return Promise.resolve(datagram);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
    this.#inARow = 0;
    return new Promise((resolve, reject) => {
      this.#waiters.push({ into, resolve, reject });
      if (!this.#waiting) void this.#wait();
    });
  }

  /**
   * Contract: `Datagrams.send`.
   *
   * @throws {NetError} kind "usage" for a broadcast that was not asked for, "too-large" naming both
   * sizes, both before anything is sent; "aborted" once closed
   */
  async send({ data, peer }: Datagram): Promise<void> {
    const { host = "", port = 0, text } = peer;
    if (this.#closed) throw closedHere("socket", "send", text);
    if (this.#fd === null) this.#guard.check(host, text);
    const most = maximumPayloadTo(host);
    if (data.length > most) throw tooLongToSend(peer, data.length, most);
    const name = this.#names.nameOf(peer);
    if (this.#fd !== null && this.#sendNow(this.#fd, data, name, peer)) return;
    try {
      await this.#socket.send(data, { transport: "udp", hostname: host, port });
    } catch (thrown) {
      if (this.#closed) throw closedHere("socket", "send", text);
      throw toNetError(thrown, "send", text);
    }
  }

  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    void this.#descriptor.release();
    this.#socket.close();
    for (const { resolve } of this.#waiters.splice(0)) resolve(null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What was sent is the kernel's already: there is nothing to wait for.
    this.abort();
    await this.#descriptor.release();
    await this.#socket.closed?.();
  }

  /** What is there without waiting: undefined for nothing, null once closed. */
  #takeNow(into: Uint8Array): Datagram | null | undefined {
    if (this.#closed) return null;
    const error = this.#errors.shift();
    if (error !== undefined) throw error;
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      return placed(held, into);
    }
    // While the runtime's receive is under way, what comes first is its.
    if (this.#fd === null || this.#waiting || this.#inARow >= burst) return undefined;
    this.#sender ??= new SenderName();
    const length = this.#attempt(this.#fd, into, this.#sender);
    if (length === "again") return undefined;
    this.#inARow++;
    const peer = this.#names.peerOf(this.#sender.bytes, this.#sender.length);
    if (length > into.length) throw tooLong(peer, length, into.length);
    return { data: into.subarray(0, length), peer };
  }

  #attempt(fd: number, into: Uint8Array, sender: SenderName): number | "again" {
    // The contract's buffers are never of shared memory.
    const bytes = into as Uint8Array<ArrayBuffer>;
    try {
      return receiveFrom(fd, bytes, sender);
    } catch (thrown) {
      if (this.#takeErrors().count === 0) throw thrown;
      const error = this.#errors.shift();
      if (error !== undefined) throw error;
      return "again";
    }
  }

  /** One receive of the runtime at a time, as long as anybody waits. */
  async #wait(): Promise<void> {
    this.#waiting = true;
    // The runtime cuts what does not fit and does not tell: only a buffer that fits all can know.
    const buffer = takeBuffer();
    while (this.#waiters.length > 0) {
      try {
        const [data, from] = await this.#socket.receive(buffer);
        const { hostname, port } = from as Deno.NetAddr;
        this.#deliver({ data, peer: this.#names.peer(hostname, port) });
      } catch (thrown) {
        if (this.#closed) break;
        if (this.#takeErrors().count > 0) continue;
        const error = toNetError(thrown, "receive", this.local.text, "remote");
        this.#waiters.shift()?.reject(error);
      }
    }
    giveBuffer(buffer);
    this.#waiting = false;
  }

  #deliver(datagram: Datagram): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#held = { ...datagram, data: datagram.data.slice() };
      return;
    }
    try {
      waiter.resolve(placed(datagram, waiter.into));
    } catch (thrown) {
      waiter.reject(toNetError(thrown, "receive", datagram.peer.text));
    }
  }

  /** @returns false where there is no room: the runtime waits for it */
  #sendNow(fd: number, data: Uint8Array, name: Uint8Array, peer: Peer): boolean {
    for (let left = sendAttempts;; left--) {
      try {
        return sendTo(fd, data, name, peer.text) !== "again";
      } catch (thrown) {
        const { count, mtu } = this.#takeErrors();
        const code = systemCode(thrown);
        if (code === "EMSGSIZE") throw tooLongForPath(peer, data.length, mtu);
        if (code === "EACCES" && !this.#guard.allowed) throw broadcastError(peer.text); // send(2)
        // An error of an earlier datagram, perhaps to somebody else, fails the next call whatever
        // that is for (ip(7), IP_RECVERR). `receive` tells of it, and this one goes out now.
        if (count === 0 || left === 0) throw thrown;
      }
    }
  }

  /**
   * Empties the error queue and tells whoever receives. Never throws, as callers are in the middle of
   * something else: a queue that cannot be read is one more error to tell of.
   *
   * @returns how much was in it, and the packet size that this machine refused to exceed, if it did
   */
  #takeErrors(): { readonly count: number; readonly mtu: number | undefined } {
    let count = 0;
    let mtu: number | undefined;
    if (this.#fd === null || this.#closed) return { count, mtu };
    try {
      for (;; count++) {
        const error = takeDeliveryError(this.#fd);
        if (error === null) break;
        // What this machine refuses, `send` itself throws.
        if (error.local) mtu = error.mtu;
        else this.#tell(deliveryError(error, this.#names.destination(error.destination)));
      }
    } catch (thrown) {
      this.#tell(toNetError(thrown, "receive", this.local.text));
    }
    return { count, mtu };
  }

  #tell(error: NetError): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) return waiter.reject(error);
    if (this.#errors.push(error) > keptErrors) this.#errors.shift();
  }
}

/** A datagram of the runtime, in the caller's buffer. */
function placed({ data, peer }: Datagram, into: Uint8Array): Datagram {
  if (data.length > into.length) throw tooLong(peer, data.length, into.length);
  into.set(data);
  return { data: into.subarray(0, data.length), peer };
}
