/**
 * A session with a heartbeat: what it is told is passed on, and a peer that gives no sign of life is
 * noticed.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { ChildStatus, Duplex, Peer, Traits } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import { EventStream } from "../core/event_stream.ts";
import { TimerWheel } from "../core/wheel.ts";
import { AckWatch } from "./ack_watch.ts";
import type { Detector, Verdict } from "./detector.ts";
import type { Dialect, DialectSink } from "./heartbeat_dialect.ts";
import { HeartbeatInbox } from "./heartbeat_inbox.ts";
import type { HeartbeatOptions } from "./heartbeat_options.ts";
import { HeartbeatReading, type ReadingEvents } from "./heartbeat_reading.ts";
import { closedHere, deadError, detectorOf, dialectOf, placed } from "./heartbeat_setup.ts";
import { HeartbeatWriter } from "./heartbeat_writer.ts";
import type { PingPongResult } from "./pingpong.ts";

/** What happens to a heartbeat. */
export type HeartbeatEvent =
  /** The peer is heard again after it was late. */
  | { readonly state: "alive"; readonly silentMs: number }
  /** No sign of life for longer than it should take. */
  | { readonly state: "suspect"; readonly silentMs: number }
  /** It is given up, and the session was aborted. The last event. */
  | { readonly state: "dead"; readonly silentMs: number; readonly error: NetError }
  /** An answer came (mode "pingpong"). */
  | { readonly state: "pong"; readonly result: PingPongResult };

/** A session with a heartbeat. */
export interface KeptAlive extends Duplex {
  /** What happens, for any number of readers; it ends with the session. */
  readonly events: AsyncIterable<HeartbeatEvent>;
}

/** Where the peer cannot be held back by credit, reading stops at so much that nobody has taken. */
const holdBytes = 64 * 1024;

/** A peer may ask to be told more often than this side wants to know; no more often than this. */
const leastBeatMs = 100;

/** Before a peer is given up, whatever has arrived in the meantime is read. */
const lastLookMs = 20;

/**
 * Puts a heartbeat around a session, which it owns from here on. Both sides of a framed one must do
 * so; a text one (`send`, `expect`) is for foreign peers.
 *
 * A dead peer's session is aborted: reads and writes throw kind "dead", what had arrived before is
 * still read. Any byte of the peer is a sign of life, and so is that its kernel acknowledges data
 * (`Duplex.unacknowledged`): a slow peer is not dead, one that reads and never answers is. Time in
 * which this process itself did not run is not held against the peer. While nobody reads here, or
 * after its end of input, the peer cannot be heard: then only what it does not acknowledge counts.
 *
 * A peer that does not speak the framed heartbeat ends the session with kind "protocol". Aborting
 * `context.signal` does nothing: who owns the session ends it.
 *
 * @example
 * ```ts
 * import { connect, keepAlive, makeContext } from "@plumb/plumb";
 *
 * const context = makeContext();
 * const peer = await connect("script:send=PONG%0ahello%0a&end");
 * const options = { everyMs: 5_000, misses: 3, mode: "heartbeat", expect: /^PONG/ } as const;
 * await using session = keepAlive(peer, options, context);
 * const buffer = new Uint8Array(64);
 * const count = await session.read(buffer); // the heartbeat is taken out of the data
 * if (count !== 6) throw new Error("not hello");
 * ```
 */
export function keepAlive(
  session: Duplex,
  options: HeartbeatOptions,
  context: Context,
): KeptAlive {
  return new KeptSession(session, options, context);
}

class KeptSession implements KeptAlive, DialectSink, ReadingEvents {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  readonly child?: Promise<ChildStatus | null>;
  readonly unacknowledged?: () => number | null;
  readonly #inner: Duplex;
  readonly #options: HeartbeatOptions;
  readonly #context: Context;
  readonly #dialect: Dialect;
  readonly #detector: Detector;
  readonly #acks = new AckWatch();
  readonly #writer: HeartbeatWriter;
  readonly #inbox: HeartbeatInbox;
  readonly #reading: HeartbeatReading;
  /** Made when something happens or somebody looks: most sessions have no events. */
  #events: EventStream<HeartbeatEvent> | undefined;
  #isWatched = false;
  #verdict: Verdict = "alive";
  #heardMs: number;
  #nextBeatMs: number;
  #timer: Timer | undefined;
  #armedMs = Infinity;
  /** The peer is overdue, and was given a last look. */
  #isLastLook = false;
  /** Reading waits until somebody takes what is there. */
  #isHeldBack = false;
  /** The session's own input is over. */
  #isDeaf = false;
  /** When the kernel was last asked for acknowledgements. */
  #askedMs = -Infinity;
  /** After so long a silence it is asked. */
  readonly #quietMs: number;
  /** How far the peer's kernel has acknowledged, heartbeats included. */
  #reached = 0;
  #hasPeerEnded = false;
  #isOver = false;
  #disposing: Promise<void> | undefined;

