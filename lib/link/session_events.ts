/**
 * What a link session tells its owner, as data: events are queued by the machine and taken out by
 * the caller after each call.
 * @module
 */

import type { Sink } from "../core/machine.ts";
import type { LinkCode } from "../wire/link_code.ts";

export { type LinkCode, linkCodes } from "../wire/link_code.ts";

/** Bytes, or messages that keep their boundaries and may expire. */
export type ChannelKind = "stream" | "datagrams";

/** What happened. Channel and listener ids are those of `LinkSession`'s methods. */
export type SessionEvent =
  /** The peer's RESUME came: the carrier is in use, and so many frames are sent again. */
  | { readonly kind: "attached"; readonly resent: number }
  /** No sign of life for long enough that the next missing one will be "carrier-dead". */
  | { readonly kind: "carrier-suspect" }
  /** The peer gave no sign of life in time: drop the carrier, then `detach`. Once a carrier. */
  | { readonly kind: "carrier-dead" }
  /** The peer asks for a channel: answer with `accept` or `refuse`. */
  | {
    readonly kind: "incoming";
    readonly channel: number;
    readonly channelKind: ChannelKind;
    /** What to open, in the words of the peer; hostile until it was checked. May be empty. */
    readonly target: string;
    /** The listener (of `listen`) that a connection came to; null where it asks for `target`. */
    readonly listener: number | null;
  }
  /** Our `open` was accepted: `write` and `read` begin. */
  | { readonly kind: "opened"; readonly channel: number }
  /** Our `open` was refused; the channel is forgotten. */
  | {
    readonly kind: "refused";
    readonly channel: number;
    readonly code: LinkCode;
    readonly text: string;
  }
  /** `read` (or `receiveMessage`) has something to give: data, or the end. Said once until read. */
  | { readonly kind: "readable"; readonly channel: number }
  /** A `write` or `send` that took less than all will take more now. */
  | { readonly kind: "writable"; readonly channel: number }
  /** The peer (or the end of the session) broke the channel; it is forgotten, unread data too. */
  | { readonly kind: "reset"; readonly channel: number; readonly code: LinkCode }
  /** Both directions ended in order and all was read; the channel is forgotten. */
  | { readonly kind: "closed"; readonly channel: number }
  /** The peer asks for a listener here: answer with `listening` or `refuseListen`. */
  | { readonly kind: "listen"; readonly listener: number; readonly address: string }
  /** Our `listen` is in effect, at this address as the peer says it. */
  | { readonly kind: "listening"; readonly listener: number; readonly address: string }
  /** Our listener was refused, or ended at the other side; forgotten. */
  | {
    readonly kind: "listen-refused";
    readonly listener: number;
    readonly code: LinkCode;
    readonly text: string;
  }
  /** The peer wants its listener no longer: close it. Forgotten. */
  | { readonly kind: "unlisten"; readonly listener: number }
  /**
   * The peer has ended the session (GOAWAY). Every channel was reset before this event, but those
   * whose input had ended: that stays to be read.
   */
  | { readonly kind: "goodbye"; readonly code: LinkCode; readonly text: string }
  /** Both sides have ended it and know it of each other: the carrier can be closed. */
  | { readonly kind: "over" };

/**
 * Events that wait to be taken. Not bounded by a number of its own: one record holds at most some
 * thousand frames, "readable" and "writable" stand once for each channel, and the caller takes all
 * after each call.
 */
export class SessionEvents {
  #queue: SessionEvent[] = [];
  #spare: SessionEvent[] = [];

  /** How many wait. */
  get size(): number {
    return this.#queue.length;
  }

  /** Queues one. */
  put(event: SessionEvent): void {
    this.#queue.push(event);
  }

  /** Gives every event to the sink, those included that calls from within the sink bring about. */
  drain(sink: Sink<SessionEvent>): void {
    while (this.#queue.length > 0) {
      const queue = this.#queue;
      this.#queue = this.#spare;
      // A sink may drain again from within; it gets an array of its own then.
      this.#spare = [];
      for (const event of queue) sink.put(event);
      queue.length = 0;
      this.#spare = queue;
    }
  }
}
