/**
 * The machine's own network comes and goes, in a namespace of the test's.
 * @module
 */

import "../support/libc.ts";
import { assertEquals } from "@std/assert";
import { onNetworkChange } from "../../lib/sys/network_change.ts";
import { readinessSettled } from "../../lib/sys/readiness.ts";
import { descriptorLinks } from "../support/descriptors.ts";
import { ip, Network, networkTest } from "../support/namespaces.ts";
import { root } from "../support/process.ts";

networkTest("an address, a route and a carrier are told; what goes away is not", async () => {
  await using network = new Network();
  const host = await network.host("told");
  const script = `
    import { onNetworkChange } from "${root}lib/sys/network_change.ts";
    let count = 0;
    onNetworkChange(() => console.log("told " + ++count));
    console.log("ready");
  `;
  await using child = host.start(["deno", "eval", script], { stdin: "null" });
  await child.stdoutHas("ready\n");
  await network.join([host]);
  await child.stdoutHas("told 1\n");
  const quiet = () => new Promise((resolve) => setTimeout(resolve, 400));
  await quiet();
  await ip([`-n ${host.name} link set eth0 down`]);
  await quiet();
  const before = [...child.stdout.matchAll(/told/g)].length;
  await ip([`-n ${host.name} addr del 10.77.1.1/24 dev eth0`]);
  await quiet();
  assertEquals([...child.stdout.matchAll(/told/g)].length, before);
  await ip([`-n ${host.name} link set eth0 up`]);
  await child.stdoutMatches(/^told \d+$/gm, before + 1);
});

Deno.test("nothing stays open once nobody wants to be told", async () => {
  const netlinks = () => descriptorLinks().length;
  onNetworkChange(() => {})[Symbol.dispose](); // opens what is shared
  await readinessSettled();
  const before = netlinks();
  for (let round = 0; round < 20; round++) {
    const then = () => {};
    const watches = [onNetworkChange(then), onNetworkChange(then)];
    for (const watch of watches) watch[Symbol.dispose]();
    for (const watch of watches) watch[Symbol.dispose]();
  }
  await readinessSettled();
  assertEquals(netlinks(), before);
});
