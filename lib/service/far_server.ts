/**
 * Listening sockets x fleet -> ServerTally: the server of the models whose sessions are served by
 * other processes or threads. It grants permits, asks the gate about each arrival, and counts; no
 * session's descriptor is held here, and no byte passes through.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { ChildStatus, Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { reasonOfSignal } from "../core/reason.ts";
import type { ServerTally } from "../core/tally.ts";
import { TimerWheel } from "../core/wheel.ts";
import type { FarMessage } from "./control.ts";
import type { FarExit } from "./far_link.ts";
import { Fleet, type FleetInit, howItEnded, type Member } from "./fleet.ts";
import { Gate } from "./gate.ts";
import { type AcceptPolicy, addFlows, type SessionReport } from "./policy.ts";
import type { PoolFigures } from "./pool.ts";

/** How sessions are spread over the members. */
export type FleetShape =
  /** So many long-lived ones, each with any number of sessions. */
  | { readonly kind: "fixed"; readonly count: number }
  /**
   * One session each: so many more than are busy are ready, at most `maximum` in all. `once`: each
   * is ended after its session.
   */
  | {
    readonly kind: "spare";
    readonly spare: number;
    readonly maximum: number;
    readonly once: boolean;
    /** The limit that bounds them, where descriptors do not before. */
    readonly limit: "processes" | "threads";
  };

/** What a `FarServer` is made of. */
export interface FarServerInit extends FleetInit {
  readonly shape: FleetShape;
  /** The listening sockets, by place. */
  readonly locals: readonly Peer[];
  /** Takes one client that waits and turns it away; null where none waits. */
  turnAway(): { readonly remote: Peer; readonly at: number } | null;
  /** Closes this process's own share of the listening sockets. Idempotent. */
  closeListeners(): Promise<void>;
  /** Text of a session for standard error (a hexdump). */
  text?(text: string): void;
}

/** How long members may take to end once every session was cut. */
const cutGraceMs = 2_000;

/** When a spare that is in use gets a successor: the first answer is mostly out by then. */
const replaceAfterMs = 5;

/** A server at work. */
export class FarServer {
  /** Who is let in: counts, open sessions, drain. */
  readonly gate: Gate;
  readonly #init: FarServerInit;
  readonly #policy: AcceptPolicy;
  readonly #context: Context;
  readonly #fleet: Fleet;
  readonly #closing: Promise<void>[] = [];
  #permits = 0;
  #wake = () => {};
  #failure: NetError | undefined;
  #killTimer: Timer | undefined;
  #fitTimer: Timer | undefined;
  #hasSaidFull = false;
  /** Reports of members that end after their session: said when it is known how they ended. */
  readonly #held = new Map<Member, { readonly id: number; readonly report: SessionReport }>();

