/**
 * Two machines of a link session, joined in memory, with what they tell; and a peer made by hand,
 * which sends whatever frames a test wants.
 * @module
 */

import { NetError } from "../../lib/core/error.ts";
import { LinkSession } from "../../lib/link/session.ts";
import type { SessionEvent } from "../../lib/link/session_events.ts";
import type { LinkSessionOptions } from "../../lib/link/session_options.ts";
import { LinkFrameView, maximumFrameBytes, readLinkFrame } from "../../lib/wire/link_frame.ts";
import { putResume } from "../../lib/wire/link_frame_writer.ts";

/** One end, and what it has told. */
export class SessionEnd {
  readonly session: LinkSession;
  carrier = 0;
  readonly #record = new Uint8Array(maximumFrameBytes);

  constructor(options: LinkSessionOptions) {
    this.session = new LinkSession({ heartbeat: null, ...options }, 0);
  }

  attach(nowMs = 0): void {
    this.carrier = this.session.attach(nowMs);
  }

  /** What was told since the last call. */
  told(): SessionEvent[] {
    const events: SessionEvent[] = [];
    this.session.events({ put: (event) => events.push(event) });
    return events;
  }

  /** The next record, or null. */
  pull(nowMs = 0): Uint8Array | null {
    const length = this.session.pull(this.carrier, this.#record, nowMs);
    return length === 0 ? null : this.#record.slice(0, length);
  }

  receive(record: Uint8Array, nowMs = 0): void {
    this.session.receive(this.carrier, record, nowMs);
  }

  /** Names of the frames that it has to say now. */
  said(nowMs = 0): string[] {
    const names: string[] = [];
    for (let record = this.pull(nowMs); record !== null; record = this.pull(nowMs)) {
      names.push(...framesOf(record).map(({ name }) => name));
    }
    return names;
  }

  /** All that can be read now; the end reads as "<end>". */
  read(channel: number): string {
    let text = "";
    const into = new Uint8Array(70_000);
    for (;;) {
      const length = this.session.read(channel, into);
      if (length === null) return text + "<end>";
      if (length === undefined) return text;
      text += new TextDecoder().decode(into.subarray(0, length));
    }
  }

  write(channel: number, text: string): number {
    return this.session.write(channel, new TextEncoder().encode(text));
  }
}

/** Two ends on one carrier. */
export class SessionPair {
  readonly near: SessionEnd;
  readonly far: SessionEnd;
  nowMs = 0;

  constructor(options: Partial<LinkSessionOptions> = {}) {
    this.near = new SessionEnd({ ...options, role: "client" });
    this.far = new SessionEnd({ ...options, role: "server" });
    this.connect();
  }

  /** A new carrier at both ends. */
  connect(): void {
    this.near.attach(this.nowMs);
    this.far.attach(this.nowMs);
  }

  /** The carrier is lost at both ends, with what was under way. */
  cut(): void {
    this.near.session.detach(this.near.carrier);
    this.far.session.detach(this.far.carrier);
  }

  /** Until neither has anything to say, acknowledgements included. */
  settle(): void {
    this.carry();
    this.nowMs += 1000;
    for (const { session } of [this.near, this.far]) session.tick(this.nowMs);
    this.carry();
  }

  /** Until neither has anything to say at this time. */
  carry(): void {
    for (;;) {
      const there = this.near.pull(this.nowMs);
      if (there !== null) this.far.receive(there, this.nowMs);
      const back = this.far.pull(this.nowMs);
      if (back !== null) this.near.receive(back, this.nowMs);
      if (there === null && back === null) return;
    }
  }

  /** A channel from near to far that both may use; what was told of it is taken out. */
  open(kind: "stream" | "datagrams" = "stream"): number {
    const channel = this.near.session.open(kind, "tcp://there:1");
    this.carry();
    this.far.session.accept(channel);
    this.settle();
    this.near.told();
    this.far.told();
    return channel;
  }
}

/** A server whose peer is a test: it has got the peer's RESUME. */
export function handMade(options: Partial<LinkSessionOptions> = {}): SessionEnd {
  const end = new SessionEnd({ role: "server", ...options });
  end.attach();
  end.receive(written((into) => putResume(into, 0, 0, 8 * 1024 * 1024, 1)));
  end.said();
  end.told();
  return end;
}

/** What a writer of frames writes. */
export function written(put: (into: Uint8Array) => number): Uint8Array {
  const into = new Uint8Array(maximumFrameBytes + 64);
  return into.slice(0, put(into));
}

/** A frame of any type and body. */
export function frameOf(type: number, body: readonly number[] | Uint8Array = []): Uint8Array {
  return Uint8Array.of(type, body.length >> 16, body.length >> 8, body.length, ...body);
}

/** The four bytes of a number. */
export function u32(value: number): number[] {
  return [value >>> 24, value >>> 16 & 0xff, value >>> 8 & 0xff, value & 0xff];
}

/** Reads all frames of a record. */
export function framesOf(record: Uint8Array): LinkFrameView[] {
  const frames: LinkFrameView[] = [];
  for (let at = 0; at < record.length;) {
    const frame = new LinkFrameView();
    at = readLinkFrame(record, at, 4096, frame);
    frames.push(frame);
  }
  return frames;
}

/** Name of the rule that was broken, or what else happened. */
export function faultOf(act: () => void): string {
  try {
    act();
  } catch (thrown) {
    if (!(thrown instanceof NetError) || thrown.kind !== "protocol") throw thrown;
    return thrown.code ?? "without a code";
  }
  return "legal";
}
