/**
 * The old process's part of a rolling restart: see takeover.ts.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Listener } from "../core/contract.ts";
import { type NetError, toNetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";
import { readLine, writeAll } from "../stream/read.ts";
import { type HandoverListener, openHandover, type Visitor } from "../transport/handover.ts";
import { originOf } from "./passive.ts";
import { type HeaderSocket, longestAnswer, stepMs } from "./takeover.ts";

/** One that has taken over. */
export interface Successor {
  readonly pid: number;
  /** The listeners that it has now; it did not want the others. */
  readonly taken: ReadonlySet<Listener>;
}

/** Waits for the process that comes after this one. */
export class Handover implements AsyncDisposable {
  readonly #door: HandoverListener;
  readonly #listeners: readonly Listener[];
  readonly #context: Context;
  readonly #onGone: (successor: Successor) => void;
  /** The visitor whose answer is waited for. */
  #asked: Duplex | undefined;
  #isOver = false;
  readonly #running: Promise<void>;

  private constructor(
    door: HandoverListener,
    listeners: readonly Listener[],
    context: Context,
    onGone: (successor: Successor) => void,
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
    onGone: (successor: Successor) => void,
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
        if (this.#isOver) return;
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
      return descriptor === null || origin === undefined ? [] : [{ listener, origin, descriptor }];
    });
    const named = sockets.map(({ listener: { local }, origin }): HeaderSocket => {
      return { for: origin, local };
    });
    const session = visitor.send(
      `${JSON.stringify({ schema: 1, sockets: named })}\n`,
      sockets.map(({ descriptor }) => descriptor),
    );
    const given = sockets.map(({ listener }) => listener);
    const timer = TimerWheel.of(clock).timer(stepMs, () => session.abort());
    // Should this server be told to end now, what was given is the visitor's, with its path.
    for (const listener of given) listener.handOver?.();
    let taken: ReadonlySet<Listener> | null = null;
    try {
      taken = await this.#answer(session, given);
      if (taken === null) {
        log.write("warning", "takeover", "the new process went away; this server goes on");
        return false;
      }
      await this.#door.close();
      for (const listener of given) listener.handOver?.(taken.has(listener));
      this.#onGone({ pid: visitor.pid, taken });
      await writeAll(session, new TextEncoder().encode("done\n"));
      log.write("notice", "takeover", `process ${visitor.pid} has taken over`, {
        pid: visitor.pid,
      });
      return true;
    } finally {
      timer.cancel();
      if (taken === null && !this.#isOver) {
        for (const listener of given) listener.handOver?.(false);
      }
      await session[Symbol.asyncDispose]();
    }
  }

  /** @returns the listeners that the visitor has taken; null where it goes without them */
  async #answer(
    session: Duplex,
    given: readonly Listener[],
  ): Promise<ReadonlySet<Listener> | null> {
    this.#asked = session;
    try {
      const answer = await readLine(session, longestAnswer);
      const [word, ...places] = new TextDecoder().decode(answer ?? undefined).trim().split(" ");
      if (word !== "ready") return null;
      return new Set(places.flatMap((place) => given[Number(place)] ?? []));
    } finally {
      this.#asked = undefined;
    }
  }

  /** Waits no more, not for an answer either, and removes the path. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#asked?.abort();
    await this.#door.close();
    await this.#running;
  }
}
