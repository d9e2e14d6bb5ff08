/**
 * One channel of a link session: its state, and what it has to say.
 *
 * What the owner asks for (accept, refuse, reset, end) is kept as an intent; the state changes when
 * the frame is made, so that it is always what the peer will see, in the order in which it does.
 * @module
 */

import { NetError } from "../core/error.ts";
import { type LinkCode, linkCodeOf, linkFault } from "../wire/link_code.ts";
import { linkFrame, type LinkFrameView, messageCost } from "../wire/link_frame.ts";
import { type ChannelHost, channelOver, type HostedChannel, type Opening } from "./channel_host.ts";
import { ChannelInput } from "./channel_input.ts";
import { ChannelIntents } from "./channel_intents.ts";
import { ChannelOutput } from "./channel_output.ts";
import { afterReceived, afterSent, type ChannelState } from "./channel_states.ts";
import { ChannelTeller } from "./channel_teller.ts";
import { idFrame, type Refusal } from "./control_frames.ts";
import type { OutFrame } from "./frame_memory.ts";
import type { DataSource, Speaker } from "./outbox.ts";
import type { ChannelKind } from "./session_events.ts";

/** A channel. */
export class Channel implements Speaker, DataSource, HostedChannel {
  readonly id: number;
  readonly kind: ChannelKind;
  readonly input: ChannelInput;
  readonly output: ChannelOutput;
  isQueued = false;
  isOffered = false;
  isListed = false;
  readonly #host: ChannelHost;
  readonly #intents: ChannelIntents;
  readonly #expired: () => void;
  readonly #teller: ChannelTeller;
  #state: ChannelState;
  #hasReadEnd = false;

  /** @param opening what to ask the peer for; null where the peer has asked */
  constructor(host: ChannelHost, id: number, kind: ChannelKind, opening: Opening | null) {
    this.#host = host;
    this.id = id;
    this.kind = kind;
    this.#state = opening === null ? "offered" : "new";
    const { windowBytes, replayBytes, largeWriteBytes } = host.settings;
    this.input = new ChannelInput(kind === "datagrams", windowBytes, host.budget);
    this.output = new ChannelOutput(host.memory, replayBytes, largeWriteBytes);
    const { memory } = host;
    this.#intents = new ChannelIntents(id, opening, kind === "datagrams", this.input, memory);
    this.#expired = () => void host.tally.datagramsExpired++;
    this.#teller = new ChannelTeller(host.events, id);
    if (opening !== null) host.outbox.announce(this);
  }

  /** Where it stands, as the peer will see it. */
  get state(): ChannelState {
    return this.#state;
  }

  /** True once the owner may not use it any more. */
  get isAbandoned(): boolean {
    return this.#teller.isSilent;
  }

