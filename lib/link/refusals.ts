/**
 * What the session itself turns down, without asking its owner: channels and listeners beyond a
 * bound, connections to listeners that are no more.
 * @module
 */

import { linkFault } from "../wire/link_code.ts";
import type { linkFrame } from "../wire/link_frame.ts";
import { type Refusal, refusalFrame } from "./control_frames.ts";
import { Fifo } from "./fifo.ts";
import type { FrameMemory, OutFrame } from "./frame_memory.ts";
import type { Outbox, Speaker } from "./outbox.ts";

/** Refusals that wait to be said, in order. */
export class Refusals implements Speaker {
  isQueued = false;
  readonly #type: typeof linkFrame.refused | typeof linkFrame.notListening;
  readonly #most: number;
  readonly #memory: FrameMemory;
  readonly #outbox: Outbox;
  readonly #waiting = new Fifo<{ id: number; refusal: Refusal }>();

  /** @param most a peer that asks on without taking so many answers breaks the protocol */
  constructor(
    type: typeof linkFrame.refused | typeof linkFrame.notListening,
    most: number,
    memory: FrameMemory,
    outbox: Outbox,
  ) {
    this.#type = type;
    this.#most = most;
    this.#memory = memory;
    this.#outbox = outbox;
  }

  /** Refuses one. @throws {NetError} code "too-many" where too many refusals wait */
  add(id: number, refusal: Refusal): void {
    if (this.#waiting.size >= this.#most) {
      throw linkFault("too-many", `${this.#most} refusals wait to be taken`);
    }
    this.#waiting.push({ id, refusal });
    this.#outbox.announce(this);
  }

  speak(): OutFrame | null {
    const next = this.#waiting.shift();
    return next === undefined
      ? null
      : refusalFrame(this.#memory, this.#type, next.id, next.refusal);
  }

  /** Forgets all. */
  clear(): void {
    this.#waiting.clear();
  }
}
