/**
 * Listeners of a session: those that we want the peer to open, and those that it wants here.
 *
 * Each side numbers its own from 1 upwards. Who asked may take it back (UNLISTEN); who listens says
 * when it is over, once (NOT_LISTENING), be it refused, ended by itself or taken back.
 * @module
 */

import { NetError } from "../core/error.ts";
import { linkCodeOf, linkFault } from "../wire/link_code.ts";
import { linkFrame, type LinkFrameView } from "../wire/link_frame.ts";
import { encodeText } from "../wire/link_frame_writer.ts";
import { addressFrame, idFrame, type Refusal, refusalFrame } from "./control_frames.ts";
import type { FrameMemory, OutFrame } from "./frame_memory.ts";
import type { Outbox, Speaker } from "./outbox.ts";
import { Refusals } from "./refusals.ts";
import type { SessionEvents } from "./session_events.ts";
import type { SessionSettings } from "./session_options.ts";

/** What listeners need of their session. */
export interface ListenersParts {
  readonly settings: SessionSettings;
  readonly memory: FrameMemory;
  readonly outbox: Outbox;
  readonly events: SessionEvents;
}

/** One that we want: asked for, in effect, taken back. */
class OurListener implements Speaker {
  isQueued = false;
  state: "new" | "asked" | "listening" | "ending" = "new";
  wantsEnd = false;
  readonly #id: number;
  readonly #address: Uint8Array;
  readonly #memory: FrameMemory;

  constructor(id: number, address: Uint8Array, memory: FrameMemory) {
    this.#id = id;
    this.#address = address;
    this.#memory = memory;
  }

