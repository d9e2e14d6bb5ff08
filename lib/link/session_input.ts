/**
 * What the peer says: which frame is legal when, and to whom it goes.
 * @module
 */

import { NetError } from "../core/error.ts";
import { codeOfFault, linkCodeOf, linkFault } from "../wire/link_code.ts";
import {
  isIgnorable,
  isSequenced,
  linkFrame,
  LinkFrameView,
  readLinkFrame,
} from "../wire/link_frame.ts";
import { afterResume, cutAll, endIfOver, type SessionParts } from "./session_parts.ts";

/** Reads records. */
export class SessionInput {
  readonly #parts: SessionParts;
  readonly #frame = new LinkFrameView();
  readonly #mostText: number;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#mostText = parts.settings.limits["link-text"];
  }

  /** True where the record begins with a RESUME that is newer than the last one. */
  admits(record: Uint8Array): boolean {
    try {
      readLinkFrame(record, 0, this.#mostText, this.#frame);
    } catch (thrown) {
      if (thrown instanceof NetError) return false;
      throw thrown;
    }
    const { type, carrier } = this.#frame;
    return type === linkFrame.resume && carrier > this.#parts.standing.peerCarrier;
  }

  /** Whole frames of the present carrier. @throws {NetError} kind "protocol" */
  receive(record: Uint8Array, nowMs: number): void {
    const { tally, pulse, channels } = this.#parts;
    tally.bytesReceived += record.length;
    if (record.length > 0) pulse.heard(nowMs);
    const frame = this.#frame;
    for (let at = 0; at < record.length;) {
      const end = readLinkFrame(record, at, this.#mostText, frame);
      this.#take(record, frame, end - at, nowMs);
      at = end;
    }
    channels.tellWritable();
    endIfOver(this.#parts);
  }

  #take(record: Uint8Array, frame: LinkFrameView, length: number, nowMs: number): void {
    const { standing, acknowledger, channels } = this.#parts;
    const { type } = frame;
    if (isIgnorable(type)) return;
    if (type === linkFrame.resume) return this.#resume(frame);
    if (standing.state !== "up" && standing.state !== "heard") {
      throw linkFault("resume-expected", `a ${frame.name} before the resume`);
    }
    if (!isSequenced(type)) return this.#takeUnsequenced(frame, nowMs);
    if (standing.hasHeardGoodbye) throw linkFault("illegal-frame", `a ${frame.name} after goaway`);
    acknowledger.count(length, nowMs);
    if (type === linkFrame.goaway) return this.#goodbye(frame);
    // Under way when our goodbye left: the peer will see that nobody was there for it.
    if (standing.hasSaidGoodbye) return;
    if (type >= linkFrame.listen) this.#parts.listeners.receive(frame);
    else channels.receive(record, frame);
  }

  #takeUnsequenced({ type, amount }: LinkFrameView, nowMs: number): void {
    const { replay, pulse } = this.#parts;
    switch (type) {
      case linkFrame.ack:
        return replay.acknowledge(amount);
      case linkFrame.ping:
        return pulse.asked(amount);
      case linkFrame.pong:
        return pulse.answered(amount, nowMs);
    }
  }

  #resume({ amount, second, carrier }: LinkFrameView): void {
    const { standing, replay, acknowledger, events } = this.#parts;
    const next = afterResume[standing.state];
    if (next === undefined) throw linkFault("illegal-frame", "a second resume on one carrier");
    const resent = replay.resume(amount);
    standing.state = next;
    standing.peerCarrier = carrier;
    acknowledger.pace(second);
    events.put({ kind: "attached", resent });
  }

  #goodbye({ code, text }: LinkFrameView): void {
    const { standing, acknowledger, events } = this.#parts;
    const name = linkCodeOf(code);
    standing.hasHeardGoodbye = true;
    acknowledger.hurry();
    if (!standing.hasSaidGoodbye) {
      standing.leaving ??= { code: "done", text: "" };
      cutAll(this.#parts, name);
    }
    events.put({ kind: "goodbye", code: name, text });
  }
}

/** The session is over because of what the peer did. */
export function failSession(parts: SessionParts, fault: NetError): void {
  const { standing, replay } = parts;
  const code = codeOfFault(fault);
  standing.failure = fault;
  standing.leaving = { code, text: fault.reason };
  standing.hasLastWords = standing.isOver = true;
  cutAll(parts, code);
  replay.clear();
}
