/**
 * One peer of a datagram socket as a session of messages.
 * @module
 */

import type { Duplex, Peer, Traits } from "../core/contract.ts";
import { closedHere, NetError } from "../core/error.ts";

/** What a session needs from the socket that it shares with others. */
export interface SessionHost {
  readonly local: Peer;
  readonly maximumMessage: number;
  send(session: DatagramSession, data: Uint8Array): Promise<void>;
  /** `bytes` of the queues became free. */
  freed(bytes: number): void;
  /** The session is over: forget it. */
  forget(session: DatagramSession): void;
}

/** Memory that a queued datagram costs beyond its bytes; empty ones are not free either. */
const overhead = 64;

/** What a datagram counts for in a queue, in bytes. */
export function queueCost(data: Uint8Array): number {
  return data.length + overhead;
}

/** A session with one peer. The socket is not its own: closing it sends nothing. */
export class DatagramSession implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  /** Monotonic time of the last datagram either way, in milliseconds. */
  activeMs: number;
  readonly #host: SessionHost;
  readonly #queue: Uint8Array[] = [];
  #queued = 0;
  /** Set once it is over; what a read gives then. */
  #over: NetError | undefined;
  #writeEnded = false;
  #wake: (() => void) | undefined;
  #ready: Promise<void> | undefined;

  constructor(host: SessionHost, remote: Peer, nowMs: number) {
    this.#host = host;
    this.local = host.local;
    this.remote = remote;
    this.activeMs = nowMs;
    this.traits = {
      messages: true,
      maximumMessage: host.maximumMessage,
      halfClose: false,
      endless: true,
      // A sender without an address (an unbound Unix socket) can be heard, not answered.
      ...(remote.text === "" ? { readOnly: true } : {}),
    };
  }

  /** What its queue holds, as `queueCost` counts. */
  get queued(): number {
    return this.#queued;
  }

  /** Takes a datagram in; it is copied. */
  push(data: Uint8Array): void {
    this.#queue.push(data.slice());
    this.#queued += queueCost(data);
    this.#wake?.();
  }

  /** Ends it from the socket's side; reads give what is queued, and then fail. */
  end(why: NetError): void {
    if (this.#over !== undefined) return;
    this.#over = why;
    this.#host.forget(this);
    this.#wake?.();
  }

  readable(): Promise<void> {
    if (this.#queue.length > 0 || this.#over !== undefined) return Promise.resolve();
    return this.#ready ??= new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = this.#ready = undefined;
        resolve();
      };
    });
  }

  /**
   * Contract: `Duplex.read`. A message longer than `into` is lost.
   *
   * @throws {NetError} kind "idle" when the peer was silent for too long, "limit" when others
   * needed its place, "refused" where the network said so, "aborted" when it was closed here
   */
  async read(into: Uint8Array): Promise<number | null> {
    await this.readable();
    const data = this.#queue.shift();
    if (data === undefined) throw this.#over ?? this.#error("aborted", "the session is over");
    this.#queued -= queueCost(data);
    this.#host.freed(queueCost(data));
    if (data.length > into.length) {
      const message =
        `a datagram of ${data.length} bytes came, at most ${into.length} are taken here`;
      throw this.#error("too-large", message);
    }
    into.set(data);
    return data.length;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#over !== undefined) throw this.#over;
    if (this.#writeEnded) throw this.#error("broken", "writing was ended on this side");
    if (this.traits.readOnly) throw this.#error("broken", "the sender has no address");
    await this.#host.send(this, chunk);
  }

  /** Ends writing here; a datagram peer is never told. */
  closeWrite(): Promise<void> {
    this.#writeEnded = true;
    return Promise.resolve();
  }

  abort(): void {
    this.#host.freed(this.#queued);
    this.#queue.length = 0;
    this.#queued = 0;
    // Closed twice, as every session is that ended from the socket's side: an error is not made.
    if (this.#over !== undefined) return;
    this.end(closedHere("session", "datagram", this.remote.text));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    return Promise.resolve();
  }

  #error(kind: "aborted" | "too-large" | "broken", message: string): NetError {
    return new NetError({ kind, op: "datagram", address: this.remote.text, message });
  }
}
