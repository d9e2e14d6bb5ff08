/**
 * The processes or threads of a server: started, asked for signs of life, replaced, ended.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { NetError, toNetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";
import type { FarMessage, NearMessage } from "./control.ts";
import type { SessionFlows } from "./policy.ts";
import type { FarExit, FarLink } from "./far_link.ts";
import {
  Supervisor,
  type SupervisorInput,
  type SupervisorOptions,
  type SupervisorOutput,
} from "./supervisor.ts";

/** One that was started, and what it is told first. */
export interface Started {
  readonly link: FarLink;
  readonly greeting: NearMessage;
}

/** How a fleet is made. */
export interface FleetInit {
  /**
   * Starts one.
   *
   * @param starting how many others are not ready yet: they will still open what they need
   * @throws {NetError} where that is not possible now
   */
  start(starting: number): Started;
  readonly supervision?: SupervisorOptions;
}

/** What a fleet tells its server. */
export interface FleetEvents {
  /** A member is ready, or said something else. */
  heard(member: Member, message: FarMessage): void;
  /** A member has ended: what it served is lost. */
  left(member: Member, exit: FarExit): void;
  /** None could be started now; it is tried again. */
  startFailed(error: NetError): void;
  /** Nothing more is started: whatever is started dies at once. */
  gaveUp(error: NetError): void;
  /** Asked: how many sessions the whole server has open. */
  open(): number;
}

/** One process or thread. */
export class Member {
  readonly id: number;
  readonly link: FarLink;
  /** Sessions that it serves, or asks about: its key, and the session's id once it has one. */
  readonly sessions: Map<number, number | null> = new Map();
  /** What has passed in those that are open, by key, as it last said. */
  readonly flows: Map<number, SessionFlows> = new Map();
  isReady = false;
  hasPermit = false;
  /** It was told to end, or ends by itself after its session. */
  isLeaving = false;

  constructor(id: number, link: FarLink) {
    this.id = id;
    this.link = link;
  }
}

/** Keeps as many members alive as are wanted. */
export class Fleet {
  readonly #init: FleetInit;
  readonly #events: FleetEvents;
  readonly #context: Context;
  readonly #supervisor: Supervisor;
  readonly #members = new Map<number, Member>();
  readonly #emptied = Promise.withResolvers<void>();
  #lastId = 0;
  #isClosing = false;
  #timer: Timer | undefined;
  #hasSaidShortage = false;
  /** What was wrong with the last one that said so: the likely cause of a crash loop. */
  #lastError: NetError | undefined;

  /** Starts nothing before `want`. */
  constructor(init: FleetInit, events: FleetEvents, context: Context) {
    this.#init = init;
    this.#events = events;
    this.#context = context;
    this.#supervisor = new Supervisor(init.supervision);
  }

  /** Those that are alive. */
  members(): Iterable<Member> {
    return this.#members.values();
  }

  /** How many are alive. */
  get size(): number {
    return this.#members.size;
  }