  get hasData(): boolean {
    const isOpen = this.#state === "open" || this.#state === "ended";
    return isOpen && this.#intents.resetCode === null &&
      (this.output.hasPending || this.#intents.wantsFin);
  }

  /** Takes the peer's offer. */
  accept(): void {
    if (this.#state !== "offered") return;
    this.#intents.isAccepted = true;
    this.#host.outbox.announce(this);
  }

  /** Turns the peer's offer down. */
  refuse(refusal: Refusal): void {
    if (this.#state !== "offered" || this.#intents.isAccepted) return this.reset(refusal.code);
    this.#teller.silence();
    this.#intents.refusal = refusal;
    this.#host.outbox.announce(this);
  }

  /** Bytes of a stream. @returns how many were taken */
  write(chunk: Uint8Array): number {
    this.#checkWrite("stream");
    const taken = this.output.write(this.id, chunk);
    this.#wrote();
    return taken;
  }

  /** A message. @returns false where there is no room */
  send(message: Uint8Array, nowMs: number): boolean {
    this.#checkWrite("datagrams");
    this.output.expire(nowMs, this.#expired);
    const expiresMs = nowMs + this.#host.settings.datagramExpiryMs;
    const isTaken = this.output.send(this.id, message, expiresMs);
    this.#wrote();
    return isTaken;
  }

  /** Nothing more will be written. Idempotent. */
  closeWrite(): void {
    this.#intents.wantsFin = true;
    if (this.hasData) this.#host.outbox.offer(this);
  }

  /** Ends both directions at once. Idempotent. */
  reset(code: LinkCode): void {
    if (this.isAbandoned) return;
    if (this.#state === "offered" && !this.#intents.isAccepted) {
      return this.refuse({ code, text: "" });
    }
    this.#abandon();
    if (this.#state === "new" || this.#state === "closed") return this.#close();
    this.#intents.resetCode = code;
    this.#host.outbox.announce(this);
  }

  /** Bytes or one message; null at the end; undefined where nothing is there. */
  read(into: Uint8Array): number | null | undefined {
    if (!this.input.hasData) return this.#foundEmpty();
    const length = this.input.read(into);
    this.#giveCredit();
    if (length <= into.length) return length;
    throw new NetError({
      kind: "too-large",
      op: "read",
      message: `a message of ${length} bytes does not fit into ${into.length}`,
      blame: "remote",
    });
  }

  /** As `read`, of a stream, in the memory in which it is. */
  lend(): Uint8Array | null | undefined {
    if (!this.input.hasData) return this.#foundEmpty();
    const bytes = this.input.lend();
    this.#giveCredit();
    return bytes;
  }

  #foundEmpty(): null | undefined {
    this.#teller.foundEmpty();
    if (!this.input.hasEnded) return undefined;
    this.#hasReadEnd = true;
    this.#closeIfDone();
    return null;
  }

  /** The session is over: nothing is said any more. What the peer has ended stays to be read. */
  cut(code: LinkCode): void {
    if (!this.input.hasEnded || this.isAbandoned) {
      this.#break(code);
      return this.#close();
    }
    this.#state = "closed";
    this.output.clear();
    this.#closeIfDone();
  }

  /** Messages that are too old give up their place. */
  expire(nowMs: number): void {
    const { credit } = this.output;
    this.output.expire(nowMs, this.#expired);
    if (this.output.credit > credit) this.tellWritable();
  }

  /** A write that took less may go on. Without credit it is told when that comes. */
  tellWritable(): void {
    if (!this.output.isBlocked || this.output.credit === 0 || this.isAbandoned) return;
    this.output.isBlocked = false;
    this.#teller.writable();
  }

  /** DATA or MESSAGE, the frames that there are most of. */
  receiveData(type: number, record: Uint8Array, start: number, end: number): void {
    if (type !== (this.kind === "stream" ? linkFrame.data : linkFrame.message)) {
      throw linkFault("illegal-frame", `channel ${this.id} is of ${this.kind}`);
    }
    if (this.#state !== "open") this.#enter(type);
    if (!this.isAbandoned) {
      this.input.take(record, start, end);
      return this.#teller.readable();
    }
    this.input.skip(this.kind === "stream" ? end - start : messageCost(end - start));
  }

  /** Any other frame about this channel. */
  receive(frame: LinkFrameView): void {
    const { type, amount } = frame;
    const wasClosed = this.#state === "closed";
    this.#enter(type);
    if (wasClosed) return;
    switch (type) {
      case linkFrame.opened:
        this.offer(amount);
        this.#teller.tell({ kind: "opened", channel: this.id });
        this.tellWritable();
        if (this.hasData) this.#host.outbox.offer(this);
        break;
      case linkFrame.refused: {
        const { text } = frame;
        this.#teller.tell({
          kind: "refused",
          channel: this.id,
          code: linkCodeOf(frame.code),
          text,
        });
        this.#abandon();
        break;
      }
      case linkFrame.skip:
        if (this.kind === "stream") throw linkFault("illegal-frame", "a skip in a stream");
        this.input.skip(amount);
        this.#host.tally.datagramsSkipped++;
        this.#giveCredit();
        break;
      case linkFrame.fin:
        this.input.hasEnded = true;
        this.#teller.readable();
        break;
      case linkFrame.reset:
        this.#break(linkCodeOf(frame.code));
        break;
      case linkFrame.credit:
        this.output.addCredit(amount);
        if (!this.isListed) this.tellWritable();
        break;
    }
    if (this.#state === "reset") this.#answerReset();
    this.#closeIfDone();
  }

  /** Credit that the peer begins with. */
  offer(credit: number): void {
    this.output.addCredit(credit);
  }

  speak(): OutFrame | null {
    const frame = this.#intents.next(this.#state);
    return frame === null ? null : this.#said(frame);
  }

  nextData(nowMs: number): OutFrame | null {
    if (!this.hasData) return null;
    const frame = this.output.take(nowMs, this.#expired);
    if (frame !== null) return this.#said(frame);
    return this.#intents.wantsFin
      ? this.#said(idFrame(this.#host.memory, linkFrame.fin, this.id))
      : null;
  }

  /** The state after a frame of the peer. @throws {NetError} code "illegal-frame" */
  #enter(type: number): void {
    const next = afterReceived(this.#state, type);
    if (next === undefined) {
      const message = `a frame of type ${type} while channel ${this.id} is ${this.#state}`;
      throw linkFault("illegal-frame", message);
    }
    this.#state = next;
  }

  #said(frame: OutFrame): OutFrame {
    const next = afterSent(this.#state, frame.type);
    if (next === undefined) throw new Error(`frame ${frame.type} in state ${this.#state}`);
    this.#state = next;
    if (frame.type === linkFrame.opened && this.hasData) this.#host.outbox.offer(this);
    if (next === "closed") this.#closeIfDone();
    return frame;
  }

  #wrote(): void {
    if (this.output.lacksMemory) this.#host.waits(this);
    if (!this.isOffered && this.hasData) this.#host.outbox.offer(this);
  }

  #giveCredit(): void {
    if (!this.isQueued && this.#intents.isCreditDue(this.#state)) this.#host.outbox.announce(this);
  }

  #checkWrite(kind: ChannelKind): void {
    if (kind !== this.kind) throw new TypeError(`channel ${this.id} is of ${this.kind}`);
    if (!this.isAbandoned && !this.#intents.wantsFin && this.#state !== "closed") return;
    throw channelOver("write", this.id);
  }

  /** The peer broke it off: the owner is told, and loses what it has not read. */
  #break(code: LinkCode): void {
    this.#teller.tell({ kind: "reset", channel: this.id, code });
    this.#abandon();
  }

  /** So that the peer knows where our direction ends. */
  #answerReset(): void {
    this.#intents.resetCode = "done";
    this.#host.outbox.announce(this);
  }

  #abandon(): void {
    this.#teller.silence();
    this.output.clear();
    this.input.clear();
  }

  #closeIfDone(): void {
    if (this.#state !== "closed" || !(this.isAbandoned || this.#hasReadEnd)) return;
    this.#teller.tell({ kind: "closed", channel: this.id });
    this.#close();
  }

  #close(): void {
    this.#state = "closed";
    this.#teller.silence();
    this.output.clear();
    this.input.release();
    this.#host.forget(this);
  }
}
