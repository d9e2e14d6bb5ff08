/**
 * The old process's part of a rolling restart: see takeover.ts.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Listener } from "../core/contract.ts";
import { type NetError, toNetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";
import { readLine, writeAll } from "../stream/read.ts";
import { type HandoverListener, openHandover, type Visitor } from "../transport/handover.ts";
import { originOf } from "./passive.ts";
import { type HeaderSocket, longestAnswer, stepMs } from "./takeover.ts";

/** Waits for the process that comes after this one. */
export class Handover implements AsyncDisposable {
  readonly #door: HandoverListener;
  readonly #listeners: readonly Listener[];
  readonly #context: Context;
  readonly #onGone: (pid: number) => void;
  readonly #running: Promise<void>;

  private constructor(
    door: HandoverListener,
    listeners: readonly Listener[],
    context: Context,
    onGone: (pid: number) => void,
  ) {
    this.#door = door;
    this.#listeners = listeners;
    this.#context = context;
    this.#onGone = onGone;
    this.#running = this.#run();
  }

  /**
   * Opens the meeting place: a Unix socket that only this user can reach.
   *
   * @param onGone called once a new process listens: to be followed by a drain
   * @throws {NetError} as listening on a Unix socket
   */
  static async at(
    path: string,
    listeners: readonly Listener[],
    context: Context,
    onGone: (pid: number) => void,
  ): Promise<Handover> {
    return new Handover(await openHandover(path, context), listeners, context, onGone);
  }

  async #run(): Promise<void> {
    const { log } = this.#context;
    for (;;) {
      try {
        const visitor = await this.#door.accept();
        if (visitor === null) return;
        if (await this.#handOver(visitor)) return;
      } catch (thrown) {
        const error = toNetError(thrown, "takeover");
        if (error.kind === "exhausted" || error.kind === "unexpected") return this.#fail(error);
        log.write("warning", "takeover", `${error.message}; this server goes on`);
      }
    }
  }

  #fail(error: NetError): void {
    this.#context.log.write("warning", "takeover", `${error.message}; nobody can take over`);
  }

  /** @returns true once the visitor listens */
  async #handOver(visitor: Visitor): Promise<boolean> {
    const { clock, log } = this.#context;
    const sockets = this.#listeners.flatMap((listener) => {
      const descriptor = listener.descriptor?.() ?? null;
      const origin = originOf(listener);
      const { local } = listener;
      return descriptor === null || origin === undefined
        ? []
        : [{ for: origin, local, descriptor }];
    });
    const named: HeaderSocket[] = sockets.map(({ for: key, local }) => ({ for: key, local }));
    const session = visitor.send(
      `${JSON.stringify({ schema: 1, sockets: named })}\n`,
      sockets.map(({ descriptor }) => descriptor),
    );
    const timer = TimerWheel.of(clock).timer(stepMs, () => session.abort());
    try {
      const answer = await readLine(session, longestAnswer);
      if (new TextDecoder().decode(answer ?? undefined).trim() !== "ready") {
        log.write("warning", "takeover", "the new process went away; this server goes on");
        return false;
      }
      for (const listener of this.#listeners) listener.handOver?.();
      await this.#door.close();
      this.#onGone(visitor.pid);
      await writeAll(session, new TextEncoder().encode("done\n"));
      log.write("notice", "takeover", `process ${visitor.pid} has taken over`, {
        pid: visitor.pid,
      });
      return true;
    } finally {
      timer.cancel();
      await session[Symbol.asyncDispose]();
    }
  }

  /** Waits no more, and removes the path. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door.close();
    await this.#running;
  }
}
