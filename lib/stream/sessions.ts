/**
 * Datagrams -> Listener: makes sessions of the peers of a datagram socket.
 * @module
 */

import { sleep, type Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Datagram, Datagrams, Incoming, Listener, Peer } from "../core/contract.ts";
import { type ErrorKind, NetError, toNetError } from "../core/error.ts";
import { ReadyIncoming } from "../core/incoming.ts";
import type { LimitName } from "../core/limits.ts";
import { TimerWheel } from "../core/wheel.ts";
import { DatagramCount } from "./datagram_count.ts";
import { DatagramSession, queueCost, type SessionHost } from "./datagram_session.ts";
import { PeerRates } from "./peer_rate.ts";

/** Bounds of the sessions of one socket; what is missing comes from the limits of the context. */
export interface SessionsOptions {
  /** Ends a session that was silent for so long (ms), both ways; `datagram-idle`. */
  readonly idleMs?: number;
  /** Most sessions at a time; `datagram-sessions`. */
  readonly sessions?: number;
  /** Most sessions of one peer host; `datagram-sessions-per-peer`. */
  readonly perPeer?: number;
  /** Most datagrams a second that are taken of one host, the others are dropped; default: any. */
  readonly ratePerPeer?: number;
  /** Most bytes that wait in one session to be read; `datagram-queue`. */
  readonly queueBytes?: number;
  /**
   * What happens to a new peer when there is no room: true (default), the least recently used
   * session ends for it; false, its datagrams are dropped. `sessions: 1` with false is "the first
   * peer wins".
   */
  readonly replace?: boolean;
  /**
   * All senders without an address are one session (default false: one for each process, where the
   * kernel tells which). For who takes one session only and wants to hear them all.
   */
  readonly namelessAsOne?: boolean;
}

interface Entry {
  readonly session: DatagramSession;
  readonly idle: Timer;
}

/** While the system is out of memory for datagrams. */
const exhaustedPauseMs = 10;

class DatagramListener implements Listener, SessionHost {
  readonly datagrams = true;
  readonly local: Peer;
  readonly maximumMessage: number;
  readonly #socket: Datagrams;
  readonly #context: Context;
  readonly #bounds: Required<Omit<SessionsOptions, "ratePerPeer">>;
  /** What the caller says wins over the limit: raising that would change nothing. */
  readonly #isPerPeerGiven: boolean;
  readonly #rates: PeerRates | undefined;
  /** By `#keyOf` the peer; the least recently used comes first, as a Map keeps its order. */
  readonly #entries = new Map<string, Entry>();
  /** The sessions of each peer host, in the same order. */
  readonly #hosts = new Map<string, Set<DatagramSession>>();
  /** Sessions that nobody accepted yet. */
  readonly #pending = new Set<DatagramSession>();
  readonly #said = new Set<LimitName>();
  readonly #receiving: Promise<void>;
  #queued = 0;
  readonly #count = new DatagramCount();
  readonly #closing = new AbortController();
  #failure: NetError | undefined;
  #wake = () => {};