  /** So many are to be there from now on; more than that are not ended. */
  want(count: number): void {
    if (!this.#isClosing) this.#step({ kind: "want", count });
  }

  /** A member has been of use: its end is no crash at the start any more. */
  used(member: Member): void {
    this.#step({ kind: "used", id: member.id });
  }

  /** Starts no more, and asks all to end when they have nothing to do. Idempotent. */
  close(): void {
    if (this.#isClosing) return;
    this.want(0);
    this.#isClosing = true;
    for (const member of this.#members.values()) {
      member.isLeaving = true;
      member.link.send({ type: "close" });
    }
    if (this.#members.size === 0) this.#emptied.resolve();
  }

  /** Says the same to all that are alive. */
  tell(message: NearMessage): void {
    for (const { link } of this.#members.values()) link.send(message);
  }

  /** Ends all that are still there. */
  kill(): void {
    for (const { link } of this.#members.values()) link.kill();
  }

  /** Resolves once it was closed and all have ended. */
  async ended(): Promise<void> {
    await this.#emptied.promise;
    this.#timer?.cancel();
  }

  #step(input: SupervisorInput): void {
    const orders: SupervisorOutput[] = [];
    const put = (order: SupervisorOutput) => orders.push(order);
    this.#supervisor.step(input, this.#context.clock.now(), { put });
    for (const order of orders) this.#obey(order);
    this.#setTimer();
  }

  #setTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { clock } = this.#context;
    const atMs = this.#supervisor.deadlineMs;
    if (atMs === null || (this.#isClosing && this.#members.size === 0)) return;
    this.#timer = TimerWheel.of(clock).timer(
      atMs - clock.now(),
      () => this.#step({ kind: "tick" }),
    );
  }

  #obey(order: SupervisorOutput): void {
    switch (order.kind) {
      case "start":
        return this.#start();
      case "ping":
        return this.#members.get(order.id)?.link.send({
          type: "ping",
          open: this.#events.open(),
        });
      case "kill": {
        const link = this.#members.get(order.id)?.link;
        if (link === undefined) return;
        const text = `${link.name} gives no sign of life: it is replaced`;
        this.#context.log.write("warning", "hang", text, { worker: link.name });
        return link.kill();
      }
      case "give-up":
        this.#events.gaveUp(this.#crashLoop(order.deaths));
    }
  }

  #start(): void {
    let started: Started;
    try {
      started = this.#init.start(this.#starting());
    } catch (thrown) {
      const error = toNetError(thrown, "start");
      this.#sayShortage(error);
      this.#events.startFailed(error);
      return this.#step({ kind: "start-failed" });
    }
    this.#hasSaidShortage = false;
    const { link, greeting } = started;
    const member = new Member(++this.#lastId, link);
    this.#members.set(member.id, member);
    link.send(greeting);
    void link.run((message) => this.#heard(member, message)).then((exit) => {
      this.#left(member, exit);
    });
    this.#step({ kind: "started", id: member.id });
  }

  #starting(): number {
    let count = 0;
    for (const member of this.#members.values()) if (!member.isReady) count++;
    return count;
  }

  #heard(member: Member, message: FarMessage): void {
    switch (message.type) {
      case "ready":
        member.isReady = true;
        this.#step({ kind: "ready", id: member.id });
        break;
      case "log": {
        const { level, event, text, fields } = message;
        this.#context.log.write(level, event, text, { ...fields, worker: member.link.name });
        return;
      }
      case "failed":
        this.#lastError = message.error;
        break;
    }
    this.#step({ kind: "alive", id: member.id });
    this.#events.heard(member, message);
  }

  #left(member: Member, exit: FarExit): void {
    this.#members.delete(member.id);
    member.isReady = false;
    if (exit.error !== undefined) this.#lastError = exit.error;
    if (!member.isLeaving) this.#sayDeath(member, exit);
    this.#events.left(member, exit);
    this.#step({ kind: "exited", id: member.id, expected: member.isLeaving });
    if (this.#isClosing && this.#members.size === 0) this.#emptied.resolve();
  }

  #sayDeath({ link }: Member, exit: FarExit): void {
    const text = `${link.name} ${howItEnded(exit)}: it is replaced`;
    const { child } = exit;
    this.#context.log.write("warning", "died", text, {
      worker: link.name,
      ...(child === undefined ? {} : { child }),
    });
  }

  /** Once for each shortage: it is tried again ten times a second. */
  #sayShortage(error: NetError): void {
    if (this.#hasSaidShortage) return;
    this.#hasSaidShortage = true;
    const text = `${error.message}; clients that find none are refused`;
    this.#context.log.write("warning", "shortage", text, { code: error.code ?? null });
  }

  #crashLoop(deaths: number): NetError {
    const last = this.#lastError === undefined ? "" : `: ${this.#lastError.message}`;
    return new NetError({
      kind: "unexpected",
      op: "serve",
      message: `crash loop: ${deaths} in a row ended right after their start${last}`,
      cause: this.#lastError,
    });
  }
}

/** `was ended by SIGKILL`, `ended with status 3`, or what it said. */
export function howItEnded({ child, error }: FarExit): string {
  if (error !== undefined) return `failed (${error.message})`;
  if (child === undefined) return "ended";
  return child.signal === null ? `ended with status ${child.code}` : `was ended by ${child.signal}`;
}
