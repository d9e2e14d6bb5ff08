/**
 * A session over a connected stream socket of the runtime (TCP, Unix).
 * @module
 */

import { type Clock, sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Peer, Traits } from "../core/contract.ts";
import { closedHere, NetError, systemCode, toNetError } from "../core/error.ts";
import type { Limits } from "../core/limits.ts";
import { cellBytes, giveCell, takeCell } from "./cells.ts";

/** What is used of a `Deno.Conn`. */
export interface StreamSocket {
  read(into: Uint8Array): Promise<number | null>;
  write(chunk: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  /** Waits for input without a buffer, where it can; rejects once it was closed. */
  ready?(): Promise<void>;
}

/** Powers over the descriptor, where the machine lets us have them (FFI). Neither throws. */
export interface SocketPowers {
  /** True where `reset` reaches the peer. */
  readonly resets: boolean;
  /** Sends a reset now; the socket is closed right after. */
  reset(): void;
  /** Bytes in the send queue that the peer has not acknowledged, or null where unknown. */
  unacknowledged(): number | null;
  /** Of those, bytes that were not sent yet, or null where unknown. */
  unsent?(): number | null;
  /** Bytes in the receive queue, or null where unknown. */
  unread?(): number | null;
  /** Switches SO_LINGER off: close would stop the whole runtime for as long as it lasts. */
  unlinger?(): void;
}

/** Names of a session's ends and what its socket can do. */
export interface SocketSessionInit {
  readonly local: Peer;
  readonly remote: Peer;
  /** Its clock and its limit `close-wait` bound an orderly close. */
  readonly context: Context;
  readonly powers?: SocketPowers;
  /** True where disposing is a reset too, not an orderly end. */
  readonly resetOnClose?: boolean;
  /** How long an orderly close waits (SO_LINGER), in place of the limit `close-wait`. */
  readonly lingerMs?: number;
}

const orderly: Traits = { messages: false, halfClose: true, resets: false };
const resetting: Traits = { ...orderly, resets: true };

/** A byte session over a stream socket; owns the socket. */
export class SocketSession implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  readonly #socket: StreamSocket;
  readonly #powers: SocketPowers | undefined;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #resetOnClose: boolean;
  readonly #lingerMs: number | undefined;
  /** Set by `abort` and by disposing: what waits ends, nothing more starts. */
  #closed: { readonly reason: unknown } | undefined;
  /** True once the runtime's socket was closed, which it wants to be only once. */
  #gone = false;
  #finished = false;
  #handedOver = 0;
  #halfClosed: Promise<void> | undefined;
  /** What broke reading; kept, because the kernel tells it once and says "end" after it. */
  #failure: NetError | undefined;
  /** A reset that a write was told: reads still give what came before it, and then this. */
  #writeReset: NetError | undefined;
  /**
   * The connection is no more: nothing of it is on its way, and there is nothing to reset. Not
   * asked of the kernel, where a search for the descriptor of a dead socket goes through all.
   */
  #isBroken = false;
  /** A read into a cell that is under way, and bytes of a finished one that nobody took yet. */
  #waiting: Promise<void> | undefined;
  #early: { readonly cell: Uint8Array<ArrayBuffer>; from: number; readonly to: number } | undefined;

