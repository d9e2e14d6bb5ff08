/**
 * Counting what this process holds. Serial: parallel test files share one process.
 * @module
 */

import { assertEquals } from "@std/assert";
import { childrenOf } from "../../../tools/descendants.ts";
import { descriptorLinks, holdings } from "../../support/descriptors.ts";
import { start } from "../../support/process.ts";

Deno.test("holdings counts a descriptor more for an open file", () => {
  const before = holdings().descriptors;
  using file = Deno.openSync("/dev/null");
  assertEquals(holdings().descriptors, before + 1, `${file.isTerminal()}`);
});

Deno.test("holdings counts a socket as one, and a child while it lives", async () => {
  const before = holdings();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  assertEquals(holdings().sockets, before.sockets + 1);
  listener.close();
  assertEquals(holdings().sockets, before.sockets);
  {
    await using child = start(["sleep", "60"]);
    assertEquals(childrenOf(Deno.pid).includes(child.pid), true);
  }
  assertEquals(holdings().children, before.children);
});

Deno.test("descriptorLinks says where descriptors point", () => {
  using file = Deno.openSync("/dev/full");
  assertEquals(descriptorLinks().includes("/dev/full"), !file.isTerminal());
});
