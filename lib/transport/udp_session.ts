/**
 * A UDP client: one peer, messages.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Datagram, Datagrams, Duplex, Peer, Traits } from "../core/contract.ts";
import { NetError } from "../core/error.ts";

/** A session with one peer over a datagram socket; owns the socket. */
export class UdpSession implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  readonly #socket: Datagrams;
  readonly #context: Context;
  #closed: { readonly reason: unknown } | undefined;
  #writeEnded = false;
  #dropped = 0;

  constructor(socket: Datagrams, remote: Peer, maximumMessage: number, context: Context) {
    this.#socket = socket;
    this.#context = context;
    this.local = socket.local;
    this.remote = remote;
    this.traits = { messages: true, maximumMessage, halfClose: false, endless: true };
  }

  /**
   * Datagrams from anyone but the peer are dropped, counted and said. The socket is not connected
   * in the kernel: it would drop them too, but then nobody could count them.
   */
  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      const datagram = await this.#receive(into);
      if (this.#closed !== undefined) throw this.#closedError("read");
      if (datagram !== null) return datagram.data.length;
    }
  }

  /** One datagram of the peer, or null for one that was dropped. */
  async #receive(into: Uint8Array): Promise<Datagram | null> {
    let from: string;
    try {
      const datagram = await this.#socket.receive(into);
      if (datagram === null || datagram.peer.text === this.remote.text) return datagram;
      from = datagram.peer.text;
    } catch (thrown) {
      // A stranger must not be able to break the session with a long datagram.
      const long = thrown instanceof NetError && thrown.kind === "too-large";
      if (!long || thrown.address === undefined || thrown.address === this.remote.text) {
        throw thrown;
      }
      from = thrown.address;
    }
    this.#dropped++;
    const text = `dropped a datagram from ${from}, which is not ${this.remote.text}`;
    const fields = { address: from, dropped: this.#dropped };
    this.#context.log.write("info", "dropped", text, fields);
    return null;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#closed !== undefined) throw this.#closedError("write");
    if (this.#writeEnded) {
      const message = "writing was ended on this side";
      throw new NetError({ kind: "broken", op: "write", address: this.remote.text, message });
    }
    await this.#socket.send({ data: chunk, peer: this.remote });
  }

  /** Ends writing here; a datagram peer is never told. */
  closeWrite(): Promise<void> {
    this.#writeEnded = true;
    return Promise.resolve();
  }

  abort(reason?: unknown): void {
    this.#closed ??= { reason };
    this.#socket.abort();
  }

  /** Datagrams from others so far. */
  dropped(): number {
    return this.#dropped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= { reason: undefined };
    await this.#socket[Symbol.asyncDispose]();
  }

  #closedError(op: string): NetError {
    const reason = this.#closed?.reason;
    return new NetError({
      kind: "aborted",
      op,
      address: this.remote.text,
      message: "the session was closed on this side",
      ...(reason === undefined ? {} : { cause: reason }),
    });
  }
}