  constructor(inner: Duplex, options: HeartbeatOptions, context: Context) {
    const nowMs = context.clock.now();
    this.#inner = inner;
    this.#options = options;
    this.#context = context;
    this.local = inner.local;
    this.remote = inner.remote;
    this.#dialect = dialectOf(inner.traits, options, context);
    this.traits = this.#dialect.traits;
    if (inner.child !== undefined) this.child = inner.child;
    if (inner.unacknowledged) this.unacknowledged = () => this.#unacknowledged();
    this.#detector = detectorOf(options, nowMs);
    this.#inbox = new HeartbeatInbox(inner.traits.messages, inner.remote.text);
    this.#writer = new HeartbeatWriter(inner, this.#dialect, this.#acks, context.clock);
    this.#heardMs = nowMs;
    this.#nextBeatMs = this.#beatAfter(nowMs);
    // Twice at least before the peer counts as dead: only the second time shows progress.
    this.#quietMs = Math.min(1, options.misses / 2) * options.everyMs;
    const hello = this.#dialect.hello();
    if (hello !== null) this.#writer.say(hello);
    this.#arm(nowMs);
    this.#reading = new HeartbeatReading(inner, this);
    this.#reading.goOn();
  }

  get events(): AsyncIterable<HeartbeatEvent> {
    this.#isWatched = true;
    return this.#stream();
  }

