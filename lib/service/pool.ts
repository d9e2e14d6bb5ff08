/**
 * An elastic pool of worker threads for tasks of any kind.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import { type Context, makeContext } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";
import { type ManagerInput, type ManagerOutput, PoolManager } from "./pool_manager.ts";
import { PoolThread } from "./pool_thread.ts";

/** How a pool behaves; everything has a default. */
export interface PoolOptions {
  /** Workers that are always there; default 1. */
  readonly minimum?: number;
  /** The most workers; default as many as the machine has processors, at least `minimum`. */
  readonly maximum?: number;
  /** Tasks that may wait for a worker; default 100. */
  readonly queue?: number;
  /** With a full queue, `run` waits for room, or throws; default "wait". */
  readonly whenFull?: "wait" | "throw";
  /** How often the manager looks whether to grow or to shrink (ms); default 10,000. */
  readonly checkMs?: number;
  /** So many workers it starts or ends at a time, and so many tasks must wait; default 10. */
  readonly step?: number;
  /** A task that takes longer (ms) is ended with its worker; default: without end. */
  readonly taskTimeoutMs?: number;
  /** A worker that answers nothing for so long (ms) is ended; default: however long it computes. */
  readonly hangMs?: number;
  /** How long a cancelled task may take to end before its worker is ended (ms); default 1,000. */
  readonly cancelMs?: number;
  /** Told once when workers end before they are ready, again and again: no task runs any more. */
  readonly failed?: (error: NetError) => void;
  /** Given to every task beside its value; structured-cloneable, sent once to each worker. */
  readonly setup?: unknown;
  /** The entry of workers, for programs that are bundled into one file; default: plumb's own. */
  readonly entry?: string | URL;
}

/** Settings of one task. */
export interface TaskOptions {
  /** Cancels the task: it is told, and `run` throws the reason once it has ended. */
  readonly signal?: AbortSignal;
  /** In place of the pool's `taskTimeoutMs` (ms). */
  readonly timeoutMs?: number;
  /** Hears what the task tells while it runs. */
  readonly heard?: (value: unknown) => void;
  /** Told once a worker has the task: its number, from 1 in all of the process. */
  readonly started?: (worker: number) => void;
}

/** How a pool is doing. */
export interface PoolFigures {
  /** Workers, those being started included. */
  readonly alive: number;
  /** Of those, at work. */
  readonly busy: number;
  /** Tasks that wait for a worker. */
  readonly queued: number;
  /** Tasks that are over, in whatever way. */
  readonly done: number;
}

interface Waiting {
  readonly value: unknown;
  readonly options: TaskOptions;
  readonly result: PromiseWithResolvers<unknown>;
  onAbort(): void;
}

const defaultQueue = 100;
/** So many workers in a row that end before they are ready are a crash loop. */
const mostEarlyDeaths = 5;
const defaultCancelMs = 1_000;

/**
 * Runs tasks in worker threads, one at a time in each: the default export of a module, called with
 * each task's value. A worker that throws outside of a task, hangs or exits is replaced; only the
 * task that it had is lost, and `run` says so. A worker that hangs in an endless loop is replaced as
 * well, but the runtime cannot end it: a program that has had one ends by `Deno.exit`.
 *
 * @example
 * ```ts
 * import { Pool } from "@plumb/plumb";
 *
 * const source = "export default (n) => n * n;";
 * await using pool = new Pool(`data:text/javascript,${source}`, { maximum: 2 });
 * if (await pool.run(12) !== 144) throw new Error("not squared");
 * ```
 */
export class Pool implements AsyncDisposable {
  readonly #module: string;
  readonly #options: PoolOptions;
  readonly #context: Context;
  readonly #manager: PoolManager;
  readonly #bound: number;
  readonly #threads = new Set<PoolThread>();
  readonly #queue: Waiting[] = [];
  readonly #roomWaiters = new Set<() => void>();
  #done = 0;
  #closing: Promise<void> | undefined;
  #settled = () => {};
  #timer: Timer | undefined;
  #earlyDeaths = 0;
  #failure: NetError | undefined;

