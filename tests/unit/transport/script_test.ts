/** script: a scripted peer. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { scriptTransport } from "../../../lib/transport/script.ts";
import { connectWith, readAll, readOnce, writeText } from "../../support/open_transport.ts";

Deno.test("script sends, expects, sends and closes", async () => {
  await using session = await connectWith(
    scriptTransport,
    "script:send=220%20hi%0d%0a&expect=QUIT&send=221%20bye&close",
  );
  assertEquals(await readOnce(session), "220 hi\r\n");
  await writeText(session, "NOOP\r\nQU");
  await writeText(session, "IT\r\n");
  assertEquals(await readAll(session), "221 bye");
});

Deno.test("script breaks the session when what it expects never comes", async () => {
  await using session = await connectWith(scriptTransport, "script:expect=QUIT&send=ok");
  await writeText(session, "something else");
  await session.closeWrite();
  const error = await assertRejects(() => readOnce(session), NetError);
  assertEquals([error.kind, error.blame], ["protocol", "remote"]);
  assertStringIncludes(error.message, "QUIT");
  assertStringIncludes(error.message, "14 bytes");
});

Deno.test("script without close ends its sending and reads on", async () => {
  await using session = await connectWith(scriptTransport, "script:send=hi");
  assertEquals(await readAll(session), "hi");
  await writeText(session, "x".repeat(1_000_000));
  await session.closeWrite();
});

Deno.test("script close breaks who still writes, end does not", async () => {
  await using closed = await connectWith(scriptTransport, "script:close");
  assertEquals(await readAll(closed), "");
  const error = await assertRejects(() => writeText(closed, "x"), NetError);
  assertEquals(error.kind, "broken");
  await using ended = await connectWith(scriptTransport, "script:send=a&end&expect=b&close");
  assertEquals(await readAll(ended), "a");
  await writeText(ended, "b");
});

Deno.test("script abort is a reset", async () => {
  await using session = await connectWith(scriptTransport, "script:expect=go&abort");
  await writeText(session, "go");
  const error = await assertRejects(() => readOnce(session), NetError);
  assertEquals(error.kind, "reset");
});

Deno.test("script waits by the context's clock", async () => {
  const clock = new VirtualClock();
  const context = makeContext({ clock });
  await using session = await connectWith(scriptTransport, "script:wait=50ms&send=late&close", {
    context,
  });
  const reading = readOnce(session);
  let done = false;
  reading.then(() => done = true);
  await clock.advance(49);
  assert(!done);
  await clock.advance(1);
  assertEquals(await reading, "late");
});

Deno.test("closing or aborting the session stops the script and its timer", async () => {
  const clock = new VirtualClock();
  for (const end of ["dispose", "abort"] as const) {
    const context = makeContext({ clock });
    const session = await connectWith(scriptTransport, "script:wait=1h&send=x", { context });
    if (end === "abort") session.abort();
    await session[Symbol.asyncDispose]();
    assertEquals(clock.pending, 0);
  }
});

Deno.test("script stops with the context", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const context = makeContext({ clock, signal: controller.signal });
  await using session = await connectWith(scriptTransport, "script:wait=1h", { context });
  const reading = readOnce(session);
  controller.abort(new Error("enough"));
  assertEquals((await assertRejects(() => reading, NetError)).kind, "reset");
  assertEquals(clock.pending, 0);
});

Deno.test("script refuses more steps than its limit", async () => {
  const context = makeContext({ limits: { ...defaultLimits, "script-steps": 1 } });
  const error = await assertRejects(
    () => connectWith(scriptTransport, "script:send=a&send=b", { context }),
    NetError,
  );
  assertEquals(error.kind, "limit");
  assertStringIncludes(error.message, "script-steps");
});

Deno.test("script finds what it expects however it is cut, overlaps included", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 12 }),
      fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 5 }),
      async (before, wanted, pieceBytes) => {
        const text = `${before}${wanted}c`;
        await using session = await connectWith(
          scriptTransport,
          `script:expect=${wanted}&expect=c&send=ok&close`,
        );
        for (let at = 0; at < text.length; at += pieceBytes) {
          await writeText(session, text.slice(at, at + pieceBytes)).catch(() => {});
        }
        await session.closeWrite();
        assertEquals(await readAll(session), "ok");
      },
    ),
    { numRuns: 50 },
  );
});