  speak(): OutFrame | null {
    if (this.state === "new") {
      this.state = "asked";
      return addressFrame(this.#memory, linkFrame.listen, this.#id, this.#address);
    }
    if (!this.wantsEnd || this.state === "ending") return null;
    this.state = "ending";
    return idFrame(this.#memory, linkFrame.unlisten, this.#id);
  }
}

/** One that the peer wants: asked for, in effect, over. */
class TheirListener implements Speaker {
  isQueued = false;
  state: "asked" | "listening" | "over" = "asked";
  /** Where it listens, once it does. */
  address: Uint8Array | null = null;
  /** Why it does not, or no longer. */
  end: Refusal | null = null;
  readonly #id: number;
  readonly #memory: FrameMemory;
  readonly #forget: (id: number) => void;

  /** @param forget called once its end was said; until then it counts */
  constructor(id: number, memory: FrameMemory, forget: (id: number) => void) {
    this.#id = id;
    this.#memory = memory;
    this.#forget = forget;
  }

  speak(): OutFrame | null {
    if (this.state === "over") return null;
    if (this.end !== null) {
      this.state = "over";
      this.#forget(this.#id);
      return refusalFrame(this.#memory, linkFrame.notListening, this.#id, this.end);
    }
    if (this.state !== "asked" || this.address === null) return null;
    this.state = "listening";
    return addressFrame(this.#memory, linkFrame.listening, this.#id, this.address);
  }
}

/** All listeners of a session. */
export class Listeners {
  readonly #parts: ListenersParts;
  readonly #ours = new Map<number, OurListener>();
  readonly #theirs = new Map<number, TheirListener>();
  readonly #refusals: Refusals;
  readonly #most: number;
  #next = 1;
  #last = 0;

  constructor(parts: ListenersParts) {
    this.#parts = parts;
    this.#most = parts.settings.limits["link-listeners"];
    const { memory, outbox } = parts;
    this.#refusals = new Refusals(linkFrame.notListening, this.#most, memory, outbox);
  }

  /** True for one of ours that was in effect when the peer last spoke of it. */
  hasOurs(id: number): boolean {
    const listener = this.#ours.get(id);
    if (listener?.state === "listening") return !listener.wantsEnd;
    // Connections may cross with our UNLISTEN; a number that never was in effect is wrong.
    if (listener?.state === "ending" || (listener === undefined && id < this.#next)) return false;
    throw linkFault("unknown-listener", `an open for listener ${id}`);
  }

  /** True for one of the peer's that is in effect here. */
  hasTheirs(id: number): boolean {
    return this.#theirs.get(id)?.end === null;
  }

  /** Asks the peer to listen. @throws {NetError} kind "limit", "too-large" */
  listen(address: string): number {
    if (this.#ours.size >= this.#most) {
      throw new NetError({
        kind: "limit",
        op: "listen",
        message: `the link has ${this.#most} listeners`,
        hint: "see --limit link-listeners",
      });
    }
    const text = this.#encode(address);
    const id = this.#next++;
    const listener = new OurListener(id, text, this.#parts.memory);
    this.#ours.set(id, listener);
    this.#parts.outbox.announce(listener);
    return id;
  }

  /** Takes one of ours back. Idempotent. */
  unlisten(id: number): void {
    const listener = this.#ours.get(id);
    if (listener === undefined) return;
    listener.wantsEnd = true;
    // Not said yet: then it never was.
    if (listener.state === "new") {
      listener.state = "ending";
      this.#ours.delete(id);
    } else this.#parts.outbox.announce(listener);
  }

  /** One of the peer's is in effect, at this address. @throws {NetError} kind "too-large" */
  listening(id: number, address: string): void {
    const listener = this.#theirs.get(id);
    if (listener === undefined || listener.address !== null || listener.end !== null) return;
    listener.address = this.#encode(address);
    this.#parts.outbox.announce(listener);
  }

  /** One of the peer's is not in effect, or no longer. */
  refuse(id: number, refusal: Refusal): void {
    const listener = this.#theirs.get(id);
    if (listener === undefined || listener.end !== null) return;
    listener.end = refusal;
    this.#parts.outbox.announce(listener);
  }

  /** A frame of the peer that is about a listener. @throws {NetError} kind "protocol" */
  receive(frame: LinkFrameView): void {
    switch (frame.type) {
      case linkFrame.listen:
        return this.#asked(frame);
      case linkFrame.listening:
        return this.#inEffect(frame);
      case linkFrame.notListening:
        return this.#notInEffect(frame);
      case linkFrame.unlisten:
        return this.#takenBack(frame);
    }
  }

  /** The session is over: those of the peer are told to their owner as taken back. */
  cut(): void {
    for (const [id, { end }] of this.#theirs) {
      if (end === null) this.#parts.events.put({ kind: "unlisten", listener: id });
    }
    this.#theirs.clear();
    this.#ours.clear();
    this.#refusals.clear();
  }

  #asked({ id, text }: LinkFrameView): void {
    if (id <= this.#last) throw linkFault("bad-listener", `listener ${id} was asked for before`);
    this.#last = id;
    if (this.#theirs.size >= this.#most) {
      return this.#refusals.add(id, { code: "limit", text: `${this.#most} listeners are there` });
    }
    const forget = (id: number) => void this.#theirs.delete(id);
    this.#theirs.set(id, new TheirListener(id, this.#parts.memory, forget));
    this.#parts.events.put({ kind: "listen", listener: id, address: text });
  }

  #inEffect({ id, text, name }: LinkFrameView): void {
    const listener = this.#ours.get(id);
    if (listener?.state === "ending") return;
    if (listener?.state !== "asked") throw linkFault("unknown-listener", `${name} ${id}`);
    listener.state = "listening";
    if (listener.wantsEnd) return;
    this.#parts.events.put({ kind: "listening", listener: id, address: text });
  }

  #notInEffect({ id, code, text, name }: LinkFrameView): void {
    const listener = this.#ours.get(id);
    if (listener === undefined || listener.state === "new") {
      throw linkFault("unknown-listener", `${name} ${id}`);
    }
    this.#ours.delete(id);
    const isWanted = !listener.wantsEnd;
    listener.state = "ending";
    if (!isWanted) return;
    this.#parts.events.put({ kind: "listen-refused", listener: id, code: linkCodeOf(code), text });
  }

  #takenBack({ id, name }: LinkFrameView): void {
    if (id === 0 || id > this.#last) throw linkFault("unknown-listener", `${name} ${id}`);
    // It may cross with our NOT_LISTENING.
    if (!this.hasTheirs(id)) return;
    this.refuse(id, { code: "done", text: "" });
    this.#parts.events.put({ kind: "unlisten", listener: id });
  }

  #encode(address: string): Uint8Array {
    const text = encodeText(address);
    if (text.length <= this.#parts.settings.limits["link-text"]) return text;
    const message = `an address of ${text.length} bytes`;
    throw new NetError({ kind: "too-large", op: "listen", message });
  }
}