  /**
   * Starts the first workers at once.
   *
   * @param module URL of a module whose default export is the task: `(value, { signal, tell })`
   * @throws {NetError} kind "usage" for numbers that make no pool
   */
  constructor(module: string | URL, options: PoolOptions = {}, context: Context = makeContext()) {
    const { minimum = 1, queue = defaultQueue, checkMs, step } = options;
    const { maximum = Math.max(minimum, navigator.hardwareConcurrency) } = options;
    if (![minimum, maximum, queue].every(isCount) || minimum > maximum) {
      throw usage(`no pool has ${minimum} to ${maximum} workers and a queue of ${queue}`);
    }
    if (!isCount(step ?? 1) || !((checkMs ?? 1) > 0)) {
      throw usage(`no manager looks every ${checkMs} ms and starts ${step} workers at a time`);
    }
    this.#module = String(module);
    this.#options = options;
    this.#context = context;
    this.#bound = queue;
    this.#manager = new PoolManager({
      minimum,
      maximum,
      ...(checkMs === undefined ? {} : { checkMs }),
      ...(step === undefined ? {} : { step }),
    });
    this.#step({ kind: "open" });
  }

  /** How it is doing; live. */
  get figures(): PoolFigures {
    const busy = this.#busy;
    return { alive: this.#manager.alive, busy, queued: this.#queue.length, done: this.#done };
  }

  /** True while no further task may wait. */
  get isFull(): boolean {
    return this.#queue.length >= this.#bound;
  }

  /** Resolves when a further task may wait, the pool was closed, or the signal aborted. */
  async room(signal?: AbortSignal): Promise<void> {
    while (this.isFull && this.#closing === undefined && signal?.aborted !== true) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => resolve();
      this.#roomWaiters.add(wake);
      signal?.addEventListener("abort", wake);
      await promise;
      signal?.removeEventListener("abort", wake);
      this.#roomWaiters.delete(wake);
    }
  }

  /**
   * Runs one task; settles when it has really ended.
   *
   * @param value given to the task, structured-cloneable
   * @returns what the task gave
   * @throws what the task threw; the signal's reason; {NetError} kind "timeout", "limit" with a full
   * queue, "broken" where its worker ended, "aborted" after `close`
   */
  async run(value: unknown, options: TaskOptions = {}): Promise<unknown> {
    options.signal?.throwIfAborted();
    // Again after each wait: others that waited may have taken the room.
    while (this.isFull && this.#closing === undefined) {
      if (this.#options.whenFull === "throw") throw fullError(this.#bound);
      await this.room(options.signal);
      options.signal?.throwIfAborted();
    }
    if (this.#closing !== undefined) throw closedError();
    if (this.#failure !== undefined) throw this.#failure;
    const result = Promise.withResolvers<unknown>();
    const waiting = { value, options, result, onAbort: () => this.#abandon(waiting) };
    options.signal?.addEventListener("abort", waiting.onAbort, { once: true });
    this.#queue.push(waiting);
    this.#dispatch();
    return await result.promise;
  }

  /**
   * Takes no more tasks; those that run go on to their end. Idempotent.
   *
   * @param queued whether tasks that wait are still run, or dropped; default "finish"
   */
  close(queued: "finish" | "drop" = "finish"): Promise<void> {
    if (queued === "drop") {
      for (const waiting of this.#queue.splice(0)) this.#settle(waiting, closedError());
    }
    this.#closing ??= this.#close();
    this.#wakeRoom();
    this.#dispatch();
    return this.#closing;
  }

  /** Drops what waits, and cancels what runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.close("drop");
    for (const thread of this.#threads) thread.cancel(new DOMException("closed", "AbortError"));
    await closed;
  }

  get #busy(): number {
    let busy = 0;
    for (const thread of this.#threads) if (thread.isBusy) busy++;
    return busy;
  }

  async #close(): Promise<void> {
    while (this.#queue.length > 0 || this.#busy > 0) {
      await new Promise<void>((settled) => this.#settled = settled);
    }
    this.#step({ kind: "close" });
    this.#timer?.cancel();
    for (const thread of this.#threads) {
      thread.end();
      this.#step({ kind: "ended", expected: true, wasReady: true });
    }
    this.#threads.clear();
  }

  /** A task that is cancelled while it waits never runs. */
  #abandon(waiting: Waiting): void {
    const at = this.#queue.indexOf(waiting);
    if (at < 0) return;
    this.#queue.splice(at, 1);
    this.#settle(waiting, waiting.options.signal?.reason);
  }

  #settle({ result, options, onAbort }: Waiting, thrown: unknown): void {
    options.signal?.removeEventListener("abort", onAbort);
    this.#done++;
    result.reject(thrown);
    this.#changed();
  }

  /** Gives tasks that wait to workers that have nothing to do. */
  #dispatch(): void {
    for (const thread of this.#threads) {
      if (this.#queue.length === 0) break;
      const waiting = thread.isIdle ? this.#queue.shift() : undefined;
      if (waiting !== undefined) this.#give(thread, waiting);
    }
    this.#changed();
  }

  #give(thread: PoolThread, { value, options, result, onAbort }: Waiting): void {
    options.signal?.removeEventListener("abort", onAbort);
    const { taskTimeoutMs, cancelMs = defaultCancelMs } = this.#options;
    const timeoutMs = options.timeoutMs ?? taskTimeoutMs;
    const task = { ...options, ...(timeoutMs === undefined ? {} : { timeoutMs }), cancelMs };
    thread.run(value, task).then(result.resolve, result.reject).finally(() => {
      this.#done++;
      this.#dispatch();
    });
  }

  /** Tells the manager how it is, and whoever waits for that. */
  #changed(): void {
    if (!this.isFull) this.#wakeRoom();
    this.#step({ kind: "load", queued: this.#queue.length, busy: this.#busy });
    this.#settled();
  }

  #wakeRoom(): void {
    for (const wake of this.#roomWaiters) wake();
  }

  #step(input: ManagerInput): void {
    const orders: ManagerOutput[] = [];
    const put = (order: ManagerOutput) => orders.push(order);
    this.#manager.step(input, this.#context.clock.now(), { put });
    for (const order of orders) {
      if (order === "start") this.#start();
      else this.#endIdle();
    }
    this.#timer?.cancel();
    const { clock } = this.#context;
    const atMs = this.#manager.deadlineMs;
    if (atMs === null) return;
    this.#timer = TimerWheel.of(clock).timer(
      atMs - clock.now(),
      () => this.#step({ kind: "tick" }),
    );
  }

  #start(): void {
    const { hangMs, setup, entry = import.meta.resolve("./pool_entry.ts") } = this.#options;
    const init = { entry: String(entry), module: this.#module, setup };
    const thread = new PoolThread(init, this.#context, {
      ready: () => {
        this.#earlyDeaths = 0;
        this.#dispatch();
      },
      ended: (wasReady, error) => this.#ended(thread, wasReady, error),
    }, hangMs);
    this.#threads.add(thread);
  }

  #endIdle(): void {
    for (const thread of this.#threads) {
      if (thread.isBusy) continue;
      this.#threads.delete(thread);
      thread.end();
      return this.#step({ kind: "ended", expected: true, wasReady: true });
    }
  }

  /** A worker ended by itself, or was ended with its task. */
  #ended(thread: PoolThread, wasReady: boolean, error: Error | undefined): void {
    if (!this.#threads.delete(thread)) return;
    const text = error === undefined ? "a worker ended" : `a worker failed: ${error.message}`;
    this.#context.log.write("warning", "worker", `${text}; it is replaced`, { error });
    if (!wasReady && ++this.#earlyDeaths >= mostEarlyDeaths) this.#giveUp(error);
    this.#step({ kind: "ended", expected: false, wasReady });
    this.#changed();
  }

  /** A module that cannot be loaded is not loaded better the next time. */
  #giveUp(cause: Error | undefined): void {
    if (this.#failure !== undefined) return;
    const why = cause === undefined ? "" : `: ${cause.message}`;
    this.#failure = new NetError({
      kind: "unexpected",
      op: "pool",
      message: `${this.#earlyDeaths} workers in a row ended before they were ready${why}`,
      cause,
    });
    for (const waiting of this.#queue.splice(0)) this.#settle(waiting, this.#failure);
    this.#options.failed?.(this.#failure);
    this.#step({ kind: "close" });
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

function usage(message: string): NetError {
  return new NetError({ kind: "usage", op: "pool", message });
}

function fullError(bound: number): NetError {
  const message = `${bound} tasks wait already`;
  return new NetError({ kind: "limit", op: "pool", message, hint: "raise the queue" });
}

function closedError(): NetError {
  return new NetError({ kind: "aborted", op: "pool", message: "the pool was closed" });
}
