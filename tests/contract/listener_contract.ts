/**
 * One suite for every implementation of `Listener`.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { makeContext } from "../../lib/core/context.ts";
import { NetError } from "../../lib/core/error.ts";
import { isPending, kindOf, readCount, within } from "./expect.ts";
import type { ListenerFixture } from "./pair.ts";

interface ListenerCase {
  readonly title: string;
  run(fixture: ListenerFixture): Promise<void>;
}

const cases: readonly ListenerCase[] = [
  {
    title: "every client is accepted, and talks to its own session",
    async run({ listener, connect }) {
      for (let client = 1; client <= 5; client++) {
        const near = await connect();
        const incoming = await within(listener.accept(), "accepting");
        assert(incoming !== null);
        const far = await incoming.settle(makeContext());
        await near.write(Uint8Array.of(client));
        assertEquals(await readCount(far, 1), Uint8Array.of(client));
        await near[Symbol.asyncDispose]();
        await far[Symbol.asyncDispose]();
      }
    },
  },
  {
    title: "closing ends an accept that waits, for ever, and is idempotent",
    async run({ listener }) {
      const accepted = listener.accept();
      assert(await isPending(accepted, 10));
      await Promise.all([listener[Symbol.asyncDispose](), listener[Symbol.asyncDispose]()]);
      assertEquals(await within(accepted, "accepting"), null);
      assertEquals(await listener.accept(), null);
      await listener[Symbol.asyncDispose]();
    },
  },
  {
    title: "closing leaves accepted sessions alone, and refuses new ones",
    async run({ listener, connect }) {
      const near = await connect();
      const far = await (await listener.accept())?.settle(makeContext());
      assert(far !== undefined);
      await listener[Symbol.asyncDispose]();
      await near.write(Uint8Array.of(1));
      assertEquals(await readCount(far, 1), Uint8Array.of(1));
      const kind = await kindOf(connect());
      assert(kind === "refused" || kind === "not-found", `${kind}`);
      await near[Symbol.asyncDispose]();
      await far[Symbol.asyncDispose]();
    },
  },
  {
    title: "a rejected client sees its session end, and rejecting is idempotent",
    async run({ listener, connect }) {
      const near = await connect();
      const incoming = await listener.accept();
      incoming?.reject();
      incoming?.reject();
      const seen = await within(near.read(new Uint8Array(1)), "reading").catch((thrown) => thrown);
      assert(seen === null || (seen instanceof NetError && seen.kind === "reset"), `${seen}`);
      await near[Symbol.asyncDispose]();
    },
  },
  {
    title: "a client that is gone before it was accepted does not end the listener",
    async run({ listener, connect }) {
      const gone = await connect();
      gone.abort();
      await gone[Symbol.asyncDispose]();
      const first = await within(listener.accept(), "accepting").catch((thrown) => thrown);
      if (first instanceof NetError) assertEquals(first.kind, "transient");
      else first?.reject();
      const near = await connect();
      const incoming = await within(listener.accept(), "accepting the next");
      assert(incoming !== null);
      incoming.reject();
      await near[Symbol.asyncDispose]();
    },
  },
];

/** Registers the suite for one transport. */
export function listenerContract(name: string, open: () => Promise<ListenerFixture>): void {
  for (const { title, run } of cases) {
    Deno.test(`${name} listener: ${title}`, async () => {
      await using fixture = await open();
      await run(fixture);
    });
  }
}
