/**
 * A takeover from a server that hangs: it accepts, by its kernel, and says nothing.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { stepMs, Takeover } from "../../lib/api/takeover.ts";
import { VirtualClock } from "../../lib/core/clock.ts";
import { makeContext } from "../../lib/core/context.ts";
import { NetError } from "../../lib/core/error.ts";
import { holdings } from "../support/descriptors.ts";
import { testFolder } from "../support/folder.ts";
import { within } from "../support/within.ts";
import "../support/libc.ts";

/** Long enough that the connection is made, and its answer waited for. */
const pause = () => new Promise((later) => setTimeout(later, 20));

Deno.test("who takes over from a server that says nothing gives up in time", async () => {
  await using folder = await testFolder();
  using _silent = Deno.listen({ transport: "unix", path: `${folder.path}/door` });
  const clock = new VirtualClock();
  const before = holdings().sockets;
  const taken = Takeover.from(`${folder.path}/door`, makeContext({ clock }));
  const refused = assertRejects(() => taken, NetError, "said nothing for 10000 ms");
  await pause();
  await clock.advance(stepMs);
  assertEquals((await within(refused, () => "it waits", 2_000)).kind, "timeout");
  assertEquals(holdings().sockets, before);
  assertEquals(clock.pending, 0);
});

Deno.test("a signal ends the wait for the server before", async () => {
  await using folder = await testFolder();
  using _silent = Deno.listen({ transport: "unix", path: `${folder.path}/door` });
  const signal = AbortSignal.timeout(30);
  const before = holdings().sockets;
  const taken = Takeover.from(`${folder.path}/door`, makeContext({ signal }));
  await within(assertRejects(() => taken, DOMException, "timeout"), () => "it waits", 2_000);
  assertEquals(holdings().sockets, before);
});
