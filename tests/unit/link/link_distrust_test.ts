import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { greetClient } from "../../../lib/link/link_greeting.ts";
import { retentionOf } from "../../../lib/link/link_retention.ts";
import type { Welcome } from "../../../lib/wire/link_hello.ts";
import { HandListener, Linked, linkKey } from "../../support/linked.ts";
import { makePair } from "../../support/pair.ts";

Deno.test("a server that never knows a session, not even a new one, is not asked over and over", async () => {
  const gone: Welcome = { status: "session-gone", features: 0, received: 0, text: "" };
  const greeted: Promise<unknown>[] = [];
  await using linked = new Linked({
    client: { renews: true },
    dial: () => {
      const [near, far] = makePair();
      greeted.push(greetClient(far, { key: linkKey, seals: true }, () => gone, makeContext()));
      return near;
    },
  });
  const error = await assertRejects(() => linked.client().up, NetError);
  assertEquals([error.kind, greeted.length], ["protocol", 1]);
  await Promise.all(greeted);
});

Deno.test("where a connection over there came from is shown, and not obeyed by a terminal", async () => {
  const there = new HandListener("tcp://0.0.0.0:8080");
  await using linked = new Linked({ handlers: { listen: () => Promise.resolve(there) } });
  const listener = await linked.client().listen("tcp://:8080");
  there.connect("tcp://\x1b[31m:1\n");
  assertEquals((await listener.accept())?.remote.text, "tcp://\\x1b[31m:1\\x0a");
});

Deno.test("sessions are kept for as long as asked for, or not at all", () => {
  const limits = { ...defaultLimits, "link-retention": 300_000 };
  assertEquals([retentionOf(undefined, limits), retentionOf(1, limits)], [300_000, 1]);
  const error = assertThrows(() => retentionOf(300_001, limits), NetError, "link-retention");
  assertEquals(error.kind, "usage");
});
