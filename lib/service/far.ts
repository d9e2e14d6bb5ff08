/**
 * The far side of a server model: a process or a thread that accepts with the server's permission,
 * serves with the same handlers as the loop, and reports. All policy is the server's.
 * @module
 */

import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Incoming, Listener, Peer } from "../core/contract.ts";
import { toNetError } from "../core/error.ts";
import type { Log } from "../core/log.ts";
import type { Reason } from "../core/reason.ts";
import { Acceptor } from "./accept.ts";
import type { FarConnection, FarMessage, KeyedFlows, NearMessage } from "./control.ts";
import { Farewell } from "./farewell.ts";
import type { SessionHandler, SessionReport } from "./policy.ts";
import { SessionTask } from "./session_task.ts";

/** The far end of a control channel. */
export interface FarControl {
  /** Never throws: who cannot be told any more has gone, and `receive` says so. */
  send(message: FarMessage): void;
  /** The next message; null once the server has gone. @throws {NetError} kind "protocol" */
  receive(): Promise<NearMessage | null>;
}

/** A connection, and the place of the socket where it came in. */
export interface FarIncoming extends Incoming {
  readonly at: number;
  /** In a thread: what has to be closed should the thread be ended. */
  readonly connection?: FarConnection;
}

/** What a far side has made of its task. */
export interface FarWork extends AsyncDisposable {
  /** What its sessions run under. */
  readonly context: Context;
  /** Where it listens, in words; `accept` as a listener's. */
  readonly listener: AsyncDisposable & {
    readonly local: Peer;
    accept(): Promise<FarIncoming | null>;
  };
  /** The listening sockets, by place. */
  readonly locals: readonly Peer[];
  readonly handle: SessionHandler;
  /** Serves one session and ends. */
  readonly once: boolean;
  /** As in the accept policy. */
  readonly firstByteMs?: number;
  readonly busyMessage?: string;
  /** Connections of its sessions that are down and made anew are made now. */
  retry?(): void;
}

/** Makes ready what a task asks for. */
export type OpenWork = (
  start: Extract<NearMessage, { type: "start" }>,
  log: Log,
  /** Takes text for standard error (a hexdump). */
  say: (text: string) => void,
) => Promise<FarWork>;

/** How long sessions have to close in order once the server itself has gone. */
const orphanMs = 250;

/** Sessions in one message of flows: a message is bounded, sessions may be thousands. */
const mostFlows = 1_000;

/** Serves until the server says that it is over, or has gone. */
export async function serveFar(control: FarControl, open: OpenWork): Promise<number> {
  const first = await control.receive();
  if (first === null || first.type !== "start") return 0; // the server went before it began
  let work: FarWork;
  try {
    const say = (text: string) => control.send({ type: "text", text });
    work = await open(first, controlLog(control), say);
  } catch (thrown) {
    control.send({ type: "failed", error: toNetError(thrown, "serve") });
    return 1;
  }
  await using running = work;
  return await new Far(control, running).run();
}

/** What is said here is said by the server: one place decides what is shown, and how. */
export function controlLog(control: FarControl): Log {
  return {
    enabled: () => true,
    write(level, event, text, fields = {}) {
      const plain = Object.entries(fields).map(([name, value]) => [name, plainField(value)]);
      control.send({ type: "log", level, event, text, fields: Object.fromEntries(plain) });
    },
  };
}

/** An error travels as its words. */
function plainField(value: unknown): unknown {
  return value instanceof Error ? value.stack ?? value.message : value;
}

class Far {
  readonly #control: FarControl;
  readonly #work: FarWork;
  readonly #acceptor: Acceptor<FarIncoming>;
  readonly #farewell: Farewell;
  /** Accepted, and not decided about. */
  readonly #waiting = new Map<number, FarIncoming>();
  readonly #sessions = new Map<
    number,
    { readonly task: SessionTask; readonly run: Promise<void>; told: number }
  >();
  readonly #over = Promise.withResolvers<void>();
  #isOver = false;
  readonly #closing = new AbortController();
  /** One at a time: the server gives the next permit when it has heard what came of this one. */
  #accepting = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #hasStopped = false;
  #lastKey = 0;
  /** Sessions of the whole server, as it last said: a second old at most. */
  #open = 0;
  readonly #sessionsOpen = () => this.#open;
  #status = 0;

