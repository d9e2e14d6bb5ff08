/**
 * What the owner of a channel is told: each thing once, and nothing once it has given the channel
 * up or knows of its end.
 * @module
 */

import type { SessionEvent, SessionEvents } from "./session_events.ts";

/** Tells one owner. */
export class ChannelTeller {
  readonly #events: SessionEvents;
  /** Said for every burst of data; made once. */
  readonly #readable: SessionEvent;
  readonly #writable: SessionEvent;
  #isSilent = false;
  #isToldReadable = false;

  constructor(events: SessionEvents, channel: number) {
    this.#events = events;
    this.#readable = { kind: "readable", channel };
    this.#writable = { kind: "writable", channel };
  }

  /** True once nothing is told any more. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Tells nothing any more. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Tells this. */
  tell(event: SessionEvent): void {
    if (!this.#isSilent) this.#events.put(event);
  }

  /** Something is there to be read: said once, until `foundEmpty`. */
  readable(): void {
    if (this.#isToldReadable) return;
    this.#isToldReadable = true;
    this.tell(this.#readable);
  }

  /** The owner has read, and found nothing: it waits to be told. */
  foundEmpty(): void {
    this.#isToldReadable = false;
  }

  /** More can be written. */
  writable(): void {
    this.tell(this.#writable);
  }
}
