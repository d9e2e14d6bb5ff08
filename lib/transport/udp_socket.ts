/**
 * A UDP socket with many peers.
 * @module
 */

import type { Datagram, Datagrams, Peer } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { BroadcastGuard } from "./broadcast.ts";
import { giveBuffer, takeBuffer } from "./datagram_buffers.ts";
import { inetPeer } from "./peer.ts";

/**
 * Longest payload: 65,535 bytes of an IPv4 packet less its header of 20 and UDP's of 8 (RFC 768);
 * over IPv6 the 40 bytes of its header do not count (RFC 8200 section 3).
 */
export const maximumPayload = { inet: 65_507, inet6: 65_527 } as const;

/** The bound on a payload to one host, which on a dual-stack socket depends on the host. */
export function maximumPayloadTo(host: string): number {
  return host.includes(":") ? maximumPayload.inet6 : maximumPayload.inet;
}

/** A datagram socket over one of the runtime's; owns it. */
export class UdpSocket implements Datagrams {
  readonly local: Peer;
  readonly maximumMessage: number;
  readonly #socket: Deno.DatagramConn;
  readonly #guard: BroadcastGuard;
  #closed = false;
  /** Most datagrams come from the peer of the last one: its `Peer` need not be made again. */
  #last: { readonly hostname: string; readonly peer: Peer } | undefined;

  constructor(socket: Deno.DatagramConn, guard: BroadcastGuard) {
    const { hostname, port } = socket.addr as Deno.NetAddr;
    this.local = inetPeer("udp", hostname, port);
    this.maximumMessage = maximumPayloadTo(this.local.host ?? "");
    this.#socket = socket;
    this.#guard = guard;
  }

  /**
   * Contract: `Datagrams.receive`.
   *
   * @throws {NetError} kind "too-large" for a datagram longer than `into`, which is lost then; the
   * socket stays usable
   */
  async receive(into: Uint8Array): Promise<Datagram | null> {
    if (this.#closed) return null;
    // The runtime cuts what does not fit and does not tell: only a buffer that fits all can know.
    const buffer = takeBuffer();
    try {
      const [data, from] = await this.#socket.receive(buffer);
      const peer = this.#peerOf(from as Deno.NetAddr);
      if (data.length > into.length) throw tooLong(peer, data.length, into.length);
      into.set(data);
      return { data: into.subarray(0, data.length), peer };
    } catch (thrown) {
      if (this.#closed) return null;
      throw toNetError(thrown, "receive", this.local.text, "remote");
    } finally {
      giveBuffer(buffer);
    }
  }

  /**
   * Contract: `Datagrams.send`.
   *
   * @throws {NetError} kind "usage" for a broadcast that was not asked for, "too-large" naming both
   * sizes, both before anything is sent; "aborted" once closed
   */
  async send({ data, peer }: Datagram): Promise<void> {
    const { host, port, text } = peer;
    if (this.#closed) throw closedError(text);
    if (host === undefined || port === undefined) {
      throw new NetError({ kind: "usage", op: "send", address: text, message: "no UDP address" });
    }
    this.#guard.check(host, text);
    const most = maximumPayloadTo(host);
    if (data.length > most) {
      const message = `${data.length} bytes do not fit in one datagram of at most ${most}`;
      throw new NetError({ kind: "too-large", op: "send", address: text, message });
    }
    try {
      await this.#socket.send(data, { transport: "udp", hostname: host, port });
    } catch (thrown) {
      if (this.#closed) throw closedError(text);
      throw toNetError(thrown, "send", text);
    }
  }

  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    // What was sent is the kernel's already: there is nothing to wait for.
    this.abort();
    return Promise.resolve();
  }

  #peerOf({ hostname, port }: Deno.NetAddr): Peer {
    if (this.#last?.hostname !== hostname || this.#last.peer.port !== port) {
      this.#last = { hostname, peer: inetPeer("udp", hostname, port) };
    }
    return this.#last.peer;
  }
}

function tooLong(peer: Peer, length: number, room: number): NetError {
  return new NetError({
    kind: "too-large",
    op: "receive",
    address: peer.text,
    message: `a datagram of ${length} bytes came, at most ${room} are taken here`,
    blame: "remote",
  });
}

function closedError(text: string): NetError {
  const message = "the socket was closed on this side";
  return new NetError({ kind: "aborted", op: "send", address: text, message });
}
