/**
 * One channel of a link as a session: the promise face of what the machine does.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Peer, Traits } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";
import { maximumDataBytes } from "../wire/link_frame.ts";
import type { LinkCode } from "../wire/link_code.ts";
import { overError, resetCodeOf, resetError } from "./link_errors.ts";
import { giveBack } from "./receive_queue.ts";
import type { LinkSession } from "./session.ts";
import type { ChannelKind } from "./session_events.ts";

/** What a channel needs of whoever drives its session. */
export interface ChannelOwner {
  readonly session: LinkSession;
  readonly context: Context;
  /** To be called after every call of the machine: it may have something to say or to tell. */
  stirred(): void;
  /** It was broken off on this side: the machine tells nothing of it any more. */
  abandoned(channel: LinkChannel): void;
}

const streamTraits: Traits = { messages: false, halfClose: true, resets: true };
const messageTraits: Traits = {
  messages: true,
  maximumMessage: maximumDataBytes,
  halfClose: true,
  resets: true,
};

/** What is thrown away in a piece, while a channel is closed. */
const discardBytes = 64 * 1024;

/** One end of a channel. */
export class LinkChannel implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  /** Number of the channel in its session. */
  readonly id: number;
  /**
   * Called once the peer or the end of the session breaks it. For who does not read or write it at
   * that time: what it is joined with may stand still for ever, and is to be let go then.
   */
  onBroken: ((error: NetError) => void) | undefined;
  /**
   * Called where the session ended before this side did, once all that the peer had sent was read:
   * nobody is left to take what comes from what it is joined with.
   */
  onOver: (() => void) | undefined;
  readonly #owner: ChannelOwner;
  /** Settles what waits for input, and for room; there is at most one of each. */
  #reader: PromiseWithResolvers<void> | undefined;
  #writer: PromiseWithResolvers<void> | undefined;
  /** True from "readable" until a read finds nothing. */
  #hasInput = false;
  #hasEnded = false;
  #hasFinished = false;
  /** The session ended before this side did. */
  #isCut = false;
  /** What reads and writes throw from now on. */
  #failure: NetError | undefined;

  constructor(owner: ChannelOwner, id: number, kind: ChannelKind, remote: Peer) {
    this.#owner = owner;
    this.id = id;
    this.local = { scheme: "link", text: `link:${id}` };
    this.remote = remote;
    this.traits = kind === "stream" ? streamTraits : messageTraits;
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#hasEnded) return null;
      const count = this.#hasInput ? this.#take(into) : undefined;
      if (count !== undefined) return count;
      await this.readable();
    }
  }

  #take(into: Uint8Array): number | null | undefined {
    return this.#found(this.#owner.session.read(this.id, into));
  }

  lend(): Uint8Array | null | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#hasEnded) return null;
    return this.#hasInput ? this.#found(this.#owner.session.lend(this.id)) : undefined;
  }

  giveBack(lent: Uint8Array): void {
    giveBack(lent);
  }

  #found<Input>(input: Input): Input {
    if (input === undefined) this.#hasInput = false;
    if (input === null) this.#hasEnded = true;
    this.#owner.stirred(); // the peer may be due credit for what was read
    return input;
  }

  readable(): Promise<void> {
    if (this.#hasInput || this.#hasEnded || this.#failure !== undefined) return Promise.resolve();
    return (this.#reader ??= Promise.withResolvers<void>()).promise;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let from = 0;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isCut) throw overError(this.remote.text);
      if (this.#hasFinished) throw this.#closed("this side said that it writes no more");
      const taken = this.#put(from === 0 ? chunk : chunk.subarray(from));
      from += taken ?? 0;
      const waits = taken === null || from < chunk.length;
      // Made before the machine is stirred: what is told then is not missed.
      const room = waits ? (this.#writer ??= Promise.withResolvers<void>()) : undefined;
      this.#owner.stirred();
      if (room === undefined) return;
      await room.promise;
    }
  }

  /** @returns bytes that were taken; null for a message that was not */
  #put(chunk: Uint8Array): number | null {
    const { session, context } = this.#owner;
    if (!this.traits.messages) return session.write(this.id, chunk);
    return session.send(this.id, chunk, context.clock.now()) ? chunk.length : null;
  }

  closeWrite(): Promise<void> {
    if (!this.#hasFinished && this.#failure === undefined) {
      this.#hasFinished = true;
      this.#owner.session.closeWrite(this.id);
      this.#owner.stirred();
    }
    return Promise.resolve();
  }

  abort(reason?: unknown): void {
    if (this.#failure !== undefined) return;
    const isOver = this.#hasEnded && this.#hasFinished;
    this.#break(this.#closed("the session was closed on this side", reason));
    if (isOver) return;
    this.#owner.session.reset(this.id, resetCodeOf(reason));
    this.#owner.abandoned(this);
    this.#owner.stirred();
  }

  /**
   * What was written still arrives, also later and on another carrier. What the peer still sends is
   * thrown away for as long as the limit `close-linger` says; then the channel is broken.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#failure !== undefined) return;
    await this.closeWrite();
    if (!this.#hasEnded) await this.#discard();
    this.#break(this.#closed("the session was closed on this side"));
  }

  async #discard(): Promise<void> {
    const { clock, limits } = this.#owner.context;
    const timer = TimerWheel.of(clock).timer(limits["close-linger"], () => this.abort());
    const nowhere = new Uint8Array(discardBytes);
    try {
      while (await this.read(nowhere) !== null);
    } catch {
      // Broken meanwhile, by the peer or by the timer: there is nothing left to close.
    } finally {
      timer.cancel();
    }
  }

  /** The machine says that there is something to read. */
  tellReadable(): void {
    this.#hasInput = true;
    this.#wake("reader");
  }

  /** The machine says that it takes more. */
  tellWritable(): void {
    this.#wake("writer");
  }

  /** The machine has forgotten the channel, after the end of both directions. */
  tellClosed(): void {
    this.#isCut = !this.#hasFinished && this.#failure === undefined;
    this.#hasEnded = this.#hasFinished = true;
    this.#wake("reader");
    this.#wake("writer");
    if (this.#isCut) this.onOver?.();
  }

  /** The peer has broken it. */
  tellReset(code: LinkCode): void {
    this.fail(resetError(this.remote.text, code));
  }

  /** Ends it here; the machine knows already, or is no more. Idempotent. */
  fail(error: NetError): void {
    if (this.#failure !== undefined) return;
    this.#break(error);
    this.onBroken?.(error);
  }

  #break(error: NetError): void {
    this.#failure ??= error;
    this.#wake("reader");
    this.#wake("writer");
  }

  #wake(who: "reader" | "writer"): void {
    if (who === "reader") {
      this.#reader?.resolve();
      this.#reader = undefined;
    } else {
      this.#writer?.resolve();
      this.#writer = undefined;
    }
  }

  #closed(message: string, cause?: unknown): NetError {
    const init = { kind: "aborted", op: "channel", address: this.remote.text, message } as const;
    return new NetError(cause === undefined ? init : { ...init, cause });
  }
}
