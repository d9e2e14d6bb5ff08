/**
 * A worker of a pool, from the inside: it loads the module of the tasks once, then runs one task
 * at a time.
 * @module
 */

import { SessionEnd } from "../core/reason.ts";
import type { Reason } from "../core/reason.ts";

/** What a task is given besides its value. */
export interface TaskContext {
  /** What the pool was made with for all its tasks (`PoolOptions.setup`). */
  readonly setup: unknown;
  /** Aborted when the task was cancelled; a task that does not care is ended with its worker. */
  readonly signal: AbortSignal;
  /** Says something to the pool's owner meanwhile. */
  tell(value: unknown): void;
}

/** The default export of a module of tasks. What it gives must be structured-cloneable. */
export type TaskFunction = (value: unknown, task: TaskContext) => unknown;

/** What a pool says to its workers. */
export type ToWorker =
  | { readonly type: "load"; readonly module: string; readonly setup: unknown }
  | { readonly type: "task"; readonly id: number; readonly value: unknown }
  | { readonly type: "cancel"; readonly id: number; readonly reason: Reason | null }
  | { readonly type: "ping" };

/** What workers say to their pool; null: it ends by itself. */
export type FromWorker =
  | { readonly type: "listening" | "ready" | "pong" }
  | { readonly type: "done"; readonly id: number; readonly value: unknown }
  | { readonly type: "threw"; readonly id: number; readonly error: unknown }
  /** It cannot go on, and ends. */
  | { readonly type: "failed"; readonly error: unknown }
  | { readonly type: "told"; readonly id: number; readonly value: unknown }
  | null;

/** What a worker thread has that the main thread has not. */
interface WorkerScope {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  close(): void;
  addEventListener(type: "error", then: (event: ErrorEvent) => void): void;
  addEventListener(
    type: "unhandledrejection",
    then: (event: PromiseRejectionEvent) => void,
  ): void;
}

/**
 * Serves a pool from inside one of its workers.
 *
 * @param load gives the function of a module
 */
export function serveTasks(
  load: (module: string, setup: unknown) => Promise<TaskFunction>,
): void {
  const scope = globalThis as unknown as WorkerScope;
  const running = new Map<number, AbortController>();
  let perform: TaskFunction | undefined;
  let setup: unknown;
  sayWhenClosing(scope);
  const fail = (thrown: unknown) => {
    scope.postMessage({ type: "failed", error: cloneable(thrown) });
    scope.close();
  };
  // What nobody caught is told in one line by the pool, and not as a stack trace by the runtime.
  scope.addEventListener("error", (event) => {
    event.preventDefault();
    fail(event.error);
  });
  scope.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fail(event.reason);
  });

  const run = async (id: number, value: unknown) => {
    const controller = new AbortController();
    running.set(id, controller);
    const task: TaskContext = {
      setup,
      signal: controller.signal,
      tell: (told) => scope.postMessage({ type: "told", id, value: told }),
    };
    try {
      if (perform === undefined) throw new TypeError("a task came before its module");
      scope.postMessage({ type: "done", id, value: await perform(value, task) });
    } catch (thrown) {
      scope.postMessage({ type: "threw", id, error: cloneable(thrown) });
    } finally {
      running.delete(id);
    }
  };

  scope.onmessage = ({ data }) => {
    switch (data.type) {
      case "load":
        setup = data.setup;
        void load(data.module, setup).then((loaded) => {
          perform = loaded;
          scope.postMessage({ type: "ready" });
        }).catch(fail);
        break;
      case "task":
        void run(data.id, data.value);
        break;
      case "cancel":
        running.get(data.id)?.abort(
          data.reason === null
            ? new DOMException("the task was cancelled", "AbortError")
            : new SessionEnd(data.reason),
        );
        break;
      case "ping":
        scope.postMessage({ type: "pong" });
    }
  };
  scope.postMessage({ type: "listening" });
}

/** The runtime tells nobody that a worker has closed itself: so it says so before. */
function sayWhenClosing(scope: WorkerScope): void {
  const close = scope.close.bind(scope);
  const leave = () => {
    scope.postMessage(null);
    close();
  };
  Object.defineProperty(scope, "close", { value: leave });
  Object.defineProperty(Deno, "exit", { value: leave, configurable: true });
}

/** An error of a class of its own, or with a function in it, cannot be cloned as it is. */
function cloneable(thrown: unknown): unknown {
  try {
    return structuredClone(thrown);
  } catch {
    return new Error(
      thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown),
    );
  }
}
