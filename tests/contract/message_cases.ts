/**
 * What every session of messages does.
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { randomBytes } from "../support/random.ts";
import type { ContractCase } from "./duplex_contract.ts";
import { kindOf, within } from "./expect.ts";

/** Cases of sessions whose one write is one read. */
export const messageCases: readonly ContractCase[] = [
  {
    title: "messages keep their boundaries, the empty and the longest one too",
    async run({ near, far }) {
      const longest = near.traits.maximumMessage ?? 100_000;
      const into = new Uint8Array(longest + 1);
      for (const length of [1, 0, 1472, 2, longest, 0, 3]) {
        const message = randomBytes(length, length + 1);
        const [count] = await Promise.all([
          within(far.read(into), `reading ${length} bytes`),
          near.write(message),
        ]);
        assertEquals(count, length);
        assertEquals(into.subarray(0, length), message);
      }
    },
  },
  {
    title: "messages go both ways at once",
    async run({ near, far }) {
      const into = [new Uint8Array(10), new Uint8Array(10)] as const;
      for (let round = 0; round < 50; round++) {
        const counts = await Promise.all([
          within(far.read(into[0]), "reading"),
          within(near.read(into[1]), "reading"),
          near.write(new Uint8Array(1 + round % 9)),
          far.write(new Uint8Array(1 + round % 7)),
        ]);
        assertEquals(counts.slice(0, 2), [1 + round % 9, 1 + round % 7]);
      }
    },
  },
  {
    title: "a message longer than the reader's room is an error, and the next one is whole",
    async run({ near, far }) {
      const read = far.read(new Uint8Array(10));
      await near.write(new Uint8Array(11));
      assertEquals(await kindOf(read), "too-large");
      const next = far.read(new Uint8Array(10));
      await near.write(new Uint8Array(10));
      assertEquals(await within(next, "the next message"), 10);
    },
  },
  {
    title: "a message over the limit is refused with both sizes, and the session goes on",
    when: ({ maximumMessage }) => maximumMessage !== undefined,
    async run({ near, far }) {
      const most = near.traits.maximumMessage ?? 0;
      try {
        await near.write(new Uint8Array(most + 1));
        assert(false, "it was taken");
      } catch (thrown) {
        assert(thrown instanceof NetError, `${thrown}`);
        assertEquals(thrown.kind, "too-large");
        assertStringIncludes(thrown.message, String(most + 1));
        assertStringIncludes(thrown.message, String(most));
      }
      const read = far.read(new Uint8Array(1));
      await near.write(new Uint8Array(1));
      assertEquals(await within(read, "the next message"), 1);
    },
  },
  {
    title: "writing after the end of writing is refused",
    async run({ near }) {
      await near.closeWrite();
      assertEquals(await kindOf(near.write(Uint8Array.of(1))), "broken");
    },
  },
];