  constructor(socket: Datagrams, context: Context, options: SessionsOptions) {
    const { limits } = context;
    this.local = socket.local;
    this.maximumMessage = socket.maximumMessage;
    this.#socket = socket;
    this.#context = context;
    this.#bounds = {
      idleMs: options.idleMs ?? limits["datagram-idle"],
      sessions: options.sessions ?? limits["datagram-sessions"],
      perPeer: options.perPeer ?? limits["datagram-sessions-per-peer"],
      queueBytes: options.queueBytes ?? limits["datagram-queue"],
      replace: options.replace ?? true,
      namelessAsOne: options.namelessAsOne ?? false,
    };
    this.#isPerPeerGiven = options.perPeer !== undefined;
    const { ratePerPeer } = options;
    if (ratePerPeer !== undefined) {
      this.#rates = new PeerRates(ratePerPeer, limits["datagram-rate-hosts"]);
    }
    this.#receiving = this.#receiveAll();
  }

  async accept(): Promise<Incoming | null> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closing.signal.aborted) return null;
      const [session] = this.#pending;
      if (session !== undefined) {
        this.#pending.delete(session);
        return new ReadyIncoming(session);
      }
      await new Promise<void>((wake) => this.#wake = wake);
    }
  }

  dropped(): number {
    return this.#count.dropped;
  }

  async send(session: DatagramSession, data: Uint8Array): Promise<void> {
    await this.#socket.send({ data, peer: session.remote });
    this.#touch(session);
  }

  freed(bytes: number): void {
    this.#queued -= bytes;
  }

  forget(session: DatagramSession): void {
    // Nobody will read what it holds, nor close it: its part of the queues is given back here.
    if (this.#pending.delete(session)) session.abort();
    const { host } = session.remote;
    const key = this.#keyOf(session.remote);
    const entry = this.#entries.get(key);
    // Its peer may have come back meanwhile, as another session.
    if (entry?.session !== session) return;
    entry.idle.cancel();
    this.#entries.delete(key);
    if (host === undefined) return;
    const ofHost = this.#hosts.get(host);
    ofHost?.delete(session);
    if (ofHost?.size === 0) this.#hosts.delete(host);
  }

  /** Ends all sessions: unlike connections they have nothing of their own to live on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close("aborted", "the socket was closed on this side");
    await this.#socket[Symbol.asyncDispose]();
    await this.#receiving;
    this.#count.say(this.#context.log, this.local);
  }

  #close(kind: ErrorKind, message: string): void {
    this.#closing.abort();
    for (const { session } of this.#entries.values()) session.end(failure(session, kind, message));
    this.#wake();
  }

  async #receiveAll(): Promise<void> {
    const buffer = new Uint8Array(Math.max(64 * 1024, this.maximumMessage));
    while (!this.#closing.signal.aborted) {
      try {
        const datagram = await this.#socket.receive(buffer);
        if (datagram === null) return this.#close("aborted", "the socket was closed");
        if (!this.#closing.signal.aborted) this.#take(datagram);
      } catch (thrown) {
        await this.#failed(toNetError(thrown, "receive", this.local.text));
      }
    }
  }

  /** What goes wrong with one peer must not end the others. */
  async #failed(error: NetError): Promise<void> {
    switch (error.kind) {
      case "refused":
      case "unreachable":
        return this.#entries.get(error.address ?? "")?.session.end(error);
      case "too-large":
        this.#count.lose("too-large");
        return;
      case "transient":
        return;
      case "exhausted":
        // A wait that closing cuts short is what the loop looks at next.
        return await sleep(this.#context.clock, exhaustedPauseMs, this.#closing.signal)
          .catch(() => {});
      default:
        this.#failure = error;
        this.#close(error.kind, error.reason);
    }
  }

  #take({ data, peer }: Datagram): void {
    const { host } = peer;
    if (this.#rates !== undefined && host !== undefined) {
      const { clock } = this.#context;
      if (!this.#rates.take(host, clock.now())) return this.#count.lose("rate");
    }
    const session = this.#entries.get(this.#keyOf(peer))?.session ?? this.#open(peer);
    if (session === undefined) return this.#count.lose("full");
    this.#touch(session);
    const cost = queueCost(data);
    if (session.queued + cost > this.#bounds.queueBytes) return this.#drop("datagram-queue");
    const most = this.#context.limits["datagram-queues"];
    if (this.#queued + cost > most) return this.#drop("datagram-queues");
    this.#queued += cost;
    session.push(data);
  }

  /** The newest goes: what is queued already is older, and an answer to it may be under way. */
  #drop(limit: LimitName): void {
    this.#count.lose("queue");
    this.#sayLimit(limit, "datagrams that come before others are read are dropped");
  }

  #open(peer: Peer): DatagramSession | undefined {
    if (!this.#makeRoom(peer)) return undefined;
    this.#count.open();
    const { clock } = this.#context;
    const session = new DatagramSession(this, peer, clock.now());
    const { idleMs } = this.#bounds;
    const idle = TimerWheel.of(clock).watch(idleMs, {
      lastActivityMs: () => session.activeMs,
      expire: () => session.end(failure(session, "idle", `nothing moved for ${idleMs} ms`)),
    });
    this.#entries.set(this.#keyOf(peer), { session, idle });
    if (peer.host !== undefined) {
      const ofHost = this.#hosts.get(peer.host);
      if (ofHost === undefined) this.#hosts.set(peer.host, new Set([session]));
      else ofHost.add(session);
    }
    this.#pending.add(session);
    this.#wake();
    return session;
  }

  /** One host that uses too many ports ends sessions of its own, and not those of others. */
  #makeRoom(peer: Peer): boolean {
    const { perPeer, sessions } = this.#bounds;
    const ofHost = peer.host === undefined ? undefined : this.#hosts.get(peer.host);
    if (ofHost !== undefined && ofHost.size >= perPeer) {
      const [oldest] = ofHost;
      return this.#evict(oldest, "datagram-sessions-per-peer");
    }
    if (this.#entries.size < sessions) return true;
    const [oldest] = this.#entries.values();
    return this.#evict(oldest?.session, "datagram-sessions");
  }

  #evict(session: DatagramSession | undefined, limit: LimitName): boolean {
    const { replace } = this.#bounds;
    if (replace) this.#sayLimit(limit, "the least recently used ends");
    // It is the caller who takes so few: there is no limit to raise.
    else this.#sayOnce(limit, "taken by its first peer: datagrams of others are dropped");
    if (!replace || session === undefined) return false;
    this.#count.replace();
    session.end(failure(session, "limit", `its place was needed (limit ${limit})`));
    return true;
  }

  #touch(session: DatagramSession): void {
    session.activeMs = this.#context.clock.now();
    const { host } = session.remote;
    const key = this.#keyOf(session.remote);
    const entry = this.#entries.get(key);
    if (entry?.session !== session) return;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const ofHost = host === undefined ? undefined : this.#hosts.get(host);
    ofHost?.delete(session);
    ofHost?.add(session);
  }

  /** What tells sessions apart: the peer's address; of senders without one, the process. */
  #keyOf({ text, credentials }: Peer): string {
    if (text !== "" || credentials === undefined || this.#bounds.namelessAsOne) return text;
    return `pid ${credentials.pid}`;
  }

  #sayLimit(limit: LimitName, consequence: string): void {
    const ofCaller = limit === "datagram-sessions-per-peer" && this.#isPerPeerGiven;
    const raise = ofCaller ? "--max-per-peer N" : `--limit ${limit}=N`;
    this.#sayOnce(limit, `limit ${limit} reached: ${consequence}; raise it with ${raise}`);
  }

  #sayOnce(limit: LimitName, what: string): void {
    if (this.#said.has(limit)) return;
    this.#said.add(limit);
    const address = this.local.text;
    const text = `${address}: ${what}`;
    this.#context.log.write("warning", "limit", text, { limit, address });
  }
}

function failure(session: DatagramSession, kind: ErrorKind, message: string): NetError {
  return new NetError({ kind, op: "datagram", address: session.remote.text, message });
}

/**
 * Makes a listener of a datagram socket, and owns the socket: each peer that sends something
 * becomes a session of messages, until it is silent for too long or its place is needed. One of a
 * sender without an address can only be read; credentials are those of whoever opened the session.
 *
 * Sessions, their queues and the sessions of one host are bounded. Disposing the listener ends all
 * its sessions.
 *
 * @example
 * ```ts
 * import { makeContext, type Datagrams, sessionsOf } from "@plumb/plumb";
 *
 * async function greet(datagrams: Datagrams): Promise<void> {
 *   await using listener = sessionsOf(datagrams, makeContext(), { idleMs: 5_000 });
 *   const first = await listener.accept();
 *   const session = await first?.settle(makeContext());
 *   await session?.write(new TextEncoder().encode("hello"));
 * }
 * if (greet.length !== 1) throw new Error();
 * ```
 */
export function sessionsOf(
  datagrams: Datagrams,
  context: Context,
  options: SessionsOptions = {},
): Listener {
  return new DatagramListener(datagrams, context, options);
}
