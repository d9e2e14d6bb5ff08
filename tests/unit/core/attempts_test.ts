import { assertEquals } from "@std/assert";
import { Attempts } from "../../../lib/core/attempts.ts";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { NetError } from "../../../lib/core/error.ts";

Deno.test("what failed is told with its cause, what is under way as without an answer", async () => {
  const clock = new VirtualClock();
  const attempts = new Attempts(clock);
  assertEquals(attempts.list(), []);
  const failed = attempts.begin("[::1]:1");
  await clock.advance(250);
  const odd = attempts.begin("192.0.2.1:1");
  attempts.begin("192.0.2.2:1");
  failed(
    new NetError({ kind: "refused", op: "connect", message: "refused", code: "ECONNREFUSED" }),
  );
  odd(new NetError({ kind: "unexpected", op: "connect", message: "odd" }));
  await clock.advance(100);
  assertEquals(attempts.list(), [
    {
      address: "[::1]:1",
      message: "refused (ECONNREFUSED)",
      code: "ECONNREFUSED",
      durationMs: 250,
    },
    { address: "192.0.2.1:1", message: "odd", durationMs: 0 },
    { address: "192.0.2.2:1", message: "no answer", durationMs: 100 },
  ]);
});
