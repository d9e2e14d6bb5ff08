/**
 * A UDP client: one peer, messages.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Datagram, Datagrams, Duplex, Peer, Traits } from "../core/contract.ts";
import { closedHere, NetError } from "../core/error.ts";

/** How a client treats what comes. */
export interface UdpSessionOptions {
  /** Largest message that can be written, in bytes. */
  readonly maximumMessage: number;
  /** Whose answers count: "off" (default), the peer's alone; "take", anyone's; "follow": who answers first is the peer from then on. */
  readonly anyPeer?: "take" | "follow" | "off";
  /**
   * Goes on when the network says that a datagram was too long for the path: the kernel sends the
   * next one in fragments. Default false: `read` throws.
   */
  readonly survivesTooLong?: boolean;
  /** Text of the peer's name as its answers bear it, where that is another than the one it is reached by. */
  readonly signsAs?: string;
}

/** A session with one peer over a datagram socket; owns the socket. */
export class UdpSession implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  readonly #socket: Datagrams;
  readonly #context: Context;
  readonly #options: UdpSessionOptions;
  #closed: { readonly reason: unknown } | undefined;
  #writeEnded = false;
  #dropped = 0;
  /** Where messages go. */
  #target: Peer;
  #hasAnswer = false;
  /** Text of the sender of the last answer. */
  #from = "";

  constructor(socket: Datagrams, remote: Peer, context: Context, options: UdpSessionOptions) {
    this.#socket = socket;
    this.#context = context;
    this.#options = options;
    this.local = socket.local;
    this.remote = this.#target = remote;
    const { maximumMessage } = options;
    this.traits = { messages: true, maximumMessage, halfClose: false, endless: true };
  }

  /**
   * Datagrams from anyone but the peer are dropped, counted and said. The socket is not connected
   * in the kernel: it would drop them too, but then nobody could count them.
   *
   * @throws {NetError} kind "refused" or "unreachable" where the network said that of the peer
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
    try {
      const datagram = await this.#socket.receive(into);
      if (datagram === null || this.#accepts(datagram.peer)) return datagram;
      this.#drop(datagram.peer.text);
    } catch (thrown) {
      if (!(thrown instanceof NetError) || thrown.kind !== "too-large") throw thrown;
      this.#tooLong(thrown);
    }
    return null;
  }

  #accepts(peer: Peer): boolean {
    const { anyPeer = "off" } = this.#options;
    const isTarget = this.#isTarget(peer.text);
    const follows = anyPeer === "follow" && !this.#hasAnswer;
    if (!isTarget && anyPeer !== "take" && !follows) return false;
    this.#hasAnswer = true;
    if (follows) this.#target = peer;
    if (anyPeer !== "off" && peer.text !== this.#from) {
      this.#from = peer.text;
      // Not with -v alone: whoever asked for answers of others wants to know whose they are.
      this.#context.log.write("notice", "peer", `from ${peer.text}`, { address: peer.text });
    }
    return true;
  }

  #isTarget(text: string): boolean {
    return text === this.#target.text || text === this.#options.signsAs;
  }

  /** A stranger must not be able to break the session with a long datagram. */
  #tooLong(error: NetError): void {
    const { address = this.remote.text, code } = error;
    const isDelivery = code === "EMSGSIZE";
    if (isDelivery && this.#options.survivesTooLong) {
      const fields = { address, code };
      this.#context.log.write("warning", "lost", `${error.message}; it was lost`, fields);
    } else if (isDelivery || this.#isTarget(address) || this.#options.anyPeer === "take") {
      throw error;
    } else {
      this.#drop(address);
    }
  }

  #drop(from: string): void {
    this.#dropped++;
    const text = `dropped a datagram from ${from}, which is not ${this.#target.text}`;
    const fields = { address: from, dropped: this.#dropped };
    this.#context.log.write("info", "dropped", text, fields);
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#closed !== undefined) throw this.#closedError("write");
    if (this.#writeEnded) {
      const message = "writing was ended on this side";
      throw new NetError({ kind: "broken", op: "write", address: this.remote.text, message });
    }
    await this.#socket.send({ data: chunk, peer: this.#target });
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
    return closedHere("session", op, this.remote.text, this.#closed?.reason);
  }
}
