/**
 * 5,000 sessions of processes: none stays behind, and the server does not grow.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { converse } from "../support/clients.ts";
import { settle } from "../support/descriptors.ts";
import { startPlumb } from "../support/process.ts";
import "../support/libc.ts";

Deno.test("5,000 sessions of processes leave no zombie, no descriptor and little memory", async () => {
  await using server = startPlumb(["serve", "echo", "tcp://127.0.0.1:0", "--model", "process"]);
  const [address = ""] = await server.listening();
  const round = () => Promise.all(Array.from({ length: 10 }, () => converse(address, "x")));
  for (let n = 0; n < 50; n++) await round();
  const before = await settle(server.pid, ({ children }) => children === 2);
  for (let n = 0; n < 450; n++) assertEquals((await round()).length, 10);
  const after = await settle(server.pid, ({ children, descriptors }) => {
    return children === 2 && descriptors <= before.descriptors + 2;
  });
  const grown = after.residentBytes - before.residentBytes;
  assert(grown < 32 * 1024 * 1024, `${grown} bytes more`);
  assertEquals((await server.stop()).code, 0);
});
