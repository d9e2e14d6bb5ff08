/**
 * Drives one link session: its carriers, its timer, its channels, and what its peer has done here.
 * Both ends of a link are one of these, and what is around it: a client dials, a server waits.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import { type ChildContext, type Context, deriveContext, withSignal } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { NetError, quote, toNetError } from "../core/error.ts";
import type { Sink } from "../core/machine.ts";
import { TimerWheel } from "../core/wheel.ts";
import { codeOfFault, type LinkCode } from "../wire/link_code.ts";
import { type CarrierFlows, LinkCarrier } from "./link_carrier.ts";
import { type ChannelOwner, LinkChannel } from "./link_channel.ts";
import { refusedError, stalledError } from "./link_errors.ts";
import type { CarrierRecords } from "./link_handshake.ts";
import { RemoteListener } from "./link_listener.ts";
import type { LinkHandlers, LinkOptions } from "./link_options.ts";
import { LinkServing } from "./link_serving.ts";
import { LinkSession } from "./session.ts";
import type { ChannelKind, SessionEvent } from "./session_events.ts";
import { defaultLinkHeartbeat, type LinkRole } from "./session_options.ts";

/** Whom a runner tells. */
export interface RunnerUser {
  /** The peer's RESUME came: the carrier is in use. */
  attached(resent: number): void;
  /** The carrier is silent. */
  suspect(): void;
  /** The session is over: the peer said so, or broke the rules. Once, unless `end` came first. */
  over(code: LinkCode, error: NetError): void;
}

/** What a runner is made from. */
export interface RunnerSetup {
  readonly role: LinkRole;
  readonly options: LinkOptions;
  readonly handlers: LinkHandlers;
  readonly context: Context;
  readonly user: RunnerUser;
  /** Who the client of the session says it is. */
  readonly identity: string;
}

/** A listener that the peer was asked for. */
interface Asking {
  readonly address: string;
  readonly answer: PromiseWithResolvers<RemoteListener>;
}

/** How a carrier was. */
export interface CarrierEnd {
  /** What broke it; null where it was closed in order. */
  readonly error: NetError | null;
  readonly flows: CarrierFlows;
}

const nowhere: Peer = { scheme: "link", text: "" };

/** One session, from its first carrier to its end. */
export class LinkRunner implements ChannelOwner {
  readonly session: LinkSession;
  readonly identity: string;
  readonly #child: ChildContext;
  readonly #setup: RunnerSetup;
  readonly #serving: LinkServing;
  readonly #channels = new Map<number, LinkChannel>();
  readonly #opening = new Map<number, PromiseWithResolvers<void>>();
  /** Settles what waits until no channel is open. */
  #idle: PromiseWithResolvers<void> | undefined;
  readonly #asking = new Map<number, Asking>();
  readonly #listeners = new Map<number, RemoteListener>();
  #carrier: LinkCarrier | undefined;
  #peer: Peer = nowhere;
  #local: Peer = nowhere;
  #timer: Timer | undefined;
  #timerMs = Infinity;
  #farewell: Timer | undefined;
  #isTelling = false;
  #hasLeft = false;
  #failure: NetError | undefined;
  #ending: Promise<void> | undefined;

  constructor(setup: RunnerSetup) {
    const { role, options, context, identity } = setup;
    this.#setup = setup;
    this.identity = identity;
    this.#child = deriveContext(context);
    const { limits } = context;
    this.session = new LinkSession({ ...options, role, limits }, context.clock.now());
    this.#serving = new LinkServing(this, setup.handlers);
  }

  /** Aborted with the session. */
  get context(): Context {
    return this.#child.context;
  }

  /** The program's own. */
  get joinContext(): Context {
    return this.#setup.context;
  }

  /** The other side of the carrier, or of the last one. */
  get peer(): Peer {
    return this.#peer;
  }

  /** This side of it. */
  get local(): Peer {
    return this.#local;
  }

  /** True while there is a carrier. */
  get isCarried(): boolean {
    return this.#carrier !== undefined;
  }