  /** Nothing is started before `run`. */
  constructor(init: FarServerInit, policy: AcceptPolicy, context: Context) {
    this.gate = new Gate(policy, context);
    this.#init = init;
    this.#policy = policy;
    this.#context = context;
    this.#fleet = new Fleet(init, {
      heard: (member, message) => this.#heard(member, message),
      left: (member, exit) => this.#left(member, exit),
      startFailed: () => this.#turnAway(),
      open: () => this.gate.open,
      gaveUp: (error) => {
        this.#failure ??= error;
        this.gate.cut("error");
      },
    }, context);
  }

  /** What it has done so far; live. */
  tally(): ServerTally {
    const members = [...this.#fleet.members()];
    return addFlows(this.gate.tally(), members.flatMap(({ flows }) => [...flows.values()]));
  }

  /** Connections of its sessions that are down and made anew are made now. */
  retryNow(): void {
    this.#fleet.tell({ type: "retry" });
  }

  /** Sessions that are open now. */
  get open(): number {
    return this.gate.open;
  }

  /** How its processes or threads are doing; live. None of its sessions waits here. */
  get figures(): PoolFigures {
    let busy = 0;
    for (const { sessions } of this.#fleet.members()) if (sessions.size > 0) busy++;
    const { accepted } = this.gate.tally();
    return { alive: this.#fleet.size, busy, queued: 0, done: accepted - this.gate.open };
  }

  /**
   * Serves until it was told to stop and every session has ended. Call it once.
   *
   * @throws {NetError} a crash loop, or what ended a listener
   */
  async run(): Promise<ServerTally> {
    const { closing, cutting } = this.gate;
    const onClosing = () => this.#close();
    const onCutting = () => this.#cut();
    closing.addEventListener("abort", onClosing, { once: true });
    cutting.addEventListener("abort", onCutting, { once: true });
    try {
      this.#fit();
      if (closing.aborted) onClosing();
      if (cutting.aborted) onCutting();
      await this.#grantAll();
      await this.#fleet.ended();
    } finally {
      closing.removeEventListener("abort", onClosing);
      cutting.removeEventListener("abort", onCutting);
      this.#killTimer?.cancel();
      this.#fitTimer?.cancel();
      this.gate[Symbol.dispose]();
      await Promise.all(this.#closing);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.tally();
  }

  /** Grants permits for as long as anybody may be let in. */
  async #grantAll(): Promise<void> {
    while (await this.gate.ready()) {
      const member = this.#permits < this.#room() ? this.#idlest() : undefined;
      if (member === undefined) {
        await new Promise<void>((wake) => this.#wake = wake);
        continue;
      }
      member.hasPermit = true;
      this.#permits++;
      member.link.send({ type: "permit" });
    }
  }

  /** Permits that may be out: where the full wait in the backlog, never more than places. */
  #room(): number {
    const { busyMessage, whenFull } = this.#policy;
    const waits = busyMessage === undefined && whenFull !== "reset";
    return waits ? Math.max(1, this.gate.bound - this.gate.open) : Infinity;
  }

  /** The member with the fewest sessions among those that could accept. */
  #idlest(): Member | undefined {
    let best: Member | undefined;
    for (const member of this.#fleet.members()) {
      const { isReady, hasPermit, isLeaving, sessions } = member;
      if (!isReady || hasPermit || isLeaving) continue;
      if (this.#init.shape.kind === "spare" && sessions.size > 0) continue;
      if (best === undefined || sessions.size < best.sessions.size) best = member;
    }
    return best;
  }

  #heard(member: Member, message: FarMessage): void {
    switch (message.type) {
      case "accepted":
        this.#returnPermit(member);
        this.#fleet.used(member);
        member.sessions.set(message.key, null);
        this.#fitSoon();
        void this.#admit(member, message);
        break;
      case "ended":
        this.#ended(member, message.key, message.report);
        break;
      case "flows":
        for (const { key, bytesIn, bytesOut } of message.flows) {
          if (member.sessions.has(key)) member.flows.set(key, { bytesIn, bytesOut });
        }
        return;
      case "text":
        this.#init.text?.(message.text);
        break;
      case "failed":
        // A task that cannot be opened, or a listener that cannot accept, is the same for all.
        this.#failure ??= message.error;
        this.gate.cut("error");
    }
    this.#wake();
  }

  async #admit(
    member: Member,
    { key, at, remote }: Extract<FarMessage, { type: "accepted" }>,
  ): Promise<void> {
    const local = this.#init.locals[at];
    if (local === undefined) return member.link.kill();
    const admission = await this.gate.admit({ remote, local });
    if (admission.kind === "refuse") {
      member.link.send({ type: "refuse", key, how: admission.how });
      member.sessions.delete(key);
    } else if (!member.sessions.has(key)) {
      this.gate.ended(admission.id, lost(member, {}));
    } else {
      member.sessions.set(key, admission.id);
      const { once } = { once: false, ...this.#init.shape };
      if (once) member.isLeaving = true;
      member.link.send({ type: "serve", key, id: admission.id, open: this.gate.open });
    }
    this.#fitSoon();
    this.#wake();
  }

  #ended(member: Member, key: number, report: SessionReport): void {
    const id = member.sessions.get(key);
    if (id === undefined || id === null) return member.link.kill(); // it made that up
    const named = { ...report, worker: member.link.name };
    if (member.isLeaving && this.#init.shape.kind === "spare" && this.#init.shape.once) {
      this.#held.set(member, { id, report: named });
      return;
    }
    member.sessions.delete(key);
    member.flows.delete(key);
    this.gate.ended(id, named);
    this.#fit();
  }

  #left(member: Member, exit: FarExit): void {
    this.#returnPermit(member);
    const held = this.#held.get(member);
    this.#held.delete(member);
    const status = exit.child === undefined ? {} : { child: exit.child };
    if (held !== undefined) this.gate.ended(held.id, { ...held.report, ...status });
    for (const [key, id] of member.sessions) {
      if (id === null || id === held?.id) continue;
      this.gate.ended(id, { ...lost(member, exit), ...member.flows.get(key) });
    }
    member.sessions.clear();
    member.flows.clear();
    this.#fit();
    this.#wake();
  }

  #returnPermit(member: Member): void {
    if (!member.hasPermit) return;
    member.hasPermit = false;
    this.#permits--;
  }

  /**
   * As `fit`, once who came is being served: to start a process stops this thread for milliseconds,
   * and then competes with the session for a processor.
   */
  #fitSoon(): void {
    this.#fitTimer ??= TimerWheel.of(this.#context.clock).timer(replaceAfterMs, () => {
      this.#fitTimer = undefined;
      this.#fit();
    });
  }

  /** Wants as many members as the shape asks for now. */
  #fit(): void {
    const { shape } = this.#init;
    if (shape.kind === "fixed") return this.#fleet.want(shape.count);
    let busy = 0;
    for (const member of this.#fleet.members()) if (member.sessions.size > 0) busy++;
    this.#fleet.want(Math.min(busy + shape.spare, shape.maximum));
    const bound = this.#context.limits[shape.limit];
    if (busy >= bound) this.#sayFull(shape.limit, bound);
  }

  /** Said once: nobody accepts any more, and the gate, which has room, says nothing. */
  #sayFull(limit: "processes" | "threads", bound: number): void {
    if (this.#hasSaidFull) return;
    this.#hasSaidFull = true;
    const hint = `raise it with --limit ${limit}=N`;
    const text = `${bound} ${limit} reached: more wait in the backlog; ${hint}`;
    this.#context.log.write("warning", "limit", text, { limit, bound });
  }

  /** Who waits while nobody can be started would wait for nothing. */
  #turnAway(): void {
    for (const member of this.#fleet.members()) if (member.sessions.size === 0) return;
    const client = this.#init.turnAway();
    const local = client === null ? undefined : this.#init.locals[client.at];
    if (client === null || local === undefined) return;
    this.gate.turnedAway({ remote: client.remote, local }, "nobody could be started to serve it");
  }

  #close(): void {
    this.#fleet.close();
    this.#closing.push(this.#init.closeListeners());
    this.#wake();
  }

  #cut(): void {
    const reason = reasonOfSignal(this.gate.cutting);
    for (const { link } of this.#fleet.members()) link.send({ type: "cut", reason });
    const { clock } = this.#context;
    this.#killTimer = TimerWheel.of(clock).timer(cutGraceMs, () => this.#fleet.kill());
  }
}

/** The report of a session whose server has died. */
function lost({ link }: Member, exit: FarExit): SessionReport {
  const child: ChildStatus | undefined = exit.child;
  return {
    reason: "error",
    bytesIn: 0,
    bytesOut: 0,
    worker: link.name,
    error: new NetError({
      kind: "broken",
      op: "serve",
      address: link.name,
      message: `it ${howItEnded(exit)}`,
    }),
    ...(child === undefined ? {} : { child }),
  };
}