  /** With what waits for credit: it is on its way, too. */
  #unacknowledged(): number | null {
    const sent = this.#inner.unacknowledged?.() ?? null;
    return sent === null ? null : sent + this.#writer.unwritten;
  }

  #stream(): EventStream<HeartbeatEvent> {
    if (this.#events === undefined) {
      this.#events = new EventStream(this.#context.limits["event-queue"]);
      if (this.#isOver) this.#events.end();
    }
    return this.#events;
  }

  async read(into: Uint8Array): Promise<number | null> {
    const count = await this.#inbox.read(into);
    if (count !== null && !this.#isOver) this.#consumed(count);
    return count;
  }

  #consumed(count: number): void {
    this.#dialect.consumed(count, this);
    if (!this.#isHeldBack || this.#inbox.size >= holdBytes) return;
    this.#isHeldBack = false;
    this.#reading.goOn();
  }

  readable(): Promise<void> {
    return this.#inbox.readable();
  }

  unread(): number {
    return this.#inbox.size;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#writer.write(chunk);
    if (!this.#isOver) this.#arm(this.#context.clock.now());
  }

  handedOver(): number {
    return this.#writer.handedOver;
  }

  async closeWrite(): Promise<void> {
    await this.#writer.closeWrite();
    await this.#endIfDone();
  }

  abort(reason?: unknown): void {
    if (this.#isOver) return;
    this.#over();
    this.#inner.abort(reason);
    this.#fail(closedHere(this.#inner, reason));
    this.#inbox.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposing ??= this.#dispose();
  }

  /** The peer is told of the end first. One that takes nothing is waited for as for any close. */
  async #dispose(): Promise<void> {
    const { clock, limits } = this.#context;
    this.#writer.dropData(closedHere(this.#inner, undefined));
    if (!this.#isOver && !this.#writer.isBroken) {
      const cut = () => this.#inner.abort();
      const timer = TimerWheel.of(clock).timer(limits["close-wait"], cut);
      await this.#writer.closeWrite().catch(() => {}); // what broke it was told to who wrote
      timer.cancel();
    }
    this.#over();
    this.#fail(closedHere(this.#inner, undefined));
    this.#inbox.clear();
    await this.#inner[Symbol.asyncDispose]();
  }

  /** ReadingEvents. */
  isFull(): boolean {
    return !this.#dialect.hasCredit && this.#inbox.size >= holdBytes;
  }

  /** ReadingEvents. */
  heldBack(): void {
    this.#isHeldBack = true;
    this.#arm(this.#context.clock.now());
  }

  /** ReadingEvents. */
  received(bytes: Uint8Array): void {
    const nowMs = this.#context.clock.now();
    this.#heard(nowMs);
    const everyMs = this.#dialect.peerEveryMs;
    this.#dialect.push(bytes, nowMs, this);
    if (this.#isOver) return;
    this.#writer.go(); // there may be credit now
    if (this.#dialect.peerEveryMs < everyMs) {
      this.#nextBeatMs = Math.min(this.#nextBeatMs, this.#beatAfter(nowMs));
    }
    this.#arm(nowMs);
  }

  /** ReadingEvents. */
  inputEnded(): void {
    this.#isDeaf = true;
    this.#dialect.finish(this);
  }

  /** ReadingEvents. */
  broke(thrown: unknown): void {
    if (this.#isOver) return;
    const { text } = this.remote;
    const error = placed(toNetError(thrown, "read", text, "remote"), text, this.#options.op);
    // After a reset there is nothing to abort; a peer that breaks the rules must hear of it.
    if (error.kind === "protocol") this.#inner.abort(error);
    this.#over();
    this.#fail(error);
  }

  /** DialectSink. */
  data(bytes: Uint8Array): void {
    this.#inbox.put(bytes);
  }

  /** DialectSink. */
  ended(): void {
    this.#hasPeerEnded = true;
    this.#inbox.end();
    this.#endIfDone().catch(() => {}); // how the session breaks after its end is told by nobody
  }

  /** DialectSink. */
  say(bytes: Uint8Array, isCredit?: boolean): void {
    this.#writer.say(bytes, isCredit);
  }

  /** DialectSink. */
  answered(roundTripMs: number, result?: PingPongResult): void {
    this.#detector.roundTrip?.(roundTripMs, this.#context.clock.now());
    if (result !== undefined && this.#isWatched) this.#stream().put({ state: "pong", result });
  }

  /** Both have said that they end: there is nothing left to be told, and nobody to be waited for. */
  async #endIfDone(): Promise<void> {
    if (!this.#writer.hasEnded || !this.#hasPeerEnded || this.#isOver) return;
    this.#over();
    await this.#inner.closeWrite();
  }

  #heard(nowMs: number): void {
    const silentMs = nowMs - this.#heardMs;
    this.#heardMs = nowMs;
    this.#isLastLook = false;
    this.#detector.heard(nowMs);
    if (this.#verdict !== "alive") this.#changed("alive", silentMs);
  }

  #changed(state: "alive" | "suspect", silentMs: number): void {
    this.#verdict = state;
    this.#stream().put({ state, silentMs });
    const seconds = (silentMs / 1000).toFixed(1);
    const words = state === "alive" ? "heard again after" : "no sign of life for";
    const fields = { address: this.remote.text, state, silentMs: Number(silentMs.toFixed(3)) };
    const text = `heartbeat ${this.remote.text}: ${words} ${seconds} s`;
    this.#context.log.write("info", "heartbeat", text, fields);
  }

  #beatEveryMs(): number {
    return Math.min(this.#options.everyMs, Math.max(this.#dialect.peerEveryMs, leastBeatMs));
  }

  /**
   * When the beat after one is due: an interval later, or a little sooner. Rounded down to a few
   * moments, which all sessions have in common: thousands of them wake this process fifty times in
   * an interval, and not thousands of times.
   */
  #beatAfter(beatMs: number): number {
    const everyMs = this.#beatEveryMs();
    const slotMs = everyMs / 50;
    return Math.max(Math.floor((beatMs + everyMs) / slotMs) * slotMs, beatMs + everyMs - slotMs);
  }

  /** Sees to it that the timer fires when something is due; one that is too early stays. */
  #arm(nowMs: number): void {
    const { everyMs } = this.#options;
    const asksMs = this.#asksKernel(nowMs)
      ? nowMs + everyMs / 4
      : this.#acks.isWaiting
      ? this.#heardMs + this.#quietMs
      : Infinity;
    const detectorMs = this.#isLastLook
      ? nowMs + lastLookMs
      : this.#detector.deadlineMs ?? Infinity;
    const lineMs = this.#dialect.deadlineMs ?? Infinity;
    const atMs = Math.min(this.#nextBeatMs, detectorMs, asksMs, lineMs);
    if (this.#isOver || atMs >= this.#armedMs) return;
    this.#timer?.cancel();
    this.#armedMs = atMs;
    this.#timer = TimerWheel.of(this.#context.clock).timer(atMs - nowMs, this.#tick);
  }

  readonly #tick = (): void => {
    const nowMs = this.#context.clock.now();
    const lateMs = nowMs - this.#armedMs;
    this.#timer = undefined;
    this.#armedMs = Infinity;
    // This process stood still (stopped, a machine asleep, a long computation): what the peer sent
    // meanwhile may still wait in the kernel.
    if (lateMs > this.#options.everyMs / 2) this.#detector.heard(nowMs);
    if (this.#asksKernel(nowMs)) this.#askKernel(nowMs);
    this.#look(nowMs);
    if (this.#isOver) return;
    this.#dialect.tick(nowMs, this);
    this.#beat(nowMs);
    this.#arm(nowMs);
  };

  #look(nowMs: number): void {
    const isDue = (this.#detector.deadlineMs ?? Infinity) <= nowMs;
    if (isDue && !this.#isLastLook) {
      this.#isLastLook = true;
      return;
    }
    if (isDue && this.#isLastLook && this.#inner.unread?.()) this.#heard(nowMs);
    this.#isLastLook = false;
    const verdict = this.#detector.verdict(nowMs);
    const silentMs = nowMs - this.#heardMs;
    if (verdict === "dead") return this.#die(silentMs);
    if (verdict === "suspect" && this.#verdict === "alive") this.#changed("suspect", silentMs);
    if (verdict !== "suspect" || !isDue) return;
    const question = this.#dialect.ask(nowMs);
    if (question !== null) this.#writer.say(question);
  }

  #die(silentMs: number): void {
    const error = deadError(this.#inner, this.#options, silentMs, this.#dialect.isSpoken);
    this.#inner.abort(error);
    this.#stream().put({ state: "dead", silentMs, error });
    this.#over();
    this.#fail(error);
  }

  #beat(nowMs: number): void {
    const everyMs = this.#beatEveryMs();
    if (this.#nextBeatMs <= nowMs) {
      const sinceData = nowMs - this.#writer.dataSentMs;
      if (this.#dialect.dataIsBeat && sinceData < everyMs && !this.#isPingPong()) {
        this.#nextBeatMs = this.#beatAfter(nowMs - sinceData);
      } else {
        this.#writer.beat();
        this.#nextBeatMs = this.#beatAfter(nowMs);
      }
    } else this.#writer.go(); // one may have waited for the end of a line
  }

  #isPingPong(): boolean {
    return this.#options.mode === "pingpong";
  }

  /** Not while the peer is heard anyway: finding the descriptor of a session is a long search. */
  #asksKernel(nowMs: number): boolean {
    if (this.#isHeldBack || this.#isDeaf) return true;
    return this.#acks.isWaiting && nowMs - this.#heardMs >= this.#quietMs;
  }

  #askKernel(nowMs: number): void {
    const inner = this.#inner;
    const unacknowledged = inner.unacknowledged?.() ?? null;
    const underway = Math.max(0, (inner.handedOver?.() ?? 0) - this.#acks.written);
    // Of what was acknowledged since long ago nobody knows when it was.
    const isRecent = nowMs - this.#askedMs <= this.#options.everyMs;
    this.#askedMs = nowMs;
    if (unacknowledged !== null && this.#acks.progress(unacknowledged, underway) && isRecent) {
      return this.#heard(nowMs);
    }
    if (!this.#isHeldBack && !this.#isDeaf) return;
    // It may speak, and nobody here listens. Then it is dead only where its kernel is silent about
    // what was sent to it; what it has no window for was not sent.
    const reached = this.#acks.written + underway - (unacknowledged ?? 0);
    const unsent = inner.unsent?.() ?? unacknowledged ?? 0;
    const isAnswered = reached > this.#reached || unsent >= (unacknowledged ?? 0);
    this.#reached = Math.max(this.#reached, reached);
    if (isAnswered) this.#heard(nowMs);
  }

  /** No more beats, no more questions; data that is there may still be read. */
  #over(): void {
    this.#isOver = true;
    this.#reading.stop();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#events?.end();
  }

  #fail(error: NetError): void {
    this.#inbox.fail(error);
    this.#writer.fail(error);
  }
}
