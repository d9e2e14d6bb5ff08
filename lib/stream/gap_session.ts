/**
 * Datagram sockets -> one session that is read only: whatever comes, from whomever, with the
 * numbers of each sender watched.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Datagram, Datagrams, Duplex, Peer, Traits } from "../core/contract.ts";
import { closedHere, NetError, toNetError } from "../core/error.ts";
import { GapWatch, type SenderGaps, sequenceOf } from "./gaps.ts";

/** A number is looked for in so many bytes at the start of a message. */
const headBytes = 1024;

/** Any UDP datagram fits; those of Unix sockets may be larger, as they say. */
const usualBytes = 64 * 1024;

/** What a receive gave: null once the socket was closed. */
type Came = { readonly datagram: Datagram | null } | { readonly error: NetError };

/** One socket, whether a receive of it is under way, and what the last one gave. */
interface Source {
  readonly socket: Datagrams;
  readonly buffer: Uint8Array;
  isWaiting: boolean;
  came: Came | undefined;
}

/** Everything that comes in at some datagram sockets; owns them. */
export class GapSession implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  readonly #sources: readonly Source[];
  readonly #context: Context;
  /** By the sender's text; the least recently heard comes first, as a Map keeps its order. */
  readonly #senders = new Map<string, GapWatch>();
  readonly #decoder = new TextDecoder();
  #held: Datagram | undefined;
  #closed = false;
  #wake = () => {};

  /** @param sockets at least one */
  constructor(sockets: readonly Datagrams[], context: Context) {
    this.#sources = sockets.map((socket) => {
      const buffer = new Uint8Array(Math.max(usualBytes, socket.maximumMessage));
      return { socket, buffer, isWaiting: false, came: undefined };
    });
    const maximumMessage = Math.max(...this.#sources.map(({ buffer }) => buffer.length));
    this.traits = {
      messages: true,
      maximumMessage,
      halfClose: false,
      endless: true,
      readOnly: true,
    };
    const [first] = sockets;
    if (first === undefined) throw new RangeError("no socket to receive on");
    this.local = first.local;
    this.remote = { scheme: first.local.scheme, text: `senders to ${first.local.text}` };
    this.#context = context;
  }

  /** Waits for the first message; `read` gives it. @throws {NetError} as `read` */
  async first(): Promise<void> {
    this.#held ??= await this.#receive();
  }

  /**
   * Contract: `Duplex.read`.
   *
   * @throws {NetError} kind "too-large" for a message longer than `into`, "aborted" once closed
   */
  async read(into: Uint8Array): Promise<number | null> {
    const { data, peer } = this.#held ?? await this.#receive();
    this.#held = undefined;
    this.#watchOf(peer).take(sequenceOf(this.#decoder.decode(data.subarray(0, headBytes))));
    if (data.length > into.length) {
      const message =
        `a datagram of ${data.length} bytes came, at most ${into.length} are taken here`;
      throw this.#error("too-large", message);
    }
    into.set(data);
    return data.length;
  }

  /** What is known of each sender, the one heard last at the end. */
  *report(): Iterable<readonly [sender: string, gaps: SenderGaps]> {
    for (const [sender, watch] of this.#senders) yield [sender, watch.report()];
  }

  write(): Promise<void> {
    return Promise.reject(this.#error("broken", "many senders cannot be answered at once"));
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  abort(): void {
    this.#closed = true;
    for (const { socket } of this.#sources) socket.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const { socket } of this.#sources) await socket[Symbol.asyncDispose]();
  }

  async #receive(): Promise<Datagram> {
    for (;;) {
      const source = this.#sources.find(({ came }) => came !== undefined);
      if (source?.came !== undefined) return this.#take(source, source.came);
      for (const one of this.#sources) this.#wait(one);
      await new Promise<void>((wake) => this.#wake = wake);
    }
  }

  #take(source: Source, came: Came): Datagram {
    source.came = undefined;
    if ("error" in came) throw came.error;
    if (!this.#closed && came.datagram !== null) return came.datagram;
    throw closedHere("session", "listen", this.local.text);
  }

  /**
   * Receives at one of them. By a callback, and not as a race of all for each datagram: the receive
   * of a socket where nothing comes would keep whatever came at the others.
   */
  #wait(source: Source): void {
    if (source.isWaiting) return;
    source.isWaiting = true;
    const told = (came: Came) => {
      source.isWaiting = false;
      source.came = came;
      this.#wake();
    };
    const { socket, buffer } = source;
    socket.receive(buffer).then(
      (datagram) => told({ datagram }),
      (thrown) => told({ error: toNetError(thrown, "receive", socket.local.text) }),
    );
  }

  #watchOf({ text }: Peer): GapWatch {
    const sender = text === "" ? "senders without an address" : text;
    const watch = this.#senders.get(sender) ?? new GapWatch();
    this.#senders.delete(sender);
    this.#senders.set(sender, watch);
    if (this.#senders.size > this.#context.limits["gap-senders"]) this.#forgetOldest();
    return watch;
  }

  #forgetOldest(): void {
    for (const sender of this.#senders.keys()) {
      this.#senders.delete(sender);
      return;
    }
  }

  #error(kind: "too-large" | "broken", message: string): NetError {
    return new NetError({ kind, op: "listen", address: this.local.text, message });
  }
}
