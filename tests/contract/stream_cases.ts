/**
 * What every byte session does.
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import type { Duplex } from "../../lib/core/contract.ts";
import { randomBytes, SeededBytes } from "../support/random.ts";
import { isPending, kindOf, readAll, readCount, within } from "./expect.ts";
import type { ContractCase } from "./duplex_contract.ts";

/** Writes in pieces of random length. */
async function writeCut(session: Duplex, bytes: Uint8Array, seed: number): Promise<void> {
  const random = new SeededBytes(seed);
  for (let at = 0; at < bytes.length;) {
    const length = 1 + random.below(40_000);
    await session.write(bytes.subarray(at, at + length));
    at += length;
  }
}

/** Bytes that no socket's buffers hold at once. */
const plenty = new Uint8Array(64 * 1024 * 1024);

/** Cases of byte streams. */
export const streamCases: readonly ContractCase[] = [
  {
    title: "1 MiB cut at random arrives whole and in order, both ways at once",
    async run({ near, far }) {
      const [there, back] = [randomBytes(1 << 20, 1), randomBytes(1 << 20, 2)];
      const [atFar, atNear] = await Promise.all([
        readCount(far, there.length),
        readCount(near, back.length),
        writeCut(near, there, 3),
        writeCut(far, back, 4),
      ]);
      assertEquals(atFar, there);
      assertEquals(atNear, back);
    },
  },
  {
    title: "the near end's half-close leaves the way back open",
    when: ({ halfClose }) => halfClose,
    run: ({ near, far }) => halfClose(near, far),
  },
  {
    title: "the far end's half-close leaves the way back open",
    when: ({ halfClose }) => halfClose,
    run: ({ near, far }) => halfClose(far, near),
  },
  {
    title: "half-closing comes after the last byte of a large write",
    when: ({ halfClose }) => halfClose,
    async run({ near, far }) {
      const bytes = randomBytes(1 << 20, 5);
      const written = near.write(bytes).then(() => near.closeWrite());
      assertEquals(await readAll(far), bytes);
      await within(written, "writing");
    },
  },
  {
    title: "a write of nothing sends nothing",
    async run({ near, far }) {
      await near.write(new Uint8Array());
      await near.write(Uint8Array.of(7));
      const into = new Uint8Array(8);
      assertEquals(await within(far.read(into), "reading"), 1);
      assertEquals(into[0], 7);
    },
  },
  {
    title: "a read into nothing takes nothing",
    async run({ near, far }) {
      await near.write(Uint8Array.of(1, 2));
      assertEquals(await within(far.read(new Uint8Array()), "reading"), 0);
      assertEquals(await readCount(far, 2), Uint8Array.of(1, 2));
    },
  },
  {
    title: "a writer waits while nobody reads, and goes on once somebody does",
    when: ({ backpressure }) => backpressure,
    async run({ near, far }) {
      const bytes = randomBytes(plenty.length, 6);
      const written = near.write(bytes);
      assert(await isPending(written, 150), "64 MiB were taken by nobody");
      assertEquals(await readCount(far, bytes.length), bytes);
      await within(written, "writing");
    },
  },
  {
    title: "abort wakes a write that waits",
    when: ({ backpressure }) => backpressure,
    async run({ near }) {
      const written = near.write(plenty);
      written.catch(() => {}); // looked at below
      assert(await isPending(written));
      near.abort();
      assertEquals(await kindOf(written), "aborted");
    },
  },
  {
    title: "writing to a peer that has gone fails",
    async run({ near, far }) {
      await far[Symbol.asyncDispose]();
      const kind = await kindOf((async () => {
        for (let at = 0; at < plenty.length; at += 65_536) {
          await near.write(plenty.subarray(0, 65_536));
        }
      })());
      assert(kind === "reset" || kind === "broken", `${kind}`);
    },
  },
  {
    title: "what was written before closing is delivered",
    async run({ near, far }) {
      const bytes = randomBytes(100_000, 7);
      const read = readAll(far);
      await near.write(bytes);
      await near[Symbol.asyncDispose]();
      assertEquals(await read, bytes);
    },
  },
  {
    title: "what was written before closing is delivered though input was not read",
    when: ({ backpressure, lossyClose }) => backpressure && !lossyClose,
    async run({ near, far }) {
      await far.write(new Uint8Array(1000));
      await within(near.readable?.() ?? Promise.resolve(), "readable");
      const bytes = randomBytes(1 << 20, 8);
      const written = near.write(bytes).then(() => near[Symbol.asyncDispose]());
      await isPending(written, 50); // let the queues fill
      assertEquals(await readAll(far), bytes);
      await within(Promise.resolve(written), "closing");
    },
  },
  {
    title: "readable holds nothing back: every way of reading gives all bytes",
    when: ({ readable }) => readable,
    async run({ near, far }) {
      const bytes = randomBytes(300, 9);
      const early = far.readable?.();
      assert(await isPending(Promise.resolve(early), 10), "readable before there was anything");
      await near.write(bytes);
      await within(Promise.resolve(early), "readable");
      await within(Promise.resolve(far.readable?.()), "readable again");
      const first = await readCount(far, 1); // less than was read ahead
      far.readable?.(); // abandoned
      const rest = await readCount(far, bytes.length - 1);
      assertEquals(Uint8Array.of(...first, ...rest), bytes);
      // abandoned while nothing is there, then read as if it had never been asked for
      far.readable?.();
      const read = readCount(far, bytes.length);
      await near.write(bytes);
      assertEquals(await read, bytes);
    },
  },
  {
    title: "readable settles at the peer's end",
    when: ({ readable, halfClose }) => readable && halfClose,
    async run({ near, far }) {
      const waiting = Promise.resolve(far.readable?.());
      await near.closeWrite();
      await within(waiting, "readable at the end");
      assertEquals(await far.read(new Uint8Array(1)), null);
      await within(Promise.resolve(far.readable?.()), "readable after the end");
    },
  },
  {
    title: "readable settles when the session is aborted",
    when: ({ readable }) => readable,
    async run({ far }) {
      const waiting = Promise.resolve(far.readable?.());
      assert(await isPending(waiting, 10));
      far.abort();
      await within(waiting, "readable after abort");
      assertEquals(await kindOf(far.read(new Uint8Array(1))), "aborted");
    },
  },
  {
    title: "an abort is seen as a reset, and never as an orderly end",
    when: ({ resets }) => resets,
    async run({ near, far }) {
      const read = far.read(new Uint8Array(1));
      near.abort();
      assertEquals(await kindOf(read), "reset");
      assertEquals(await kindOf(far.read(new Uint8Array(1))), "reset");
    },
  },
  {
    title: "an abort that a write saw first is still a reset to the reader",
    when: ({ resets, backpressure }) => resets && backpressure,
    async run({ near, far }) {
      const written = far.write(plenty);
      written.catch(() => {}); // looked at below
      assert(await isPending(written));
      near.abort();
      const kind = await kindOf(written);
      assert(kind === "reset" || kind === "broken", `${kind}`);
      assertEquals(await kindOf(far.read(new Uint8Array(1))), "reset");
    },
  },
  {
    title: "an abort throws away what waits, and the memory of it stays bounded",
    when: ({ backpressure, unacknowledged }) => backpressure && unacknowledged,
    async run({ near }) {
      const written = near.write(plenty);
      written.catch(() => {});
      assert(await isPending(written));
      const queued = near.unacknowledged?.() ?? 0;
      assert(queued > 0, "nothing is queued");
      assertLess(queued, plenty.length);
      near.abort();
      await kindOf(written);
      assertEquals(near.unacknowledged?.(), null);
    },
  },
];

async function halfClose(first: Duplex, second: Duplex): Promise<void> {
  await first.write(Uint8Array.of(1));
  await first.closeWrite();
  await first.closeWrite();
  assertEquals(await readAll(second), Uint8Array.of(1));
  assertEquals(await second.read(new Uint8Array(1)), null, "the end is the end for ever");
  assertEquals(await kindOf(first.write(Uint8Array.of(2))), "broken");
  await second.write(Uint8Array.of(3));
  await second.write(Uint8Array.of(4));
  await second.closeWrite();
  assertEquals(await readAll(first), Uint8Array.of(3, 4));
  assertEquals(await first.read(new Uint8Array(1)), null);
}
