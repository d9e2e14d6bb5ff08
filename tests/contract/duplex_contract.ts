/**
 * One suite for every implementation of `Duplex`, in the spirit of golang.org/x/net/nettest and
 * trio's check_two_way_stream.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { holdings, settle } from "../support/descriptors.ts";
import { isPending, kindOf, within } from "./expect.ts";
import { messageCases } from "./message_cases.ts";
import type { SessionPair } from "./pair.ts";
import { streamCases } from "./stream_cases.ts";

/** What is expected of a transport; held against what its sessions say of themselves. */
export interface ContractTraits {
  readonly messages: boolean;
  readonly halfClose: boolean;
  /** An abort reaches the peer as a reset. */
  readonly resets: boolean;
  /** A writer waits for its reader. */
  readonly backpressure: boolean;
  readonly maximumMessage?: number;
  /** Sessions have the optional powers. */
  readonly readable: boolean;
  readonly unacknowledged: boolean;
  /** Closing with unread input may lose what was written (no way to see the send queue). */
  readonly lossyClose?: boolean;
}

/** Traits of a byte stream; what a transport lacks is given apart. */
export const streamTraits: ContractTraits = {
  messages: false,
  halfClose: true,
  resets: false,
  backpressure: true,
  readable: true,
  unacknowledged: false,
};

/** One behaviour. */
export interface ContractCase {
  readonly title: string;
  /** Without it, always. */
  when?(traits: ContractTraits): boolean;
  run(pair: SessionPair): Promise<void>;
}

/** What sessions of bytes and of messages have in common. */
const everyCase: readonly ContractCase[] = [
  {
    title: "abort wakes a read that waits, and is idempotent",
    async run({ near }) {
      const read = near.read(new Uint8Array(1));
      read.catch(() => {}); // looked at below
      assert(await isPending(read, 10));
      near.abort(new Error("enough"));
      near.abort();
      assertEquals(await kindOf(read), "aborted");
      assertEquals(await kindOf(near.read(new Uint8Array(1))), "aborted");
      assertEquals(await kindOf(near.write(Uint8Array.of(1))), "aborted");
      await near.closeWrite();
      await near[Symbol.asyncDispose]();
    },
  },
  {
    title: "closing is idempotent, and nothing is read or written after it",
    async run({ near }) {
      await near[Symbol.asyncDispose]();
      await near[Symbol.asyncDispose]();
      near.abort();
      await near.closeWrite();
      assertEquals(await kindOf(near.read(new Uint8Array(1))), "aborted");
      assertEquals(await kindOf(near.write(Uint8Array.of(1))), "aborted");
    },
  },
  {
    title: "ending to write is idempotent",
    async run({ near }) {
      await Promise.all([near.closeWrite(), near.closeWrite()]);
      await near.closeWrite();
    },
  },
];

/**
 * Registers the suite for one transport.
 *
 * @param name of the transport, for the titles
 * @param makePair opens two joined ends
 */
export function duplexContract(
  name: string,
  makePair: () => Promise<SessionPair>,
  traits: ContractTraits,
): void {
  const cases = [...everyCase, ...(traits.messages ? messageCases : streamCases)];
  for (const { title, when, run } of cases) {
    if (when?.(traits) === false) continue;
    Deno.test(`${name}: ${title}`, () => leakless(makePair, run));
  }
  Deno.test(`${name}: sessions say what they can do`, () =>
    leakless(makePair, (pair) => {
      for (const session of [pair.near, pair.far]) {
        assertEquals(session.traits.messages, traits.messages);
        assertEquals(session.traits.halfClose, traits.halfClose);
        assertEquals(session.traits.resets ?? false, traits.resets);
        assertEquals(session.traits.maximumMessage, traits.maximumMessage);
        assertEquals(session.readable !== undefined, traits.readable);
        assert(session.local.text.length > 0 || session.remote.text.length > 0);
      }
      return Promise.resolve();
    }));
}

/** Runs a case and counts descriptors before and after it; timers and ops the sanitizers count. */
async function leakless(
  makePair: () => Promise<SessionPair>,
  run: (pair: SessionPair) => Promise<void>,
): Promise<void> {
  // The runtime opens some of its own with the first socket.
  await (await makePair())[Symbol.asyncDispose]();
  const before = holdings().descriptors;
  const pair = await makePair();
  try {
    await run(pair);
  } finally {
    await within(Promise.resolve(pair[Symbol.asyncDispose]()), "closing");
  }
  await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
}
