/**
 * Structured tasks: children end before their scope does.
 * @module
 */

import { type ChildContext, type Context, deriveContext } from "./context.ts";

/**
 * Runs tasks that end before it does. The first task that fails aborts the others and is what
 * `join` throws; disposing aborts what still runs and waits for it.
 *
 * @example
 * ```ts
 * import { makeContext, Scope } from "@plumb/plumb";
 *
 * await using scope = new Scope(makeContext());
 * scope.spawn(async () => {});
 * await scope.join();
 * ```
 */
export class Scope implements AsyncDisposable {
  readonly #child: ChildContext;
  readonly #running = new Set<Promise<void>>();
  #failure: { thrown: unknown } | undefined;

  /** Tasks are aborted with `parent` too; dispose the scope, or `parent` keeps it. */
  constructor(parent: Context) {
    this.#child = deriveContext(parent);
  }

  /** The context that the tasks run under. */
  get context(): Context {
    return this.#child.context;
  }

  /** How many tasks run. */
  get size(): number {
    return this.#running.size;
  }

  /**
   * Starts a task at once. What it throws after the scope was aborted is not a failure. By
   * callbacks: a server has thousands of tasks, each of which waits here for all of its life.
   */
  spawn(task: (context: Context) => Promise<unknown>): void {
    const running: Promise<void> = start(task, this.context).then(
      () => void this.#running.delete(running),
      (thrown) => {
        this.#running.delete(running);
        this.#failed(thrown);
      },
    );
    this.#running.add(running);
  }

  #failed(thrown: unknown): void {
    if (this.context.signal.aborted) return;
    this.#failure ??= { thrown };
    this.#child.abort(thrown);
  }

  /** Tells all tasks to stop. */
  abort(reason?: unknown): void {
    this.#child.abort(reason);
  }

  /**
   * Waits until every task has ended, those spawned meanwhile included.
   *
   * @throws what the first failing task threw
   */
  async join(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.thrown;
  }

  /** Aborts what still runs and waits for it; throws nothing, use `join` for failures. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.abort(new DOMException("the scope ended", "AbortError"));
    while (this.#running.size > 0) await Promise.all(this.#running);
    this.#child[Symbol.dispose]();
  }
}

/** What a task throws before it waits is a rejection, too. */
function start(task: (context: Context) => Promise<unknown>, context: Context): Promise<unknown> {
  try {
    return task(context);
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}
