/**
 * The states of a channel as tables: which frame is legal in which, and what comes after it.
 * `PROTOCOL.md` shows the same tables.
 *
 * A channel has two directions. FIN or RESET of its sender ends one; it is forgotten by a side that
 * knows both to have ended. Who receives a RESET and has not ended its own direction answers with
 * one, so that the other side knows from where on nothing comes.
 * @module
 */

import { linkFrame } from "../wire/link_frame.ts";

/** States, seen from one side; only frames that were sent or received change them. */
export type ChannelState =
  /** `open` was called, OPEN is not sent yet. */
  | "new"
  /** OPEN is sent, not answered. */
  | "opening"
  /** OPEN was received, not answered. */
  | "offered"
  | "open"
  /** We have sent FIN. */
  | "finished"
  /** The peer has sent FIN. */
  | "ended"
  /** We have sent RESET; the peer's direction has not ended yet. */
  | "resetting"
  /** The peer has sent RESET; our answer is due. */
  | "reset"
  | "closed";

/** After a frame: a state. No entry: the frame is illegal in this state. */
type Transitions = Readonly<Record<number, ChannelState>>;

const { open, opened, refused, data, message, skip, fin, reset, credit } = linkFrame;

/** What follows from a frame of the peer. */
const received: Readonly<Record<ChannelState, Transitions>> = {
  new: {},
  opening: { [opened]: "open", [refused]: "closed" },
  offered: { [reset]: "reset" },
  open: {
    [data]: "open",
    [message]: "open",
    [skip]: "open",
    [credit]: "open",
    [fin]: "ended",
    [reset]: "reset",
  },
  finished: {
    [data]: "finished",
    [message]: "finished",
    [skip]: "finished",
    [credit]: "finished",
    [fin]: "closed",
    [reset]: "closed",
  },
  ended: { [credit]: "ended", [reset]: "reset" },
  // What was under way when our RESET left: looked at for its credit, and dropped.
  resetting: {
    [opened]: "resetting",
    [data]: "resetting",
    [message]: "resetting",
    [skip]: "resetting",
    [credit]: "resetting",
    [refused]: "closed",
    [fin]: "closed",
    [reset]: "closed",
  },
  reset: {},
  // CREDIT and RESET may cross with the FIN that ended the channel.
  closed: { [credit]: "closed", [reset]: "closed" },
};

/** What follows from a frame of ours. */
const sent: Readonly<Record<ChannelState, Transitions>> = {
  new: { [open]: "opening" },
  opening: { [reset]: "resetting" },
  offered: { [opened]: "open", [refused]: "closed" },
  open: {
    [data]: "open",
    [message]: "open",
    [credit]: "open",
    [fin]: "finished",
    [reset]: "resetting",
  },
  finished: { [credit]: "finished", [reset]: "resetting" },
  ended: { [data]: "ended", [message]: "ended", [fin]: "closed", [reset]: "closed" },
  resetting: {},
  reset: { [reset]: "closed" },
  closed: {},
};

/** The state after a frame of the peer; undefined where it may not send it. */
export function afterReceived(state: ChannelState, type: number): ChannelState | undefined {
  return received[state][type];
}

/** The state after a frame of ours; undefined where we may not send it. */
export function afterSent(state: ChannelState, type: number): ChannelState | undefined {
  return sent[state][type];
}
