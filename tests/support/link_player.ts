/**
 * Who uses one end of a link session in a played schedule: opens, writes, reads, stalls, ends and
 * resets channels at random, and checks every byte. It goes on only where the session has told it
 * so, and thereby finds wake-ups that are lost.
 * @module
 */

import { LinkSession } from "../../lib/link/session.ts";
import type { ChannelKind, SessionEvent } from "../../lib/link/session_events.ts";
import { giveBack } from "../../lib/link/receive_queue.ts";
import type { LinkSessionOptions } from "../../lib/link/session_options.ts";
import { randomBytes, type SeededBytes } from "./random.ts";

/** What all bytes are cut from; its length is prime, so that no block is like another. */
const period = 65_521;
const pattern = new Uint8Array(2 * period);
pattern.set(randomBytes(period, 7));
pattern.copyWithin(period, 0, period);

/** What a direction of a channel carries, as both ends know it. */
export class Flow {
  /** Where in the pattern it begins. */
  readonly #offset: number;
  /** Bytes, or datagrams, that were written. */
  written = 0;
  /** Bytes that were read; of datagrams, the number after the last that was read. */
  read = 0;
  /** Datagrams that arrived. */
  arrived = 0;
  /** True once its writer has ended it. */
  isFinished = false;
  /** True once its reader has seen the end. */
  hasEnded = false;

  constructor(offset: number) {
    this.#offset = offset;
  }

  /** What stands at the position in a stream. */
  bytesAt(position: number, length: number): Uint8Array {
    const at = (this.#offset + position) % period;
    return pattern.subarray(at, at + Math.min(length, period));
  }

  /** A datagram says its number, then bytes that follow from it. */
  message(number: number, length: number): Uint8Array {
    const message = this.bytesAt(number * 31, length).slice();
    if (length >= 4) new DataView(message.buffer).setUint32(0, number);
    return message;
  }
}

/** A channel as its two users know it. */
export class PlayedChannel {
  readonly kind: ChannelKind;
  readonly flows: readonly [Flow, Flow];
  /** True once either end has reset it, or it was refused. */
  isBroken = false;

  constructor(kind: ChannelKind, id: number) {
    this.kind = kind;
    this.flows = [new Flow(id * 7919), new Flow(id * 104_729 + 1)];
  }
}

/** One end of a channel. */
interface End {
  readonly channel: PlayedChannel;
  readonly out: Flow;
  readonly in: Flow;
  isOpen: boolean;
  /** So much is written at least, before this end closes in order. */
  readonly goal: number;
  /** The session has not said that we must wait. */
  canWrite: boolean;
  canRead: boolean;
  isStalled: boolean;
  isDone: boolean;
}

/** One side. */
export class LinkPlayer {
  readonly session: LinkSession;
  readonly #side: 0 | 1;
  readonly #random: SeededBytes;
  readonly #channels: Map<number, PlayedChannel>;
  readonly #ends = new Map<number, End>();
  readonly #options: LinkSessionOptions;
  readonly #into = new Uint8Array(65_536);
  readonly #largest: number;
  /** Incoming channels that wait for an answer. */
  readonly #offered: number[] = [];
  #listeners: number[] = [];
  #theirListeners: number[] = [];
  /** Monotonic time of the last "carrier-dead", for who looks after carriers. */
  isCarrierDead = false;
  hasSaidOver = false;
  #hasGoodbye = false;
  bytes = 0;

  constructor(
    side: 0 | 1,
    options: LinkSessionOptions,
    random: SeededBytes,
    channels: Map<number, PlayedChannel>,
    largest: number,
  ) {
    this.session = new LinkSession(options, 0);
    this.#options = options;
    this.#side = side;
    this.#random = random;
    this.#channels = channels;
    this.#largest = largest;
  }

  /** Does something, or nothing where nothing can be done. */
  act(nowMs: number): void {
    const random = this.#random;
    const dice = random.below(100);
    if (dice < 6) this.#open();
    else if (dice < 10) this.#answer();
    else if (dice < 12) this.#listen();
    else {
      const end = this.#pick();
      if (end === null) return;
      const [id, at] = end;
      if (dice < 15) at.isStalled = !at.isStalled;
      else if (dice < 18) this.finish(id, at);
      else if (dice < 19) this.#reset(id, at);
      else if (dice < 60) this.#write(id, at, nowMs);
      else this.#read(id, at, random.below(4) === 0 ? random.below(100) + 1 : 65_536);
    }
    this.takeEvents();
  }

  /** Answers, reads all, unstalled. @returns true where something moved */
  drain(nowMs: number): boolean {
    let moved = false;
    while (this.#offered.length > 0) {
      this.#answer();
      moved = true;
    }
    for (const [id, end] of this.#ends) {
      end.isStalled = false;
      while (end.canRead && !end.isDone && this.#read(id, end, 65_536)) moved = true;
      while (this.#lacks(end) && end.canWrite) {
        this.#write(id, end, nowMs);
        moved = true;
      }
    }
    return this.takeEvents() || moved;
  }

  /** True where a stream has not been written to its goal. */
  #lacks({ isOpen, isDone, out, goal, channel }: End): boolean {
    const isOver = !isOpen || isDone || out.isFinished || channel.kind !== "stream";
    return !isOver && out.written < goal;
  }

