import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import { hostPort, inetPeer } from "../../../lib/transport/peer.ts";
import { resolveHost } from "../../../lib/transport/resolve.ts";

Deno.test("numeric hosts resolve to themselves, with their zone", async () => {
  const context = makeContext();
  assertEquals(await resolveHost("192.0.2.1", context), [{ host: "192.0.2.1", family: 4 }]);
  assertEquals(await resolveHost("::1", context), [{ host: "::1", family: 6 }]);
  assertEquals(await resolveHost("fe80::1%eth0", context), [{ host: "fe80::1%eth0", family: 6 }]);
});

Deno.test("an empty host is localhost, as /etc/hosts has it", async () => {
  const hosts = await resolveHost("", makeContext());
  assertEquals(hosts, await resolveHost("localhost", makeContext()));
  assert(hosts.every(({ host }) => host === "127.0.0.1" || host === "::1"));
});

Deno.test("a name that nobody has cannot be resolved, and says so", async () => {
  const resolving = () => resolveHost("no.such.name.invalid", makeContext());
  const error = await assertRejects(resolving, NetError);
  assertEquals(error.kind, "resolve");
  assertEquals(error.message, "resolve no.such.name.invalid: no such host (ENOTFOUND)");
});

Deno.test("resolving ends with the signal", async () => {
  const reason = new Error("enough");
  const context = makeContext({ signal: AbortSignal.abort(reason) });
  assertStrictEquals(await assertRejects(() => resolveHost("localhost", context)), reason);
});

Deno.test("mapped peers are shown as IPv4, IPv6 ones in brackets", () => {
  assertEquals(inetPeer("tcp", "::ffff:192.0.2.1", 80), {
    scheme: "tcp",
    text: "tcp://192.0.2.1:80",
    host: "192.0.2.1",
    port: 80,
  });
  assertEquals(inetPeer("tcp", "fe80::1", 80, "eth0").text, "tcp://[fe80::1%eth0]:80");
  assertEquals(inetPeer("udp", "::1", 53).text, "udp://[::1]:53");
  assertEquals(hostPort("fe80::1%eth0", 1), "[fe80::1%eth0]:1");
});
