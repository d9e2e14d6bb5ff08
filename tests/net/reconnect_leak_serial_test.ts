/**
 * A thousand reconnections leave nothing behind.
 * @module
 */

import "../support/libc.ts";
import { assert, assertEquals } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { makeContext } from "../../lib/core/context.ts";
import { reconnecting } from "../../lib/link/reconnect.ts";
import { onNetworkChange } from "../../lib/sys/network_change.ts";
import { readinessSettled } from "../../lib/sys/readiness.ts";
import { holdings, settle } from "../support/descriptors.ts";

Deno.test("reconnect: no descriptor, thread or timer is left of 1,000 reconnections", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  let accepted = 0;
  const serving = (async () => {
    const buffer = new Uint8Array(16);
    for await (const peer of listener) {
      // In turn: the peer ends in order, breaks it with unread input, and breaks it after reading.
      const manner = accepted++ % 3;
      if (manner === 2) await peer.read(buffer);
      peer.close();
    }
  })();
  const dial = ({ signal }: { signal: AbortSignal }) =>
    connect(`tcp://127.0.0.1:${port}`, { signal });
  const session = reconnecting(dial, {
    backoff: { initialMs: 1, maximumMs: 1 },
    watchNetwork: onNetworkChange,
    tell: (event) =>
      void (event.state === "up" && session.write(new Uint8Array(8)).catch(() => {})),
  }, makeContext());
  const reading = session.read(new Uint8Array(1)).catch(({ kind }) => kind);
  const until = async (count: number) => {
    while (accepted < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await until(50); // what the runtime opens once is open
  const before = holdings();
  await until(1_050);
  // Some may be closing: what grows with their number would be hundreds.
  const after = await settle(Deno.pid, ({ descriptors }) => descriptors < before.descriptors + 8);
  assert(after.threads <= before.threads + 2, JSON.stringify([before, after]));
  session.abort();
  assertEquals(await reading, "aborted");
  await session[Symbol.asyncDispose]();
  listener.close();
  await serving;
  await readinessSettled();
  assert(session.tally.connections >= 1_000);
});
