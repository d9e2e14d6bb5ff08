/**
 * A hundred thousand connections that the access list refuses.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { converse, fateOf, many } from "../support/clients.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { startPlumb } from "../support/process.ts";
import "../support/libc.ts";

Deno.test("100,000 connections refused by the access list leave no descriptor and no growth", async () => {
  const options = { timeoutMs: 300_000 };
  await using server = startPlumb(
    ["serve", "echo", "tcp://[::]:0", "--deny", "127.0.0.0/8"],
    options,
  );
  const [listening = ""] = await server.listening();
  const port = listening.split(":").at(-1);
  const idle = holdings(server.pid).sockets;
  const refused = async (count: number) => {
    await many(count, 20, async () => {
      assertEquals(await fateOf(`tcp://127.0.0.1:${port}`), "reset");
    });
  };
  await refused(60_000); // the heap has grown to its working size by then
  const before = await settle(server.pid, ({ sockets }) => sockets === idle);
  await refused(100_000);
  const after = await settle(server.pid, ({ sockets }) => sockets === idle);
  assert(after.descriptors <= before.descriptors, JSON.stringify({ before, after }));
  const grown = after.residentBytes - before.residentBytes;
  assert(grown < 16 * 1024 * 1024, `${grown} bytes more`);
  assertEquals(await converse(`tcp://[::1]:${port}`, "allowed"), "allowed");
});
