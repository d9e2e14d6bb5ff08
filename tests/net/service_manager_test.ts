/** The service manager that cannot be told at once. @module */

import { assertEquals } from "@std/assert";
import { ServiceManager } from "../../lib/cli/service_manager.ts";
import { VirtualClock } from "../../lib/core/clock.ts";
import { makeContext } from "../../lib/core/context.ts";
import { notifyManager } from "../../lib/sys/notify.ts";
import { encodeSockaddr } from "../../lib/wire/sockaddr.ts";
import { fakeHost } from "../support/host.ts";
import "../support/libc.ts";
import { withFewDescriptors } from "../support/no_descriptors.ts";

Deno.test("a manager that is slow to read is told everything, in order, and keeps no timer", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-manager-" });
  const path = `${folder}/notify`;
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  const next = async () => new TextDecoder().decode((await socket.receive())[0]);
  try {
    const name = encodeSockaddr({ family: "unix", path });
    let full = 0;
    while (notifyManager(name, "STATUS=full") === undefined) full++;
    const clock = new VirtualClock();
    const host = fakeHost({ clock, environment: { NOTIFY_SOCKET: path } });
    using manager = ServiceManager.of(host, makeContext({ clock }));
    manager?.ready();
    await clock.advance(1_000);
    for (; full > 0; full--) assertEquals(await next(), "STATUS=full");
    manager?.stopping();
    await clock.advance(1_000);
    assertEquals([await next(), await next()], ["READY=1", "STOPPING=1"]);
    assertEquals(clock.pending, 0);
    while (notifyManager(name, "STATUS=full") === undefined) full++;
    for (let n = 0; n < 100; n++) manager?.succeededBy(n);
    manager?.[Symbol.dispose]();
    assertEquals(clock.pending, 0);
  } finally {
    socket.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a manager is told once there is a descriptor for it again", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-manager-" });
  const said = await withFewDescriptors(`
import { ServiceManager } from "${import.meta.resolve("../../lib/cli/service_manager.ts")}";
import { VirtualClock } from "${import.meta.resolve("../../lib/core/clock.ts")}";
import { makeContext } from "${import.meta.resolve("../../lib/core/context.ts")}";

const socket = Deno.listenDatagram({ transport: "unixpacket", path: "${folder}/notify" });
const clock = new VirtualClock();
const host = { clock, environment: (name) => name === "NOTIFY_SOCKET" ? "${folder}/notify" : undefined };
using manager = ServiceManager.of(host, makeContext({ clock }));
{
  using held = useUp();
  manager.ready();
}
await clock.advance(200);
console.log(new TextDecoder().decode((await socket.receive())[0]));
socket.close();
`).finally(() => Deno.remove(folder, { recursive: true }));
  assertEquals(said, "READY=1\n");
});