  constructor(socket: StreamSocket, init: SocketSessionInit) {
    this.#socket = socket;
    this.local = init.local;
    this.remote = init.remote;
    this.#powers = init.powers;
    this.traits = init.powers?.resets ? resetting : orderly;
    // Not the context: it is often that of the opening alone, with a signal that nobody needs now.
    this.#clock = init.context.clock;
    this.#limits = init.context.limits;
    this.#resetOnClose = init.resetOnClose ?? false;
    this.#lingerMs = init.lingerMs;
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#waiting !== undefined) await this.#waiting;
    if (this.#closed !== undefined) throw this.#closedError("read");
    if (this.#early !== undefined) return await this.#readOn(into, this.#takeEarly(into));
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#finished) return null;
    if (into.length === 0) return 0;
    try {
      return this.#seen(await this.#socket.read(into));
    } catch (thrown) {
      throw this.#readFailed(thrown);
    }
  }

  /**
   * What came into the cell is only the beginning where more is queued: passed on by itself it
   * would be a small segment before each large one.
   */
  async #readOn(into: Uint8Array, taken: number): Promise<number> {
    // A cell that did not come full has taken all there was. Not asked then: the first question
    // looks for the descriptor, which costs a scan of all of them.
    const isFull = taken >= cellBytes && this.#early === undefined && taken < into.length;
    if (!isFull || !this.#powers?.unread?.()) return taken;
    try {
      return taken + (this.#seen(await this.#socket.read(into.subarray(taken))) ?? 0);
    } catch (thrown) {
      this.#readFailed(thrown);
      return taken;
    }
  }

  /** A read into a shared small cell: see cells.ts for what a waiting read costs. */
  readable(): Promise<void> {
    if (this.#waiting !== undefined) return this.#waiting;
    const known = this.#closed ?? this.#early ?? this.#failure;
    if (known !== undefined || this.#finished) return Promise.resolve();
    if (this.#socket.ready !== undefined) return this.#waiting = this.#waitReady();
    const cell = takeCell();
    this.#waiting = this.#socket.read(cell).then((count) => {
      this.#waiting = undefined;
      try {
        this.#seen(count);
      } catch (thrown) {
        this.#readFailed(thrown);
      }
      if (count === null || count === 0) giveCell(cell);
      else this.#early = { cell, from: 0, to: count };
    }, (thrown) => {
      this.#waiting = undefined;
      giveCell(cell);
      this.#readFailed(thrown);
    });
    return this.#waiting;
  }

  async #waitReady(): Promise<void> {
    // Closed meanwhile: whoever reads is told.
    await this.#socket.ready?.().catch(() => {});
    this.#waiting = undefined;
  }

  async write(chunk: Uint8Array): Promise<void> {
    let from = 0;
    while (from < chunk.length) {
      if (this.#closed !== undefined) throw this.#closedError("write");
      try {
        const taken = await this.#socket.write(from === 0 ? chunk : chunk.subarray(from));
        from += taken;
        this.#handedOver += taken;
      } catch (thrown) {
        throw this.#writeFailed(thrown);
      }
    }
    if (this.#closed !== undefined) throw this.#closedError("write");
  }

  closeWrite(): Promise<void> {
    if (this.#closed !== undefined) return Promise.resolve();
    return this.#halfClosed ??= this.#socket.closeWrite().catch((thrown) => {
      // A peer that reset the connection has ended this direction too; its reset is told by read.
      if (this.#closed !== undefined || systemCode(thrown) === "ENOTCONN") return;
      throw toNetError(thrown, "close", this.remote.text);
    });
  }

  abort(reason?: unknown): void {
    if (this.#gone) return;
    this.#closed ??= { reason };
    if (!this.#isBroken) this.#powers?.reset();
    this.#close();
  }

  unread(): number | null {
    if (this.#gone) return null;
    const queued = this.#powers?.unread?.() ?? null;
    return queued === null ? null : queued + (this.#early ? this.#early.to - this.#early.from : 0);
  }

  handedOver(): number {
    return this.#handedOver;
  }

  unacknowledged(): number | null {
    return this.#gone || this.#isBroken ? null : this.#powers?.unacknowledged() ?? null;
  }

  unsent(): number | null {
    return this.#gone || this.#isBroken ? null : this.#powers?.unsent?.() ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = { reason: undefined };
    if (this.#resetOnClose) this.#powers?.reset();
    else {
      // Who asked to linger waits for what was written, though the peer has ended already.
      const isWaitedFor = this.#lingerMs !== undefined || !this.#finished;
      if (isWaitedFor && this.#failure === undefined) await this.#settled();
      if (this.#lingerMs !== undefined) this.#powers?.unlinger?.();
    }
    this.#close();
    await this.#waiting;
  }

  #settled(): Promise<void> {
    return this.local.scheme === "unix" ? this.#emptied() : this.#delivered();
  }

  /**
   * Takes in what the peer has sent so far. The peer of a Unix socket that is closed with unread
   * input reads a reset where it should read the end (unix_release_sock); what was written to it
   * lies in its own queue already, so that nothing else waits.
   */
  async #emptied(): Promise<void> {
    const [clock, limits] = [this.#clock, this.#limits];
    const endMs = clock.now() + limits["close-wait"];
    let isMoving = true;
    this.#discardInput(() => isMoving = true);
    while (isMoving && clock.now() < endMs) {
      isMoving = false;
      await sleep(clock, 1);
    }
  }

  /**
   * Waits until the peer has what was written, throwing away what still comes from it: a socket
   * that is closed with unread input, or gets more after it, sends a reset (RFC 9293 3.10.7), and
   * that destroys what lies in its send queue. Where the queue cannot be seen nothing waits.
   */
  async #delivered(): Promise<void> {
    if (!this.unacknowledged()) return;
    const [clock, limits] = [this.#clock, this.#limits];
    const endMs = clock.now() + (this.#lingerMs ?? limits["close-wait"]);
    this.#halfClosed ??= this.#socket.closeWrite().catch(() => {});
    this.#discardInput();
    for (let waitMs = 1; this.unacknowledged() && clock.now() < endMs; waitMs *= 2) {
      await sleep(clock, Math.min(waitMs, 100));
    }
  }

  /** Reads into nothing until the peer's end or until the socket is closed. */
  async #discardInput(moved = () => {}): Promise<void> {
    const nowhere = new Uint8Array(16 * 1024);
    try {
      while (await this.#socket.read(nowhere) !== null) moved();
    } catch {
      // Closed by us, or reset by the peer: there is nothing left to deliver then.
    }
  }

  /** Pending reads and writes of the runtime's socket end with "operation canceled". */
  #close(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#socket.close();
    if (this.#early !== undefined) giveCell(this.#early.cell);
    this.#early = undefined;
  }

  #seen(count: number | null): number | null {
    if (count !== null) return count;
    if (this.#writeReset !== undefined) throw this.#writeReset;
    this.#finished = true;
    return null;
  }

  #takeEarly(into: Uint8Array): number {
    const early = this.#early;
    if (early === undefined) return 0;
    const count = Math.min(into.length, early.to - early.from);
    into.set(early.cell.subarray(early.from, early.from + count));
    early.from += count;
    if (early.from === early.to) {
      this.#early = undefined;
      giveCell(early.cell);
    }
    return count;
  }

  #readFailed(thrown: unknown): NetError {
    if (this.#closed !== undefined) return this.#closedError("read");
    const error = toNetError(thrown, "read", this.remote.text, "remote");
    if (error.kind === "reset") this.#isBroken = true;
    return this.#failure ??= error;
  }

  #writeFailed(thrown: unknown): NetError {
    if (this.#closed !== undefined) return this.#closedError("write");
    const error = toNetError(thrown, "write", this.remote.text, "remote");
    // The kernel tells a reset once, to whoever comes first; a later read would see an orderly end.
    if (error.kind === "reset") this.#writeReset ??= error;
    // EPIPE is what the peer's reset becomes after its end, or the answer to our own half-close.
    if (error.kind === "reset" || (error.kind === "broken" && this.#halfClosed === undefined)) {
      this.#isBroken = true;
    }
    return error;
  }

  #closedError(op: string): NetError {
    return closedHere("session", op, this.remote.text, this.#closed?.reason);
  }
}
