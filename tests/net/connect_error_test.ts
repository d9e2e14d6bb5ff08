/** What a connection by address says when it cannot be had. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { listen } from "../../lib/api/listen.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";
import "../support/libc.ts";

Deno.test("a time limit tells which addresses it cut short", async () => {
  // A full accept queue: the kernel drops who knocks (listen(2)), as a packet filter would.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const address = `127.0.0.1:${listener.addr.port}`;
  const waiting: Duplex[] = [];
  let error: unknown;
  while (error === undefined && waiting.length < 5) {
    await connect(`tcp://${address}`, { timeoutMs: 300 }).then(
      (session) => waiting.push(session),
      (thrown) => error = thrown,
    );
  }
  for (const session of waiting) session.abort();
  assert(error instanceof NetError);
  assertEquals(
    error.message,
    `connect tcp://${address}: no answer within 300 ms (ETIMEDOUT); change it with --timeout`,
  );
  const [{ durationMs, ...attempt } = { durationMs: 0 }, ...others] = error.attempts;
  assertEquals([attempt, others], [{ address, message: "no answer" }, []]);
  assert(Number(durationMs) >= 290);
});

Deno.test("a name without an address is told as operation, address and cause", async () => {
  const name = "no-such-name.invalid";
  for (const scheme of ["tcp", "udp"]) {
    const address = `${scheme}://${name}:9`;
    for (const [op, open] of [["connect", connect], ["listen", listen]] as const) {
      const error = await assertRejects(() => open(address), NetError);
      assertEquals([error.kind, error.op, error.address], ["resolve", op, address]);
      assert(error.message.startsWith(`${op} ${address}: `), error.message);
    }
  }
});

Deno.test("what is no address at all is a usage error, and not a bug", async () => {
  for (const nothing of [undefined, null, 7, {}, []]) {
    for (const open of [connect, listen]) {
      const error = await assertRejects(() => open(nothing as never), NetError);
      assertEquals([error.kind, error.op], ["usage", "address"]);
    }
  }
});
