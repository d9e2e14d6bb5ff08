import "../support/libc.ts";
import { assert, assertEquals } from "@std/assert";
import { interfaceFacts, routesTo } from "../../lib/cli/addr_machine.ts";
import { makeContext } from "../../lib/core/context.ts";
import { parseInetSockets, parseUnixSockets } from "../../lib/wire/procnet.ts";
import { parseInterfaceAddresses } from "../../lib/wire/procnet_routes.ts";
import { run } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";

interface IpAddress {
  readonly ifname: string;
  readonly ifindex: number;
  readonly mtu: number;
  readonly addr_info: ReadonlyArray<{
    readonly local: string;
    readonly prefixlen: number;
    readonly broadcast?: string;
  }>;
}

async function ip<T>(...args: string[]): Promise<T> {
  const { stdout } = await run(["ip", "-j", ...args]);
  return JSON.parse(stdout) as T;
}

toolTest("ip", "interfaces, addresses, broadcast and MTU are those of ip addr", async () => {
  const shown = await ip<IpAddress[]>("addr");
  const facts = interfaceFacts();
  assertEquals(
    facts.map((found) => [found.interface, found.index, found.mtu]),
    shown.map((found) => [found.ifname, found.ifindex, found.mtu]),
  );
  assertEquals(
    facts.flatMap(({ addresses }) => addresses.map((a) => `${a.host}/${a.prefixLength}`)).sort(),
    shown.flatMap((found) => found.addr_info.map((a) => `${a.local}/${a.prefixlen}`)).sort(),
  );
  for (const { local, broadcast } of shown.flatMap((found) => found.addr_info)) {
    if (broadcast === undefined) continue;
    const own = facts.flatMap(({ addresses }) => addresses).find(({ host }) => host === local);
    assertEquals(own?.broadcast, broadcast);
  }
  const listed = parseInterfaceAddresses(await Deno.readTextFile("/proc/net/if_inet6"));
  assertEquals(
    listed.map((row) => `${row.host}/${row.prefixLength}`).sort(),
    shown.flatMap((found) => found.addr_info).filter((a) => a.local.includes(":"))
      .map((a) => `${a.local}/${a.prefixlen}`).sort(),
  );
});

interface IpRoute {
  readonly dev: string;
  readonly gateway?: string;
  readonly prefsrc: string;
}

toolTest("ip", "the way to a host is that of ip route get, for both families", async () => {
  const { stdout } = await run(["ip", "-6", "route", "show", "default"]);
  const targets = ["127.0.0.1", "127.9.9.9", "::1"];
  const { stdout: four } = await run(["ip", "route", "show", "default"]);
  // Asking the routing sends nothing, so that addresses elsewhere are fair.
  if (four !== "") targets.push("198.51.100.7", "255.255.255.255", "239.1.2.3");
  if (stdout !== "") targets.push("2001:db8::7", "ff02::1");
  for (const target of targets) {
    const [shown] = await ip<IpRoute[]>("route", "get", target);
    const [found] = await routesTo(target, makeContext());
    assert(found !== undefined && !("error" in found), target);
    assertEquals(
      [found.interface, found.gateway, found.source],
      [shown?.dev, shown?.gateway ?? null, shown?.prefsrc],
      target,
    );
  }
});

toolTest(
  "ss",
  "a listener and its connection are in the parsed tables, as ss shows them",
  async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    using client = await Deno.connect({ hostname: "127.0.0.1", port });
    using served = await listener.accept();
    await client.write(new Uint8Array(77));
    const rows = parseInetSockets("tcp", await Deno.readTextFile("/proc/net/tcp"));
    const own = rows.filter((row) => row.local.port === port || row.remote.port === port);
    assertEquals(own.map((row) => row.state).sort(), ["ESTABLISHED", "ESTABLISHED", "LISTEN"]);
    const clientPort = (client.localAddr as Deno.NetAddr).port;
    const accepted = own.find((row) => row.remote.port === clientPort);
    assertEquals([accepted?.receiveQueue, accepted?.local.host], [77, "127.0.0.1"]);
    const { stdout } = await run(["ss", "-Htnea", `( sport = :${port} or dport = :${port} )`]);
    for (const row of own) {
      const line = stdout.split("\n").find((line) => line.includes(`ino:${row.inode} `));
      assert(line !== undefined, `ss shows no inode ${row.inode}:\n${stdout}`);
      assert(line.includes(`${row.local.host}:${row.local.port}`), line);
    }
    assertEquals(await served.read(new Uint8Array(100)), 77);
  },
);

Deno.test("Unix sockets of this process are in the parsed table", async () => {
  const folder = await Deno.makeTempDir();
  try {
    using _listener = Deno.listen({ transport: "unix", path: `${folder}/a b` });
    using _abstract = Deno.listen({ transport: "unix", path: `\0${folder}` });
    const rows = parseUnixSockets(await Deno.readTextFile("/proc/net/unix"));
    for (const path of [`${folder}/a b`, `@${folder}`]) {
      const row = rows.find((row) => row.path === path);
      assertEquals([row?.type, row?.state], ["stream", "listening"], path);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
