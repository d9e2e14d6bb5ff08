/**
 * A worker of a pool, from the outside: one task at a time, with its time limit, its cancellation
 * and its end.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import { SessionEnd } from "../core/reason.ts";
import { TimerWheel } from "../core/wheel.ts";
import { poolWorkerName } from "./far_sign.ts";
import type { FromWorker, ToWorker } from "./pool_worker.ts";

/** What every worker of a pool is started with. */
export interface ThreadInit {
  readonly entry: string;
  readonly module: string;
  readonly setup: unknown;
}

/** What a pool hears of its worker. */
export interface ThreadEvents {
  /** It can take a task. */
  ready(): void;
  /** It has ended without being asked. */
  ended(wasReady: boolean, error: Error | undefined): void;
}

/** Settings of one task, all that the pool gives included. */
export interface ThreadTask {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly cancelMs: number;
  readonly heard?: (value: unknown) => void;
  readonly started?: (worker: number) => void;
}

interface Running {
  readonly id: number;
  readonly task: ThreadTask;
  readonly result: PromiseWithResolvers<unknown>;
  readonly onAbort: () => void;
  /** What `run` throws where the worker is ended because of it. */
  doom: unknown;
}

let lastSerial = 0;

/** So many pings without an answer are a hang. */
const patience = 5;

/** One worker. */
export class PoolThread {
  /** Tells the workers of this process apart, from 1. */
  readonly serial: number = ++lastSerial;
  readonly #worker: Worker;
  readonly #context: Context;
  readonly #events: ThreadEvents;
  /** Done once the worker listens: what came earlier, the runtime would hand to nobody. */
  readonly #load: () => void;
  readonly #timers = new Set<Timer>();
  #running: Running | undefined;
  #isReady = false;
  #hasEnded = false;
  #lastId = 0;
  #unanswered = 0;
  #pingTimer: Timer | undefined;

  /** @param hangMs ends it when it answers nothing for so long; undefined: never */
  constructor(
    { entry, module, setup }: ThreadInit,
    context: Context,
    events: ThreadEvents,
    hangMs: number | undefined,
  ) {
    this.#context = context;
    this.#events = events;
    this.#worker = new Worker(entry, { type: "module", name: poolWorkerName });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#heard(data);
    this.#worker.onerror = (event) => {
      event.preventDefault(); // else it would end this process, too
      this.#die(new Error(event.message));
    };
    this.#load = () => this.#send({ type: "load", module, setup });
    if (hangMs !== undefined) this.#watch(hangMs / patience);
  }

  /** True while a task runs in it. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** True where it could take a task now. */
  get isIdle(): boolean {
    return this.#isReady && !this.isBusy && !this.#hasEnded;
  }

  /** Runs one task. @throws as `Pool.run` */
  run(value: unknown, task: ThreadTask): Promise<unknown> {
    const id = ++this.#lastId;
    const { signal, timeoutMs } = task;
    const result = Promise.withResolvers<unknown>();
    const onAbort = () => this.cancel(signal?.reason);
    this.#running = { id, task, result, onAbort, doom: undefined };
    signal?.addEventListener("abort", onAbort, { once: true });
    if (timeoutMs !== undefined) this.#after(timeoutMs, () => this.#tooLong(timeoutMs));
    try {
      task.started?.(this.serial);
      this.#send({ type: "task", id, value });
    } catch (thrown) {
      // A value that cannot be cloned: the worker has not seen the task, and is free for the next.
      this.#finish(id, ({ reject }) => reject(thrown));
    }
    return result.promise;
  }

  /** Tells the task; one that does not end in its time is ended with the worker. */
  cancel(reason: unknown): void {
    const running = this.#running;
    if (running === undefined) return;
    running.doom ??= reason;
    const told = reason instanceof SessionEnd ? reason.reason : null;
    this.#send({ type: "cancel", id: running.id, reason: told });
    this.#after(running.task.cancelMs, () => this.#die(undefined));
  }

  /**
   * Ends it; it has no task. A worker in an endless loop of JavaScript goes on (Deno 2.9.5: the
   * runtime's `terminate` reaches it between two events only) and takes a processor until this
   * process ends: what may loop belongs into a process.
   */
  end(): void {
    this.#hasEnded = true;
    this.#stopTimers();
    this.#worker.terminate();
  }

  #heard(message: FromWorker): void {
    if (this.#hasEnded) return;
    this.#unanswered = 0;
    if (message === null) return this.#die(undefined);
    switch (message.type) {
      case "listening":
        try {
          this.#load();
        } catch (thrown) {
          this.#die(thrown instanceof Error ? thrown : new Error(String(thrown)));
        }
        break;
      case "ready":
        this.#isReady = true;
        this.#events.ready();
        break;
      case "told":
        if (message.id === this.#running?.id) this.#running.task.heard?.(message.value);
        break;
      case "failed": {
        const { error } = message;
        return this.#die(error instanceof Error ? error : new Error(String(error)));
      }
      case "done":
        this.#finish(message.id, (result) => result.resolve(message.value));
        break;
      case "threw": {
        const { error } = message;
        this.#finish(message.id, (result, doom) => result.reject(doom ?? error));
      }
    }
  }

  #finish(
    id: number,
    settle: (result: PromiseWithResolvers<unknown>, doom: unknown) => void,
  ): void {
    const running = this.#running;
    if (running === undefined || running.id !== id) return;
    this.#running = undefined;
    this.#stopTask(running);
    settle(running.result, running.doom);
  }

  #tooLong(timeoutMs: number): void {
    const running = this.#running;
    if (running === undefined) return;
    const message = `the task took longer than ${timeoutMs} ms`;
    running.doom ??= new NetError({ kind: "timeout", op: "pool", message });
    this.#die(undefined);
  }

  /** It has ended, or is ended now: its task with it. */
  #die(error: Error | undefined): void {
    if (this.#hasEnded) return;
    const running = this.#running;
    this.end();
    this.#running = undefined;
    if (running !== undefined) {
      this.#stopTask(running);
      running.result.reject(running.doom ?? lost(error));
    }
    this.#events.ended(this.#isReady, error);
  }

  #stopTask({ task, onAbort }: Running): void {
    task.signal?.removeEventListener("abort", onAbort);
    this.#stopTaskTimers();
  }

  #watch(pingMs: number): void {
    const timer = TimerWheel.of(this.#context.clock).timer(pingMs, () => {
      if (this.#hasEnded) return;
      if (++this.#unanswered > patience) {
        return this.#die(new Error("it gives no sign of life"));
      }
      this.#send({ type: "ping" });
      this.#watch(pingMs);
    });
    this.#pingTimer = timer;
  }

  #after(delayMs: number, then: () => void): void {
    this.#timers.add(TimerWheel.of(this.#context.clock).timer(delayMs, then));
  }

  #stopTaskTimers(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #stopTimers(): void {
    this.#pingTimer?.cancel();
    this.#stopTaskTimers();
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}

function lost(cause: Error | undefined): NetError {
  const why = cause === undefined ? "its worker ended" : `its worker failed: ${cause.message}`;
  return new NetError({ kind: "broken", op: "pool", message: `the task was lost: ${why}`, cause });
}
