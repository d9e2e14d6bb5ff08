/**
 * `plumb listen`: one peer, and with --keep one after another.
 * @module
 */

import { assertEquals } from "@std/assert";
import { plumb, startPlumb } from "../support/process.ts";

Deno.test("listen talks with one peer both ways and is done", async () => {
  await using listening = startPlumb(["listen", "127.0.0.1:0"], { stdin: { text: "from here\n" } });
  const [address = ""] = await listening.listening();
  const client = await plumb(["connect", address], { stdin: { text: "from there\n" } });
  assertEquals([client.code, client.stdout, client.stderr], [0, "from here\n", ""]);
  const { code, stdout } = await listening.result();
  assertEquals([code, stdout], [0, "from there\n"]);
});

Deno.test("listen --keep takes one peer after another", async () => {
  await using listening = startPlumb(["listen", "--keep", "127.0.0.1:0"], { stdin: "null" });
  const [address = ""] = await listening.listening();
  for (const text of ["first\n", "second\n"]) {
    const client = await plumb(["connect", address], { stdin: { text } });
    assertEquals([client.code, client.stderr], [0, ""]);
  }
  await listening.stdoutHas("first\nsecond\n");
  listening.signal("SIGTERM");
  assertEquals((await listening.result()).code, 0);
});
