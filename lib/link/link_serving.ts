/**
 * What a peer of a link has done here: targets that it wants opened, listeners that it wants held.
 * @module
 */

import { sleep } from "../core/clock.ts";
import { type Context, deriveContext } from "../core/context.ts";
import type { Duplex, Incoming, Listener, Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { reportThrown } from "../core/uncaught.ts";
import { TimerWheel } from "../core/wheel.ts";
import { joined } from "../stream/join.ts";
import { Relay } from "../stream/relay.ts";
import type { LinkCode } from "../wire/link_code.ts";
import { codeOf, stalledError } from "./link_errors.ts";
import type { LinkChannel } from "./link_channel.ts";
import type { LinkHandlers, LinkRequest } from "./link_options.ts";
import type { ChannelKind, SessionEvent } from "./session_events.ts";
import type { LinkSession } from "./session.ts";

/** What serving needs of whoever drives the session. */
export interface ServingOwner {
  readonly session: LinkSession;
  /** Aborted with the session: for what is being opened. */
  readonly context: Context;
  /** Not aborted then: what was joined ends with its channel, which may still be read. */
  readonly joinContext: Context;
  /** The other side of the carrier. */
  readonly peer: Peer;
  /** Who the client of the session says it is. */
  readonly identity: string;
  /** To be called after every call of the machine. */
  stirred(): void;
  /** Takes a channel that the peer has opened. */
  accept(channel: LinkChannel): void;
  /** Turns one down. */
  refuse(channel: LinkChannel, why: { readonly code: LinkCode; readonly text: string }): void;
  /** Opens a channel to the peer. */
  open(kind: ChannelKind, target: string, listener: number | null): Promise<LinkChannel>;
}

/** A channel and what it is joined with. */
interface Joined {
  readonly session: Relay;
  readonly end: Duplex;
  /** What the end had taken when it was looked at last. */
  seen: string;
}

/** A system without descriptors gets some back as sessions end. */
const exhaustedWaitMs = 100;

/** Serves one session's peer. */
export class LinkServing {
  readonly #owner: ServingOwner;
  readonly #handlers: LinkHandlers;
  readonly #listeners = new Map<number, Listener>();
  /** Those that are being opened, and are still wanted. */
  readonly #opening = new Set<number>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #joined = new Set<Joined>();
  #isDraining = false;

  constructor(owner: ServingOwner, handlers: LinkHandlers) {
    this.#owner = owner;
    this.#handlers = handlers;
  }

  /** The peer wants a channel to a target: opens that, and joins the two. */
  open(channel: LinkChannel, target: string, kind: ChannelKind): void {
    const { peer, identity } = this.#owner;
    this.#spawn(this.#open(channel, { target, kind, peer, identity }));
  }

  /** The peer wants a listener. */
  listen(event: Extract<SessionEvent, { kind: "listen" }>): void {
    this.#spawn(this.#listen(event));
  }

  /** The peer wants one no longer. */
  unlisten(id: number): void {
    const listener = this.#listeners.get(id);
    this.#listeners.delete(id);
    this.#opening.delete(id);
    if (listener !== undefined) this.#spawn(close(listener));
  }

  /** Opens nothing more, and closes every listener. What is joined goes on. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.end();
  }

  /** The session is over: closes every listener. What is joined ends with its channel. */
  async end(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    this.#opening.clear();
    await Promise.all(listeners.map(close));
  }

  /**
   * Settles once nothing of it runs any more. What the peer had sent may take as long as it moves; a
   * target that takes nothing of it for the limit `close-wait` is let go.
   */
  async settled(): Promise<void> {
    const { clock, limits } = this.#owner.joinContext;
    const waitMs = limits["close-wait"];
    const wheel = TimerWheel.of(clock);
    const look = () => {
      for (const one of this.#joined) {
        const taken = takenBy(one);
        if (one.seen === taken) one.end.abort(stalledError(waitMs));
        one.seen = taken;
      }
      timer = wheel.timer(waitMs, look);
    };
    for (const one of this.#joined) one.seen = takenBy(one);
    let timer = wheel.timer(waitMs, look);
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    timer.cancel();
  }

  /** None of the tasks rejects. */
  #spawn(task: Promise<void>): void {
    const running = task.finally(() => this.#tasks.delete(running));
    this.#tasks.add(running);
  }

  async #open(channel: LinkChannel, request: LinkRequest): Promise<void> {
    // A peer that opens and takes back, over and over, must not have more under way than channels.
    using opening = deriveContext(this.#owner.context);
    channel.onBroken = (error) => opening.abort(error);
    let end: Duplex;
    try {
      if (this.#isDraining) throw shuttingDown("open");
      if (this.#handlers.open === undefined) throw notPermitted("open");
      end = await this.#handlers.open(request, opening.context);
    } catch (thrown) {
      return this.#owner.refuse(channel, codeOf(thrown));
    } finally {
      channel.onBroken = undefined;
    }
    this.#owner.accept(channel);
    await this.#join(channel, end, request);
  }

  async #join(channel: LinkChannel, end: Duplex, request: LinkRequest): Promise<void> {
    const { joinContext } = this.#owner;
    channel.onBroken = (error) => end.abort(error);
    // What has messages at one end only is cut here, beside the socket that knows their size.
    const [a, b] = joined(channel, end, "chunk", joinContext.limits.line);
    const session = new Relay(a, b, joinContext, { peer: "a" });
    channel.onOver = () => session.stop("peer-end");
    const one: Joined = { session, end, seen: "" };
    this.#joined.add(one);
    const tally = await session.run();
    this.#joined.delete(one);
    reportThrown(() => this.#handlers.ended?.(request, tally));
  }

  async #listen({ listener: id, address }: Extract<SessionEvent, { kind: "listen" }>) {
    const { session, context, peer, identity } = this.#owner;
    let listener: Listener;
    try {
      if (this.#isDraining) throw shuttingDown("listen");
      if (this.#handlers.listen === undefined) throw notPermitted("listen");
      this.#opening.add(id);
      listener = await this.#handlers.listen({ target: address, peer, identity }, context);
    } catch (thrown) {
      this.#opening.delete(id);
      const { code, text } = codeOf(thrown);
      session.refuseListen(id, code, text);
      return this.#owner.stirred();
    }
    // Taken back, or everything is, while it was being opened.
    if (!this.#opening.delete(id)) {
      session.refuseListen(id, "unavailable", shuttingDown("listen").reason);
      this.#owner.stirred();
      return await close(listener);
    }
    this.#listeners.set(id, listener);
    session.listening(id, listener.local.text);
    this.#owner.stirred();
    await this.#acceptAll(id, listener);
  }

  async #acceptAll(id: number, listener: Listener): Promise<void> {
    const { context } = this.#owner;
    while (this.#listeners.get(id) === listener) {
      try {
        const incoming = await listener.accept();
        if (incoming === null) return;
        if (context.signal.aborted) incoming.reject();
        else this.#spawn(this.#pass(id, listener.local.text, incoming));
      } catch (thrown) {
        const kind = thrown instanceof NetError ? thrown.kind : "unexpected";
        if (kind === "exhausted") await sleep(context.clock, exhaustedWaitMs).catch(() => {});
        else if (kind !== "transient") return this.#lost(id, listener, thrown);
      }
    }
  }

  /** A connection that came in becomes a channel to the peer. */
  async #pass(
    id: number,
    target: string,
    incoming: Incoming,
  ): Promise<void> {
    const { context, peer, identity } = this.#owner;
    let channel: LinkChannel;
    let end: Duplex | undefined;
    let kind: ChannelKind = "stream";
    try {
      end = await incoming.settle(context);
      if (end.traits.messages) kind = "datagrams";
      channel = await this.#owner.open(kind, incoming.remote.text, id);
    } catch (thrown) {
      if (end === undefined) incoming.reject();
      else end.abort(thrown);
      context.log.write("info", "link", `${incoming.remote.text}: ${String(thrown)}`);
      return;
    }
    await this.#join(channel, end, { target, kind, peer, identity });
  }

  /** The listener itself has failed: the peer is told. */
  async #lost(id: number, listener: Listener, thrown: unknown): Promise<void> {
    if (this.#listeners.get(id) !== listener) return;
    this.#listeners.delete(id);
    await close(listener);
    const { code, text } = codeOf(thrown);
    this.#owner.session.refuseListen(id, code, text);
    this.#owner.stirred();
  }
}

/** Anything that changes while the end takes something: one write may be half a megabyte. */
function takenBy({ session, end }: Joined): string {
  return [session.aToB.bytes, end.handedOver?.(), end.unacknowledged?.()].join();
}

/** A listener that cannot be closed is no concern of the peer that asked for it. */
async function close(listener: Listener): Promise<void> {
  try {
    await listener[Symbol.asyncDispose]();
  } catch {
    // Closed as far as it goes: there is nobody left to tell.
  }
}

function shuttingDown(op: string): NetError {
  return new NetError({ kind: "unavailable", op, message: "the server is shutting down" });
}

function notPermitted(op: string): NetError {
  return new NetError({ kind: "permission", op, message: "nothing is permitted here" });
}