  constructor(control: FarControl, work: FarWork) {
    this.#control = control;
    this.#work = work;
    const context = { ...work.context, signal: this.#closing.signal };
    this.#acceptor = new Acceptor(work.listener, context);
    this.#farewell = new Farewell(work.busyMessage ?? "", work.context);
  }

  /** @returns the exit status of the process that this is */
  async run(): Promise<number> {
    this.#control.send({ type: "ready" });
    this.#listen().then(this.#over.resolve, this.#over.reject);
    await this.#over.promise;
    this.#isOver = true;
    await this.#close();
    return this.#status;
  }

  /**
   * Hears the server until it has gone. By itself, and not in a race against the end for each
   * message: what has been raced against keeps every message for as long as it is open itself.
   */
  async #listen(): Promise<void> {
    for (;;) {
      const message = await this.#control.receive();
      if (message === null || this.#isOver) return;
      this.#heard(message);
    }
  }

  #heard(message: NearMessage): void {
    switch (message.type) {
      case "permit":
        this.#accepting = this.#accept();
        break;
      case "serve":
        this.#open = message.open;
        this.#serve(message.key, message.id);
        break;
      case "refuse":
        this.#refuse(message.key, message.how);
        break;
      case "cut":
        this.#cut(message.reason);
        break;
      case "close":
        void this.#stopAccepting().then(() => this.#endIfDone());
        break;
      case "retry":
        this.#work.retry?.();
        break;
      case "ping":
        this.#open = message.open;
        this.#sayFlows();
        this.#control.send({ type: "pong" });
    }
  }

  async #accept(): Promise<void> {
    try {
      const incoming = await this.#acceptor.next();
      if (incoming === null) return;
      const key = ++this.#lastKey;
      this.#waiting.set(key, incoming);
      const { at, remote, connection } = incoming;
      this.#control.send({ type: "accepted", key, at, remote, ...(connection && { connection }) });
    } catch (thrown) {
      this.#control.send({ type: "failed", error: toNetError(thrown, "accept") });
      this.#status = 1;
      this.#over.resolve();
    }
  }

  #serve(key: number, id: number): void {
    const incoming = this.#take(key);
    if (incoming === undefined) return;
    const local = this.#work.locals[incoming.at] ?? this.#work.listener.local;
    const { context } = this.#work;
    const info = {
      id,
      listener: new NamedListener(local),
      draining: this.#closing.signal,
      sessions: this.#sessionsOpen,
    };
    const task = new SessionTask(incoming, info, context, this.#work);
    this.#sessions.set(key, { task, run: this.#run(key, task), told: 0 });
  }

  async #run(key: number, task: SessionTask): Promise<void> {
    const report: SessionReport = await task.run(this.#work.handle);
    this.#sessions.delete(key);
    this.#control.send({ type: "ended", key, report });
    if (!this.#work.once) return this.#endIfDone();
    // What the session's own child said is what this process says: shells do likewise.
    this.#status = report.child?.code ?? 0;
    this.#over.resolve();
  }

  /** For the live tally of the server, which sees none of the bytes. */
  #sayFlows(): void {
    let flows: KeyedFlows[] = [];
    for (const [key, session] of this.#sessions) {
      const { bytesIn, bytesOut } = session.task.flows;
      if (bytesIn + bytesOut === session.told) continue;
      session.told = bytesIn + bytesOut;
      flows.push({ key, bytesIn, bytesOut });
      if (flows.length < mostFlows) continue;
      this.#control.send({ type: "flows", flows });
      flows = [];
    }
    if (flows.length > 0) this.#control.send({ type: "flows", flows });
  }

  #refuse(key: number, how: "reset" | "busy"): void {
    const incoming = this.#take(key);
    if (incoming === undefined) return;
    if (how === "busy") this.#farewell.say(incoming);
    else incoming.reject();
    this.#endIfDone();
  }

  #take(key: number): FarIncoming | undefined {
    const incoming = this.#waiting.get(key);
    this.#waiting.delete(key);
    return incoming;
  }

  #cut(reason: Reason): void {
    for (const { task } of this.#sessions.values()) task.cut(reason);
  }

  /** Who was accepted just before is still told of, and served: nobody else will ever see it. */
  #stopAccepting(): Promise<void> {
    return this.#stopping ??= (async () => {
      this.#closing.abort();
      await this.#work.listener[Symbol.asyncDispose]();
      await this.#accepting;
      this.#hasStopped = true;
      this.#control.send({ type: "closed" });
    })();
  }

  #endIfDone(): void {
    const isIdle = this.#sessions.size === 0 && this.#waiting.size === 0;
    if (this.#hasStopped && isIdle) this.#over.resolve();
  }

  /** Also where the server was killed: nothing of it may stay behind. */
  async #close(): Promise<void> {
    await this.#stopAccepting();
    for (const incoming of this.#waiting.values()) incoming.reject();
    this.#cut("drain");
    const ended = Promise.all([...this.#sessions.values()].map(({ run }) => run));
    const finished = Promise.all([ended, this.#farewell.finish()]);
    const enough = new AbortController();
    await Promise.race([finished, sleep(this.#work.context.clock, orphanMs, enough.signal)]);
    enough.abort();
  }
}

/** Where a session came in, for handlers that ask: it accepts nothing. */
export class NamedListener implements Listener {
  readonly local: Peer;

  constructor(local: Peer) {
    this.local = local;
  }

  accept(): Promise<null> {
    return Promise.resolve(null);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** An incoming connection whose session is there already: nothing of it waits for a handshake. */
export function settled(
  session: Duplex,
  at: number,
  connection?: FarConnection,
): FarIncoming {
  return {
    at,
    ...(connection && { connection }),
    remote: session.remote,
    settle: () => Promise.resolve(session),
    reject: () => session.abort(),
  };
}
