/**
 * The receiving direction of a channel: what waits to be read, and how much more the peer may send.
 *
 * A window begins small and doubles with each credit, as long as all channels together stay within
 * the limit `link-receive`: a thousand channels that nobody reads cost their first window only, and
 * one that is read fast is not held up by a round trip.
 * @module
 */

import { linkFault } from "../wire/link_code.ts";
import { messageCost } from "../wire/link_frame.ts";
import { ReceiveQueue } from "./receive_queue.ts";

/** First window of each channel, and the only one of datagrams: it holds the longest of them. */
export const firstWindowBytes: number = 128 * 1024;

/** What windows of a session may grow by. */
export interface WindowBudget {
  /** Bytes. */
  left: number;
}

/** What one channel receives. */
export class ChannelInput {
  readonly #queue = new ReceiveQueue();
  readonly #budget: WindowBudget;
  readonly #datagrams: boolean;
  readonly #mostWindow: number;
  readonly #firstWindow: number;
  #window: number;
  #credit: number;
  /** Read, and not yet given back as credit. */
  #consumed = 0;
  #messages = 0;
  /** True once the peer has said that nothing more comes. */
  hasEnded = false;

  /** @param mostWindow bound of the window, in bytes */
  constructor(datagrams: boolean, mostWindow: number, budget: WindowBudget) {
    this.#datagrams = datagrams;
    this.#budget = budget;
    this.#firstWindow = datagrams ? firstWindowBytes : Math.min(mostWindow, firstWindowBytes);
    this.#mostWindow = datagrams ? firstWindowBytes : mostWindow;
    this.#window = this.#credit = this.#firstWindow;
  }

  /** Bytes that the peer may still send. */
  get credit(): number {
    return this.#credit;
  }

  /** Bytes that it may have under way and unread, in all. */
  get window(): number {
    return this.#window;
  }

  /** Credit that is neither with the peer nor in unread data: read, and not given back yet. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Bytes of memory that unread data holds. */
  get memory(): number {
    return this.#queue.memory;
  }

  /** Credit that unread data has used. */
  get unread(): number {
    const lengths = 4 * this.#messages;
    return this.#queue.size - lengths + (messageCost(0) * this.#messages);
  }

  /** True where `read` has something to give. */
  get hasData(): boolean {
    return this.#queue.size > 0;
  }

  /** Takes what the peer sent. @throws {NetError} code "credit-exceeded" */
  take(record: Uint8Array, start: number, end: number): void {
    if (this.#datagrams) {
      this.#spend(messageCost(end - start));
      this.#queue.appendMessage(record, start, end);
      this.#messages++;
    } else {
      this.#spend(end - start);
      this.#queue.append(record, start, end, this.#window);
    }
  }

  /** The peer sent something that nobody will read. @throws {NetError} code "credit-exceeded" */
  skip(cost: number): void {
    this.#spend(cost);
    this.#consumed += cost;
  }

  /** Bytes, or one message; there must be something. A message may be longer than `into`. */
  read(into: Uint8Array): number {
    if (!this.#datagrams) {
      const length = this.#queue.read(into);
      this.#consumed += length;
      return length;
    }
    const length = this.#queue.readMessage(into);
    this.#messages--;
    this.#consumed += messageCost(length);
    return length;
  }

  /** Bytes of a stream, in the memory in which they are; there must be some. */
  lend(): Uint8Array {
    const bytes = this.#queue.lend();
    this.#consumed += bytes.length;
    return bytes;
  }

  /**
   * True where enough was read to give credit back. A quarter for datagrams: what is kept back then
   * leaves room for the longest message, or its sender could wait for ever.
   */
  get isCreditDue(): boolean {
    return this.#consumed >= this.#window / (this.#datagrams ? 4 : 2);
  }

  /** Gives back what was read, and more while the window may grow. @returns bytes of credit */
  grant(): number {
    let amount = this.#consumed;
    const growth = Math.min(this.#window, this.#mostWindow - this.#window);
    if (growth > 0 && this.#budget.left >= growth) {
      this.#budget.left -= growth;
      this.#window += growth;
      amount += growth;
    }
    this.#consumed = 0;
    this.#credit += amount;
    return amount;
  }

  /** Forgets what was not read. */
  clear(): void {
    this.#queue.clear();
    this.#messages = 0;
  }

  /** Forgets all, and gives the growth of its window to others. Once. */
  release(): void {
    this.clear();
    this.#budget.left += this.#window - this.#firstWindow;
    this.#window = this.#firstWindow;
  }

  #spend(cost: number): void {
    if (cost > this.#credit) {
      throw linkFault("credit-exceeded", `${cost} bytes with a credit of ${this.#credit}`);
    }
    this.#credit -= cost;
  }
}
