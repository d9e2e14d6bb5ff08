/**
 * The channels of a session, by number, and how many there may be.
 *
 * Numbers are given by who asks: odd ones by the client, even ones by the server, always upwards and
 * never twice, so that a frame that is late can be told from one that is wrong.
 * @module
 */

import { NetError } from "../core/error.ts";
import { type LinkCode, linkFault } from "../wire/link_code.ts";
import { linkFrame, type LinkFrameView } from "../wire/link_frame.ts";
import { encodeText } from "../wire/link_frame_writer.ts";
import { Channel } from "./channel.ts";
import { type ChannelHost, channelOver, type HostedChannel } from "./channel_host.ts";
import type { WindowBudget } from "./channel_input.ts";
import { Fifo } from "./fifo.ts";
import { type FrameMemory, largestFrameMemory } from "./frame_memory.ts";
import type { Listeners } from "./listeners.ts";
import type { Outbox } from "./outbox.ts";
import { Refusals } from "./refusals.ts";
import type { ChannelKind, SessionEvents } from "./session_events.ts";
import type { SessionSettings, SessionTally } from "./session_options.ts";

/** What channels need of their session. */
export interface ChannelsParts {
  readonly settings: SessionSettings;
  readonly memory: FrameMemory;
  readonly outbox: Outbox;
  readonly events: SessionEvents;
  readonly tally: SessionTally;
  readonly listeners: Listeners;
}

/** All channels of a session. */
export class Channels implements ChannelHost {
  readonly settings: SessionSettings;
  readonly memory: FrameMemory;
  readonly outbox: Outbox;
  readonly events: SessionEvents;
  readonly tally: SessionTally;
  readonly budget: WindowBudget;
  readonly #listeners: Listeners;
  readonly #channels = new Map<number, Channel>();
  readonly #waiting = new Fifo<HostedChannel>();
  readonly #refusals: Refusals;
  readonly #most: number;
  /** The number that we give next, and the last one that the peer gave. */
  #next: number;
  #last: number;
  /** Frames come in runs about one channel; a look at this costs less than the map. */
  #latest: Channel | null = null;

  constructor(parts: ChannelsParts) {
    this.settings = parts.settings;
    this.memory = parts.memory;
    this.outbox = parts.outbox;
    this.events = parts.events;
    this.tally = parts.tally;
    this.#listeners = parts.listeners;
    const { limits, role } = parts.settings;
    this.budget = { left: limits["link-receive"] };
    this.#most = limits["link-channels"];
    this.#refusals = new Refusals(linkFrame.refused, this.#most, parts.memory, parts.outbox);
    this.#next = role === "client" ? 1 : 2;
    this.#last = role === "client" ? 0 : -1;
  }

  /** How many there are. */
  get size(): number {
    return this.#channels.size;
  }

  /** The channel that an owner may use; undefined once it is over. */
  find(id: number): Channel | undefined {
    const channel = this.#lookUp(id);
    return channel?.isAbandoned ? undefined : channel;
  }

  /** The channel, for a call that needs it. @throws {NetError} kind "broken" once it is over */
  get(id: number, op: "read" | "write"): Channel {
    const channel = this.find(id);
    if (channel === undefined) throw channelOver(op, id);
    return channel;
  }

  /** Every one that there is, also those whose owner has gone. */
  all(): Iterable<Channel> {
    return this.#channels.values();
  }

  /** Asks the peer for a channel. @throws {NetError} kind "limit", "too-large" */
  open(kind: ChannelKind, target: string, listener: number): number {
    if (this.#channels.size >= this.#most) {
      throw new NetError({
        kind: "limit",
        op: "open",
        message: `the link has ${this.#most} channels`,
        hint: "see --limit link-channels",
      });
    }
    const text = encodeText(target);
    if (text.length > this.settings.limits["link-text"]) {
      const message = `an address of ${text.length} bytes`;
      throw new NetError({ kind: "too-large", op: "open", message });
    }
    const id = this.#next;
    this.#next += 2;
    this.#channels.set(id, new Channel(this, id, kind, { target: text, listener }));
    return id;
  }

  /** A frame of the peer that is about a channel. @throws {NetError} kind "protocol" */
  receive(record: Uint8Array, frame: LinkFrameView): void {
    const { type, id } = frame;
    if (type === linkFrame.open) return this.#offered(frame);
    const channel = this.#lookUp(id);
    if (channel === undefined) return this.#strayed(frame);
    if (type === linkFrame.data || type === linkFrame.message) {
      channel.receiveData(type, record, frame.start, frame.end);
    } else channel.receive(frame);
  }

  /** Memory has become free: writers that wait for it are told, who has waited longest first. */
  tellWritable(): void {
    const bound = this.settings.replayBytes - largestFrameMemory;
    for (let left = this.#waiting.size; left > 0 && this.memory.used <= bound; left--) {
      const channel = this.#waiting.shift();
      if (channel === undefined) break;
      channel.isListed = false;
      channel.tellWritable();
    }
  }

  waits(channel: HostedChannel): void {
    if (channel.isListed) return;
    channel.isListed = true;
    this.#waiting.push(channel);
  }

  forget(channel: HostedChannel): void {
    this.#channels.delete(channel.id);
    if (this.#latest === channel) this.#latest = null;
  }

  /** The session is over: every channel is, but those that the peer has ended before. */
  cut(code: LinkCode): void {
    for (const channel of [...this.#channels.values()]) channel.cut(code);
    this.#refusals.clear();
    this.#waiting.clear();
  }

  #lookUp(id: number): Channel | undefined {
    const latest = this.#latest;
    if (latest !== null && latest.id === id) return latest;
    const channel = this.#channels.get(id);
    if (channel !== undefined) this.#latest = channel;
    return channel;
  }

  #offered(frame: LinkFrameView): void {
    const { id, second: listener, amount, text } = frame;
    const isTheirs = id % 2 === (this.settings.role === "client" ? 0 : 1);
    if (!isTheirs || id <= this.#last) {
      throw linkFault("bad-channel", `channel ${id} is not the peer's to open`);
    }
    this.#last = id;
    if (listener !== 0 && !this.#listeners.hasOurs(listener)) {
      return this.#refusals.add(id, { code: "no-listener", text: "" });
    }
    if (this.#channels.size >= this.#most) {
      const text = `${this.#most} channels are open`;
      return this.#refusals.add(id, { code: "limit", text });
    }
    const channel = new Channel(this, id, frame.datagrams ? "datagrams" : "stream", null);
    channel.offer(amount);
    this.#channels.set(id, channel);
    this.events.put({
      kind: "incoming",
      channel: id,
      channelKind: channel.kind,
      target: text,
      listener: listener === 0 ? null : listener,
    });
  }

  /** About no channel that there is: late, or wrong. */
  #strayed({ type, id, name }: LinkFrameView): void {
    const isOurs = id % 2 === this.#next % 2;
    const wasThere = id !== 0 && (isOurs ? id < this.#next : id <= this.#last);
    if (!wasThere) throw linkFault("unknown-channel", `a ${name} about channel ${id}`);
    // They may cross with the frame that ended the channel; others may not.
    if (type === linkFrame.credit || type === linkFrame.reset) return;
    throw linkFault("illegal-frame", `a ${name} about channel ${id}, which has ended`);
  }
}
