/**
 * What the two directions of a link session share.
 * @module
 */

import type { NetError } from "../core/error.ts";
import type { LinkCode } from "../wire/link_code.ts";
import { Acknowledger } from "./acknowledger.ts";
import { Channels } from "./channels.ts";
import type { Refusal } from "./control_frames.ts";
import { FrameMemory } from "./frame_memory.ts";
import { Listeners } from "./listeners.ts";
import { Outbox } from "./outbox.ts";
import { Pulse } from "./pulse.ts";
import { Replay } from "./replay.ts";
import { SessionEvents } from "./session_events.ts";
import { emptyTally } from "./link_tally.ts";
import type { SessionSettings, SessionTally } from "./session_options.ts";

/** The parts, each of which knows its own business only. */
export interface SessionParts {
  readonly settings: SessionSettings;
  readonly tally: SessionTally;
  readonly events: SessionEvents;
  readonly memory: FrameMemory;
  readonly outbox: Outbox;
  readonly replay: Replay;
  readonly acknowledger: Acknowledger;
  readonly pulse: Pulse;
  readonly listeners: Listeners;
  readonly channels: Channels;
  readonly standing: Standing;
}

/** Where a carrier stands: nothing but RESUME is legal, each way, before its RESUME. */
export type CarrierStanding =
  | "none"
  /** Ours is due, the peer's has not come. */
  | "attached"
  /** Ours was given, the peer's has not come. */
  | "greeted"
  /** The peer's came before ours was given. */
  | "heard"
  /** Both. */
  | "up";

/** What comes after our RESUME was given to the carrier. */
export const afterGreeting: Readonly<Record<CarrierStanding, CarrierStanding>> = {
  none: "none",
  attached: "greeted",
  greeted: "greeted",
  heard: "up",
  up: "up",
};

/** What comes after the peer's RESUME; undefined where it may not send one. */
export const afterResume: Readonly<Record<CarrierStanding, CarrierStanding | undefined>> = {
  none: undefined,
  attached: "heard",
  greeted: "up",
  heard: undefined,
  up: undefined,
};

/** Where the session stands. */
export class Standing {
  /** The present carrier; numbers are never used twice. */
  carrier = 0;
  /** How many carriers the peer has had, this one included, as its RESUME says. */
  peerCarrier = 0;
  /** What was exchanged on it. */
  state: CarrierStanding = "none";
  /** Why we end the session; null: we do not. */
  leaving: Refusal | null = null;
  /** True once our GOAWAY has its number: nothing sequenced follows it. */
  hasSaidGoodbye = false;
  /** True once the peer's GOAWAY came: nothing sequenced may follow it. */
  hasHeardGoodbye = false;
  /** What the peer did that it may not; null: nothing. */
  failure: NetError | null = null;
  /** True while the peer is to be told of the failure. */
  hasLastWords = false;
  /** True once nothing more will happen. */
  isOver = false;
}

/** The parts of a session that begins. */
export function makeParts(settings: SessionSettings, nowMs: number): SessionParts {
  const memory = new FrameMemory();
  const basis = {
    settings,
    memory,
    tally: emptyTally(),
    events: new SessionEvents(),
    outbox: new Outbox(),
  };
  const listeners = new Listeners(basis);
  return {
    ...basis,
    listeners,
    channels: new Channels({ ...basis, listeners }),
    replay: new Replay(memory),
    acknowledger: new Acknowledger(settings.ackDelayMs),
    pulse: new Pulse(settings.heartbeat, nowMs),
    standing: new Standing(),
  };
}

/** Ends every channel and listener here; what has a number is still said. */
export function cutAll(parts: SessionParts, code: LinkCode): void {
  parts.outbox.clear();
  parts.channels.cut(code);
  parts.listeners.cut();
}

/** Says "over" once both have said goodbye, and ours has left. */
export function endIfOver({ standing, replay, events }: SessionParts): void {
  if (standing.isOver || !standing.hasHeardGoodbye || !standing.hasSaidGoodbye) return;
  if (replay.hasUnsent) return;
  standing.isOver = true;
  events.put({ kind: "over" });
}
