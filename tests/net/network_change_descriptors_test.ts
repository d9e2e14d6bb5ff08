/** Being told of changes of the network, where descriptors run out. @module */

import { assertEquals } from "@std/assert";
import { withFewDescriptors } from "../support/no_descriptors.ts";

Deno.test("who asks for changes of the network is not left with a watch that has failed", async () => {
  const said = await withFewDescriptors(`
import { onNetworkChange } from "${import.meta.resolve("../../lib/sys/network_change.ts")}";
import { hasLibc } from "${import.meta.resolve("../../lib/sys/libc.ts")}";

const links = () => [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
  try {
    return [Deno.readLinkSync("/proc/self/fd/" + name)];
  } catch {
    return []; // the folder itself
  }
});
const sockets = () => links().filter((link) => link.startsWith("socket:")).length;
hasLibc();
const before = sockets();
let first;
{
  // One is left: for the socket, and none to wait with.
  const last = Deno.openSync("/dev/null");
  using held = useUp();
  last.close();
  first = onNetworkChange(() => {});
  await new Promise((later) => setTimeout(later, 10));
}
const failed = sockets() - before;
const second = onNetworkChange(() => {});
console.log(failed, sockets() - before);
first[Symbol.dispose]();
second[Symbol.dispose]();
console.log(sockets() - before);
`);
  assertEquals(said, "1 2\n0\n");
});