  /** Streams that have not been written to their goal. */
  get lacking(): number[] {
    return [...this.#ends].filter(([, end]) => this.#lacks(end)).map(([id]) => id);
  }

  /** Opens a stream whose bytes the other end gets. @returns its number */
  openLast(): number {
    const id = this.session.open("stream", "tcp://played:2");
    const channel = new PlayedChannel("stream", id);
    this.#channels.set(id, channel);
    this.#join(id, channel, false);
    return id;
  }

  /** Writes to it, ends it, and says goodbye in the same breath. */
  leave(id: number, nowMs: number): void {
    const end = this.#ends.get(id);
    if (end !== undefined && !end.isDone) {
      this.#write(id, end, nowMs);
      this.finish(id, end);
    }
    this.session.goodbye("done", "played");
  }

  /** Ends writing on every channel. */
  finishAll(): void {
    for (const [id, end] of this.#ends) this.finish(id, end);
  }

  /** Channels that this side has not seen the end of. */
  get unfinished(): number[] {
    return [...this.#ends].filter(([, end]) => !end.isDone).map(([id]) => id);
  }

  /** Every channel that both may use. */
  get open(): number[] {
    return [...this.#ends].filter(([, end]) => end.isOpen && !end.isDone).map(([id]) => id);
  }

  finish(id: number, end: End): void {
    if (end.isDone || end.out.isFinished) return;
    end.out.isFinished = true;
    this.session.closeWrite(id);
  }

  /** Takes events out. @returns true where there were any */
  takeEvents(): boolean {
    let any = false;
    this.session.events({
      put: (event) => {
        any = true;
        this.#on(event);
      },
    });
    return any;
  }

  #on(event: SessionEvent): void {
    switch (event.kind) {
      case "incoming":
        this.#offered.push(event.channel);
        break;
      case "opened":
        this.#endOf(event.channel).isOpen = true;
        break;
      case "refused":
      case "reset":
        this.#broken(event.channel);
        break;
      case "closed": {
        const end = this.#endOf(event.channel);
        const areOver = end.in.hasEnded && (end.out.isFinished || this.#hasGoodbye);
        if (!areOver) throw new Error("closed before its ends");
        end.isDone = true;
        break;
      }
      case "readable":
        this.#endOf(event.channel).canRead = true;
        break;
      case "writable":
        this.#endOf(event.channel).canWrite = true;
        break;
      case "listen":
        this.#theirListeners.push(event.listener);
        if (this.#random.below(4) === 0) {
          this.session.refuseListen(event.listener, "in-use", "played");
        } else this.session.listening(event.listener, event.address);
        break;
      case "listen-refused":
        this.#listeners = this.#listeners.filter((id) => id !== event.listener);
        break;
      case "unlisten":
        this.#theirListeners = this.#theirListeners.filter((id) => id !== event.listener);
        break;
      case "carrier-dead":
        this.isCarrierDead = true;
        break;
      case "goodbye":
        this.#hasGoodbye = true;
        break;
      case "over":
        this.hasSaidOver = true;
        break;
    }
  }

  #endOf(id: number): End {
    const end = this.#ends.get(id);
    if (end === undefined || end.isDone) throw new Error(`an event for channel ${id}`);
    return end;
  }

  #broken(id: number): void {
    const end = this.#ends.get(id);
    const at = this.#offered.indexOf(id);
    if (at >= 0) this.#offered.splice(at, 1);
    const channel = this.#channels.get(id);
    if (channel !== undefined) channel.isBroken = true;
    if (end !== undefined) end.isDone = true;
  }

  #pick(): [number, End] | null {
    // Counted and then looked up: a list of them for every turn takes a third of the time.
    let count = 0;
    for (const { isDone } of this.#ends.values()) if (!isDone) count++;
    let left = this.#random.below(Math.max(1, count));
    for (const entry of this.#ends) if (!entry[1].isDone && left-- === 0) return entry;
    return null;
  }

  #join(id: number, channel: PlayedChannel, isOpen: boolean): void {
    const [mine, other] = [channel.flows[this.#side], channel.flows[1 - this.#side]];
    if (mine === undefined || other === undefined) throw new Error("no flow");
    const end: End = {
      channel,
      out: mine,
      in: other,
      isOpen,
      goal: this.#random.below(this.#random.below(4) === 0 ? this.#largest * 4 : 2),
      canWrite: true,
      canRead: false,
      isStalled: false,
      isDone: false,
    };
    this.#ends.set(id, end);
  }

  #open(): void {
    if (this.open.length >= 5) return;
    const kind = this.#random.below(4) === 0 ? "datagrams" : "stream";
    const listeners = this.#theirListeners;
    const listener = this.#random.below(2) === 0 ? null : listeners[0] ?? null;
    const id = this.session.open(kind, "tcp://played:1", listener);
    const channel = new PlayedChannel(kind, id);
    this.#channels.set(id, channel);
    this.#join(id, channel, false);
  }

  #answer(): void {
    const id = this.#offered.shift();
    if (id === undefined) return;
    const channel = this.#channels.get(id);
    if (channel === undefined) throw new Error(`channel ${id} was opened by nobody`);
    if (this.#random.below(8) === 0) {
      channel.isBroken = true;
      return this.session.refuse(id, "not-permitted", "played");
    }
    this.#join(id, channel, true);
    this.session.accept(id);
  }

  #listen(): void {
    const [first] = this.#listeners;
    if (first !== undefined && this.#random.below(2) === 0) {
      this.#listeners.shift();
      this.session.unlisten(first);
    } else if (this.#listeners.length < 3) {
      this.#listeners.push(this.session.listen("tcp://:1"));
    }
  }

  #reset(id: number, end: End): void {
    end.isDone = end.channel.isBroken = true;
    this.session.reset(id, "cancelled");
  }

