/**
 * What channels of a session share, and what is known of one from outside.
 * @module
 */

import { NetError } from "../core/error.ts";
import type { ChannelInput, WindowBudget } from "./channel_input.ts";
import type { ChannelOutput } from "./channel_output.ts";
import type { FrameMemory } from "./frame_memory.ts";
import type { Outbox } from "./outbox.ts";
import type { ChannelKind, SessionEvents } from "./session_events.ts";
import type { SessionSettings, SessionTally } from "./session_options.ts";

/** What channels of a session share. */
export interface ChannelHost {
  readonly settings: SessionSettings;
  readonly memory: FrameMemory;
  readonly budget: WindowBudget;
  readonly outbox: Outbox;
  readonly events: SessionEvents;
  readonly tally: SessionTally;
  /** The channel's write waits for memory. */
  waits(channel: HostedChannel): void;
  /** Nobody needs the channel any more. */
  forget(channel: HostedChannel): void;
}

/** What a host needs of a channel. */
export interface HostedChannel {
  readonly id: number;
  /** True while its write waits for memory of the session; kept by the host. */
  isListed: boolean;
  /** Memory has become free. */
  tellWritable(): void;
}

/** What OPEN says. */
export interface Opening {
  /** UTF-8 of what to open. */
  readonly target: Uint8Array;
  /** The peer's listener that it is for; 0 for none. */
  readonly listener: number;
}

/** What is known of a channel. Sizes in bytes. */
export interface ChannelFacts {
  /** Bytes or datagrams. */
  readonly kind: ChannelKind;
  /** See `PROTOCOL.md`; "new" before OPEN has left. */
  readonly state: string;
  /** What may be written before the peer gives more. */
  readonly sendCredit: number;
  /** What the peer may send before it gets more. */
  readonly receiveCredit: number;
  /** What the peer may have under way and unread, in all. */
  readonly window: number;
  /** Credit that unread data has used. */
  readonly unread: number;
  /** Credit of what was read, which is to be given back. */
  readonly consumed: number;
}

/** Looks at a channel. */
export function factsOf({ kind, state, input, output }: {
  readonly kind: ChannelKind;
  readonly state: string;
  readonly input: ChannelInput;
  readonly output: ChannelOutput;
}): ChannelFacts {
  return {
    kind,
    state,
    sendCredit: output.credit,
    receiveCredit: input.credit,
    window: input.window,
    unread: input.unread,
    consumed: input.consumed,
  };
}

/** What calls on a channel that is over get. */
export function channelOver(op: "read" | "write", channel: number): NetError {
  return new NetError({ kind: "broken", op, message: `channel ${channel} of the link is over` });
}
