/**
 * What the owner of a channel wants and the peer has not been told yet, and the frames that tell it.
 * @module
 */

import type { LinkCode } from "../wire/link_code.ts";
import { linkFrame } from "../wire/link_frame.ts";
import type { Opening } from "./channel_host.ts";
import type { ChannelInput } from "./channel_input.ts";
import { afterSent, type ChannelState } from "./channel_states.ts";
import {
  amountFrame,
  openFrame,
  type Refusal,
  refusalFrame,
  resetFrame,
} from "./control_frames.ts";
import type { FrameMemory, OutFrame } from "./frame_memory.ts";

/** Intents of one channel. */
export class ChannelIntents {
  /** OPENED is wanted. */
  isAccepted = false;
  /** REFUSED is wanted. */
  refusal: Refusal | null = null;
  /** RESET is wanted, after which nothing is. */
  resetCode: LinkCode | null = null;
  /** FIN is wanted, after the data. */
  wantsFin = false;
  readonly #id: number;
  readonly #opening: Opening | null;
  readonly #datagrams: boolean;
  readonly #input: ChannelInput;
  readonly #memory: FrameMemory;

  /** @param opening what OPEN says; null where the peer has opened */
  constructor(
    id: number,
    opening: Opening | null,
    datagrams: boolean,
    input: ChannelInput,
    memory: FrameMemory,
  ) {
    this.#id = id;
    this.#opening = opening;
    this.#datagrams = datagrams;
    this.#input = input;
    this.#memory = memory;
  }

  /** The control frame that is due in this state; null where none is. */
  next(state: ChannelState): OutFrame | null {
    if (state === "new") return this.#open();
    if (state === "offered") return this.#answer();
    const code = this.resetCode;
    if (code !== null && afterSent(state, linkFrame.reset) !== undefined) {
      return resetFrame(this.#memory, this.#id, code);
    }
    if (!this.isCreditDue(state)) return null;
    return amountFrame(this.#memory, linkFrame.credit, this.#id, this.#input.grant());
  }

  /** True where enough was read, and the peer may still send. */
  isCreditDue(state: ChannelState): boolean {
    return this.#input.isCreditDue && afterSent(state, linkFrame.credit) !== undefined;
  }

  #open(): OutFrame | null {
    if (this.#opening === null) return null;
    const { credit } = this.#input;
    const open = { id: this.#id, datagrams: this.#datagrams, credit, ...this.#opening };
    return openFrame(this.#memory, open);
  }

  #answer(): OutFrame | null {
    if (this.refusal !== null) {
      return refusalFrame(this.#memory, linkFrame.refused, this.#id, this.refusal);
    }
    if (!this.isAccepted) return null;
    return amountFrame(this.#memory, linkFrame.opened, this.#id, this.#input.credit);
  }
}