  #write(id: number, end: End, nowMs: number): void {
    if (!end.canWrite || end.out.isFinished) return;
    const { out } = end;
    const random = this.#random;
    const length = random.below(random.below(8) === 0 ? this.#largest : 600);
    if (end.channel.kind === "stream") {
      const chunk = out.bytesAt(out.written, length);
      const taken = this.session.write(id, chunk);
      out.written += taken;
      this.bytes += taken;
      if (taken < chunk.length) end.canWrite = false;
    } else if (this.session.send(id, out.message(out.written, length % 60_000), nowMs)) {
      out.written++;
    } else end.canWrite = false;
    const { replayBytes = 0 } = this.#options;
    if (this.session.replayBytes > replayBytes + 384 * 1024) {
      throw new Error(`${this.session.replayBytes} bytes are held for the peer`);
    }
  }

  /** @returns true where something came */
  #read(id: number, end: End, most: number): boolean {
    if (!end.canRead || end.isStalled) return false;
    const isStream = end.channel.kind === "stream";
    const lends = isStream && this.#random.below(2) === 0;
    const into = this.#into.subarray(0, isStream ? most : 65_536);
    const found = lends ? this.session.lend(id) : this.session.read(id, into);
    if (found === undefined) {
      end.canRead = false;
      return false;
    }
    if (found === null) {
      this.#ended(end);
      return true;
    }
    const bytes = typeof found === "number" ? into.subarray(0, found) : found;
    if (isStream) this.#checkBytes(end.in, bytes);
    else this.#checkMessage(end.in, bytes);
    if (lends) giveBack(bytes);
    const { windowBytes = 0 } = this.#options;
    const bound = this.#ends.size * (Math.max(windowBytes, 128 * 1024) + 66 * 1024);
    if (this.session.receiveBytes > bound) throw new Error("unread data is not bounded");
    return true;
  }

  #ended(end: End): void {
    end.canRead = false;
    end.in.hasEnded = true;
    const { kind } = end.channel;
    if (!end.in.isFinished) throw new Error("an end that nobody wrote");
    if (kind === "stream" && end.in.read !== end.in.written) {
      throw new Error(`the end after ${end.in.read} of ${end.in.written} bytes`);
    }
  }

  #checkBytes(flow: Flow, bytes: Uint8Array): void {
    if (flow.read + bytes.length > flow.written) throw new Error("more was read than written");
    for (let at = 0; at < bytes.length;) {
      const expected = flow.bytesAt(flow.read, bytes.length - at);
      const differs = firstDifference(expected, bytes, at);
      if (differs >= 0) throw new Error(`byte ${flow.read + differs} is another`);
      flow.read += expected.length;
      at += expected.length;
    }
  }

  #checkMessage(flow: Flow, bytes: Uint8Array): void {
    if (++flow.arrived > flow.written) throw new Error("more datagrams than were sent");
    if (bytes.length < 4) return;
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    if (number < flow.read || number >= flow.written) {
      throw new Error(`datagram ${number} after ${flow.read - 1}`);
    }
    flow.read = number + 1;
    const expected = flow.message(number, bytes.length);
    const differs = firstDifference(expected, bytes, 0);
    if (differs >= 0) throw new Error(`datagram ${number} has another byte ${differs}`);
  }
}

/** Index of the first byte that is another; -1: none. By index: most of the time goes here. */
function firstDifference(expected: Uint8Array, bytes: Uint8Array, at: number): number {
  for (let index = 0; index < expected.length; index++) {
    if (bytes[at + index] !== expected[index]) return index;
  }
  return -1;
}