  /** Channels that are open. */
  get channels(): number {
    return this.#channels.size;
  }

  /** Why it is over; undefined while it is not. */
  get failure(): NetError | undefined {
    return this.#failure;
  }

  /**
   * Goes on by this carrier, to the end of it; one that there is already is dropped. Owns it.
   *
   * @param first frames of its first record, where that was read already. Never rejects.
   */
  async carry(
    duplex: Duplex,
    records: CarrierRecords,
    first?: Uint8Array,
  ): Promise<CarrierEnd> {
    this.#carrier?.drop(replaced());
    const number = this.session.attach(this.#nowMs());
    const carrier = new LinkCarrier(duplex, records, {
      receive: (record) => this.#receive(number, record),
      received: () => {
        this.session.heard(number, this.#nowMs());
        this.stirred();
      },
      pull: (into) => this.session.pull(number, into, this.#nowMs()),
      pullRun: (most) => this.session.pullRun(number, most, this.#nowMs()),
    });
    this.#carrier = carrier;
    this.#peer = duplex.remote;
    this.#local = duplex.local;
    const running = carrier.run();
    if (first !== undefined) this.#receive(number, first);
    this.stirred();
    const error = await running;
    if (this.#carrier === carrier) {
      this.#carrier = undefined;
      this.#farewell?.cancel();
    }
    this.session.detach(number);
    this.stirred();
    return { error, flows: carrier.flows };
  }

  /** What the carrier has carried so far, live; undefined while there is none. */
  get flows(): Readonly<CarrierFlows> | undefined {
    return this.#carrier?.flows;
  }

  /** Drops the carrier that there is; the session goes on. */
  drop(error: NetError): void {
    this.#carrier?.drop(error);
  }

  #receive(carrier: number, record: Uint8Array): void {
    try {
      this.session.receive(carrier, record, this.#nowMs());
    } catch (thrown) {
      // On another carrier the same frames would only come again. The peer is told why.
      const error = toNetError(thrown, "link");
      this.#over(codeOfFault(error), error);
      this.#carrier?.close();
    }
  }

  stirred(): void {
    if (this.#isTelling) return; // whoever tells now goes on with what follows from it
    this.#isTelling = true;
    try {
      this.session.events(this.#sink);
      if (this.session.hasOutput) this.#carrier?.wake();
      // What was said may have ended a channel, which is told at once as well.
      this.session.events(this.#sink);
    } finally {
      this.#isTelling = false; // or the session would be deaf from then on
    }
    this.#arm();
  }

  #arm(): void {
    const { deadlineMs } = this.session;
    const atMs = this.#failure === undefined ? deadlineMs ?? Infinity : Infinity;
    // One that comes too early costs less than setting a timer for each batch.
    if (atMs >= this.#timerMs && atMs !== Infinity) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerMs = atMs;
    if (atMs === Infinity) return;
    const wheel = TimerWheel.of(this.#setup.context.clock);
    this.#timer = wheel.timer(atMs - this.#nowMs(), () => {
      this.#timerMs = Infinity;
      this.session.tick(this.#nowMs());
      this.stirred();
    });
  }

  #nowMs(): number {
    return this.#setup.context.clock.now();
  }

  readonly #sink: Sink<SessionEvent> = { put: (event) => this.#told(event) };

  #told(event: SessionEvent): void {
    switch (event.kind) {
      case "readable":
        return this.#channels.get(event.channel)?.tellReadable();
      case "writable":
        return this.#channels.get(event.channel)?.tellWritable();
      case "closed":
        this.#channels.get(event.channel)?.tellClosed();
        return void this.#forget(event.channel);
      case "reset":
        this.#channels.get(event.channel)?.tellReset(event.code);
        return void this.#forget(event.channel);
      case "opened":
        return this.#opening.get(event.channel)?.resolve();
      case "refused":
        return this.#refused(event.channel, event.code, event.text);
      case "incoming":
        return this.#incoming(event);
      case "listen":
        return this.#serving.listen(event);
      case "unlisten":
        return this.#serving.unlisten(event.listener);
      case "listening":
        return this.#listening(event.listener, event.address);
      case "listen-refused":
        return this.#listenRefused(event.listener, event.code, event.text);
      case "attached":
        return this.#setup.user.attached(event.resent);
      case "carrier-suspect":
        return this.#setup.user.suspect();
      case "carrier-dead":
        return this.#carrier?.drop(this.#dead());
      case "goodbye":
        // The answer to ours is no news.
        if (this.#hasLeft) return this.#over("done", closedHere());
        return this.#over(event.code, goodbyeError(event.code, event.text));
      case "over":
        return this.#carrier?.close();
    }
  }

  /** Opens a channel to a target of the peer, or to one of its listeners. */
  async open(
    kind: ChannelKind,
    target: string,
    listener: number | null = null,
    signal?: AbortSignal,
  ): Promise<LinkChannel> {
    if (this.#failure !== undefined) throw this.#failure;
    signal?.throwIfAborted();
    const id = this.session.open(kind, target, listener);
    const channel = new LinkChannel(this, id, kind, { scheme: "link", text: target });
    const opening = Promise.withResolvers<void>();
    this.#channels.set(id, channel);
    this.#opening.set(id, opening);
    this.stirred();
    try {
      await (signal === undefined ? opening.promise : withSignal(signal, opening.promise));
    } catch (thrown) {
      channel.abort(thrown);
      this.#forget(id);
      throw thrown;
    } finally {
      this.#opening.delete(id);
    }
    return channel;
  }

  #forget(id: number): boolean {
    const wasThere = this.#channels.delete(id);
    if (this.#channels.size === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
    return wasThere;
  }

  /** A channel was broken off here: nothing more is told of it. */
  abandoned(channel: LinkChannel): void {
    this.#forget(channel.id);
  }

  /** Opens and listens at nothing more for the peer. @returns once no channel is open any more */
  async drain(): Promise<void> {
    await this.#serving.drain();
    if (this.#channels.size > 0) await (this.#idle ??= Promise.withResolvers<void>()).promise;
  }

  #refused(id: number, code: LinkCode, text: string): void {
    const channel = this.#channels.get(id);
    if (channel === undefined) return;
    const error = refusedError("open", channel.remote.text, code, text);
    channel.fail(error);
    this.#forget(id);
    this.#opening.get(id)?.reject(error);
  }

  #incoming(event: Extract<SessionEvent, { kind: "incoming" }>): void {
    const { channel: id, channelKind: kind, target, listener } = event;
    // In the peer's words, and shown as it is.
    const channel = new LinkChannel(this, id, kind, { scheme: "link", text: quote(target) });
    this.#channels.set(id, channel);
    if (listener === null) return this.#serving.open(channel, target, kind);
    const wanted = this.#listeners.get(listener);
    if (wanted !== undefined) wanted.offer(channel);
    else this.refuse(channel, { code: "no-listener", text: "" });
  }

  /** Takes a channel that the peer has opened. */
  accept(channel: LinkChannel): void {
    if (!this.#channels.has(channel.id)) return; // broken meanwhile: who uses it is told
    this.session.accept(channel.id);
    this.stirred();
  }

  /** Turns one down. */
  refuse(channel: LinkChannel, why: { readonly code: LinkCode; readonly text: string }): void {
    if (!this.#forget(channel.id)) return;
    this.session.refuse(channel.id, why.code, why.text);
    this.stirred();
  }

  /** Has the peer listen. @throws {NetError} why it does not */
  listen(address: string): Promise<RemoteListener> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.session.listen(address);
    const answer = Promise.withResolvers<RemoteListener>();
    this.#asking.set(id, { address, answer });
    this.stirred();
    return answer.promise;
  }

  #listening(id: number, address: string): void {
    const asking = this.#asking.get(id);
    if (asking === undefined) return;
    this.#asking.delete(id);
    const scheme = address.split(":", 1)[0] ?? "";
    const listener = new RemoteListener(this, id, { scheme, text: quote(address) });
    this.#listeners.set(id, listener);
    asking.answer.resolve(listener);
  }

  #listenRefused(id: number, code: LinkCode, text: string): void {
    const asking = this.#asking.get(id);
    // Errors of listening name the endpoint; which side it is says the operation.
    const asked = asking?.address.replace(/^listen:/, "");
    const address = asked ?? this.#listeners.get(id)?.local.text ?? "";
    const error = refusedError("listen", address, code, text);
    asking?.answer.reject(error);
    this.#asking.delete(id);
    this.#listeners.get(id)?.end(error);
    this.#listeners.delete(id);
  }

  /** The listener is wanted no longer. */
  unlisten(id: number): void {
    if (!this.#listeners.delete(id)) return;
    this.session.unlisten(id);
    this.stirred();
  }

  #dead(): NetError {
    const { everyMs, misses, graceMs = 0 } = this.#setup.options.heartbeat ?? defaultLinkHeartbeat;
    return new NetError({
      kind: "dead",
      op: "link",
      address: this.#peer.text,
      message: `the peer gave no sign of life for ${(everyMs * misses + graceMs) / 1000} s`,
      blame: "remote",
    });
  }

  #over(code: LinkCode, error: NetError): void {
    if (this.#failure !== undefined) return;
    void this.end(error, "keep ended");
    this.#hurryFarewell();
    this.#setup.user.over(code, error);
  }

  /**
   * The heartbeat ends with the session. A peer that takes our last words no more, nor anything
   * else, would hold the carrier and its descriptor for ever.
   */
  #hurryFarewell(): void {
    const { clock, limits } = this.#setup.context;
    const waitMs = limits["close-wait"];
    this.#farewell?.cancel();
    this.#farewell = this.#carrier &&
      TimerWheel.of(clock).timer(waitMs, () => this.drop(stalledError(waitMs)));
  }

  /** Tells the peer that the session ends; what was written before still arrives. */
  goodbye(code: LinkCode, text: string): void {
    this.#hasLeft = true;
    this.session.goodbye(code, text);
    this.stirred();
  }

  /**
   * Ends everything of it here: channels and listeners with `error`, and what the peer has had
   * opened. The carrier stays, for what is still to be said. Idempotent, never rejects.
   *
   * @param ended what becomes of channels that the peer has ended and that were not read to their
   * end: after a goodbye that is still possible
   * @returns once every listener that the peer had here is closed
   */
  end(error: NetError, ended: "fail" | "keep ended" = "fail"): Promise<void> {
    return this.#ending ??= this.#end(error, ended === "keep ended");
  }

  async #end(error: NetError, keepsEnded: boolean): Promise<void> {
    this.#failure = error;
    this.#arm();
    for (const [id, channel] of this.#channels) {
      if (keepsEnded && this.session.inspect(id) !== null) continue;
      channel.fail(error);
      this.#forget(id);
    }
    for (const opening of this.#opening.values()) opening.reject(error);
    for (const asking of this.#asking.values()) asking.answer.reject(error);
    this.#asking.clear();
    for (const listener of this.#listeners.values()) listener.end(error);
    this.#listeners.clear();
    const closed = this.#serving.end();
    this.#child.abort(error);
    this.#child[Symbol.dispose]();
    await closed;
  }

  /** Settles once nothing that it has started runs any more; targets that stand still are let go. */
  settled(): Promise<void> {
    return this.#serving.settled();
  }
}

/** The session was ended by who uses it. */
export function closedHere(): NetError {
  const message = "the link was closed on this side";
  return new NetError({ kind: "aborted", op: "link", message });
}

function replaced(): NetError {
  const message = "the session goes on by another carrier";
  return new NetError({ kind: "aborted", op: "link", message, blame: "remote" });
}

/** What the peer's GOAWAY means here. */
function goodbyeError(code: LinkCode, text: string): NetError {
  const said = text === "" ? "" : `: ${quote(text)}`;
  const message = code === "taken-over"
    ? "another client of the same identity has taken over"
    : `the other side has ended the session (${code})${said}`;
  return new NetError({ kind: "broken", op: "link", message, blame: "remote" });
}
