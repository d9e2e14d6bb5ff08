/**
 * A watch as server-sent events (HTML standard, section 9.2): everything at first, then what has
 * changed since.
 *
 * Nothing is queued for a viewer: each knows the revision that it has seen, and is told what is
 * newer when it has taken what came before. One that is slow gets less often what is then newest,
 * and costs one piece of text at a time.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { TimerWheel } from "../core/wheel.ts";
import type { TargetStatus } from "../link/watch.ts";
import { targetFields, type WatchSource } from "./watch_source.ts";

/** Targets in one event: some 100 KiB of text. */
const pieceLength = 500;

/** Between two looks at what has changed. */
const lookEveryMs = 500;

/** How soon a browser that lost the connection tries again (`retry:`); its own default is slower. */
const retryMs = 1_000;

/** Something is sent at least so often: a viewer who hears nothing for longer shows old data. */
export const beatEveryMs = 5_000;

/** The streams of all viewers. */
export class WatchFeed implements Disposable {
  readonly #source: WatchSource;
  readonly #context: Context;
  readonly #viewers = new Set<Viewer>();
  #isOver = false;

  /** @param context its limit `watch-viewers` bounds the streams */
  constructor(source: WatchSource, context: Context) {
    this.#source = source;
    this.#context = context;
  }

  /** How many look. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** The body of an answer; null where there are too many viewers, or it is over. */
  open(): ReadableStream<Uint8Array> | null {
    if (this.#isOver || this.#viewers.size >= this.#context.limits["watch-viewers"]) return null;
    const viewer: Viewer = new Viewer(this.#source, this.#context, () => {
      this.#viewers.delete(viewer);
    });
    this.#viewers.add(viewer);
    return viewer.stream;
  }

  /** Ends every stream. Idempotent. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const viewer of [...this.#viewers]) viewer.end();
  }
}

/** One stream. */
class Viewer {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #source: WatchSource;
  readonly #context: Context;
  readonly #leave: () => void;
  readonly #encoder = new TextEncoder();
  /** What is still to be sent of the last look. */
  #rest: TargetStatus[] = [];
  #seenRevision = 0;
  #seenGeneration = 0;
  #sentMs = 0;
  #timer: Timer | undefined;
  #wake: () => void = () => {};
  #isOver = false;

  constructor(source: WatchSource, context: Context, leave: () => void) {
    this.#source = source;
    this.#context = context;
    this.#leave = leave;
    this.stream = new ReadableStream<Uint8Array>({
      pull: (controller) => this.#pull(controller),
      cancel: () => this.end(),
    }, { highWaterMark: 0 });
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#leave();
    this.#wake();
  }

  /** Gives one event. Waits until there is one; a viewer who has gone is noticed by a beat. */
  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    let text: string | null = null;
    while (!this.#isOver && (text = this.#next()) === null) await this.#pause();
    if (text === null) return controller.close();
    this.#sentMs = this.#context.clock.now();
    controller.enqueue(this.#encoder.encode(text));
  }

  #next(): string | null {
    if (this.#seenGeneration !== this.#source.generation) return this.#begin();
    if (this.#rest.length === 0) this.#look();
    if (this.#rest.length > 0) return this.#event("some", this.#rest.splice(0, pieceLength));
    const quietMs = this.#context.clock.now() - this.#sentMs;
    return quietMs >= beatEveryMs ? this.#event("some", []) : null;
  }

  /** Everything, from the beginning; the viewer forgets what it had. */
  #begin(): string {
    this.#seenGeneration = this.#source.generation;
    this.#seenRevision = this.#source.revision;
    this.#rest = [...this.#source.targets];
    return this.#event("all", this.#rest.splice(0, pieceLength));
  }

  #look(): void {
    const { revision } = this.#source;
    if (revision === this.#seenRevision) return;
    for (const target of this.#source.targets) {
      if (target.revision > this.#seenRevision) this.#rest.push(target);
    }
    this.#seenRevision = revision;
  }

  /** JSON has no newline in it, so that one `data:` line holds it all. */
  #event(event: "all" | "some", targets: readonly TargetStatus[]): string {
    const time = new Date(this.#context.clock.wall()).toISOString();
    const { counts } = this.#source;
    const data = { schema: 1, time, counts, targets: targets.map(targetFields) };
    const retry = event === "all" ? `retry: ${retryMs}\n` : "";
    return `${retry}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = TimerWheel.of(this.#context.clock).timer(lookEveryMs, resolve);
    });
  }
}
