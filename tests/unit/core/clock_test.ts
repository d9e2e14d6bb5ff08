/**
 * The machine's clock.
 * @module
 */

import { assertEquals } from "@std/assert";
import { realClock, sleep } from "../../../lib/core/clock.ts";
import { root, run } from "../../support/process.ts";

Deno.test("a timer fires once, and not after it was cancelled", async () => {
  const fired: string[] = [];
  realClock.timer(1, () => fired.push("first"));
  realClock.timer(2, () => fired.push("cancelled")).cancel();
  const late = realClock.timer(3, () => fired.push("last"));
  await sleep(realClock, 20);
  late.cancel();
  assertEquals(fired, ["first", "last"]);
});

Deno.test("nobody goes on while the first timer of a process is set or cancelled", async () => {
  // The runtime calls this listener; a module runs where promises wait anyway.
  const script = `
    import { realClock } from "${new URL("lib/core/clock.ts", `file://${root}`)}";
    addEventListener("load", () => {
      const order = [];
      Promise.resolve().then(() => order.push("somebody else"));
      realClock.timer(1, () => order.push("cancelled")).cancel();
      realClock.timer(5, () => { order.push("fired"); console.log(order.join(", ")); });
      order.push("set");
    });`;
  const module = `data:application/typescript,${encodeURIComponent(script)}`;
  const { stdout, stderr } = await run([Deno.execPath(), "run", "-A", module]);
  assertEquals([stdout, stderr], ["set, somebody else, fired\n", ""]);
});
