/**
 * Who speaks next: control before data, channels with data in turns of one frame.
 *
 * Nothing waits here but who has something to say. Frames are made when the carrier can take them,
 * so that what waits is bounded by channels and listeners, and not by how often they were asked.
 * @module
 */

import { Fifo } from "./fifo.ts";
import type { OutFrame } from "./frame_memory.ts";

/** A channel or listener that may have control frames to send. */
export interface Speaker {
  /** True while it waits for its turn; kept by the outbox. */
  isQueued: boolean;
  /** Its next control frame; null where there is none. */
  speak(): OutFrame | null;
}

/** A channel that may have data, or the end of it, to send. */
export interface DataSource {
  /** True while it waits for its turn; kept by the outbox. */
  isOffered: boolean;
  /** True while `nextData` has something to give. */
  readonly hasData: boolean;
  /** Its next frame of data, or FIN; null where there is none. */
  nextData(nowMs: number): OutFrame | null;
}

/** The order of what is to be said. */
export class Outbox {
  readonly #control = new Fifo<Speaker>();
  readonly #data = new Fifo<DataSource>();

  /** True where somebody waits; it may turn out that it has nothing to say any more. */
  get hasAny(): boolean {
    return this.#control.size > 0 || this.#data.size > 0;
  }

  /** Queues one for control frames, once. */
  announce(speaker: Speaker): void {
    if (speaker.isQueued) return;
    speaker.isQueued = true;
    this.#control.push(speaker);
  }

  /** Queues one for data, once. */
  offer(source: DataSource): void {
    if (source.isOffered) return;
    source.isOffered = true;
    this.#data.push(source);
  }

  /** Makes the next frame; null where nobody has anything to say. */
  next(nowMs: number): OutFrame | null {
    for (let first = this.#control.peek(); first !== undefined; first = this.#control.peek()) {
      const frame = first.speak();
      if (frame !== null) return frame;
      this.#control.shift();
      first.isQueued = false;
    }
    for (let first = this.#data.shift(); first !== undefined; first = this.#data.shift()) {
      first.isOffered = false;
      const frame = first.nextData(nowMs);
      if (first.hasData) this.offer(first);
      if (frame !== null) return frame;
    }
    return null;
  }

  /** Forgets all: nothing more will be said. */
  clear(): void {
    this.#control.clear();
    this.#data.clear();
  }
}
