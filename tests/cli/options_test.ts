/** `plumb options`, and the exit statuses of options that cannot be had. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { plumb, plumbCommand, run } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";

/** What the kernel's headers call them; each level's share of the course and more. */
const kernelNames: Readonly<Record<string, string>> = {
  SOL_SOCKET: "SNDBUF RCVBUF REUSEADDR REUSEPORT KEEPALIVE BROADCAST DONTROUTE OOBINLINE ERROR " +
    "TYPE LINGER RCVLOWAT SNDLOWAT RCVTIMEO SNDTIMEO PRIORITY MARK BINDTODEVICE BUSY_POLL",
  IPPROTO_IP: "TOS TTL HDRINCL OPTIONS MULTICAST_TTL MULTICAST_LOOP MULTICAST_IF MULTICAST_ALL " +
    "MTU_DISCOVER RECVERR",
  IPPROTO_IPV6: "V6ONLY UNICAST_HOPS MULTICAST_HOPS MULTICAST_LOOP MULTICAST_IF MULTICAST_ALL",
  IPPROTO_TCP: "NODELAY MAXSEG KEEPIDLE KEEPINTVL KEEPCNT USER_TIMEOUT DEFER_ACCEPT QUICKACK " +
    "CORK FASTOPEN CONGESTION NOTSENT_LOWAT INFO",
};

const prefixes: Readonly<Record<string, string>> = {
  SOL_SOCKET: "SO_",
  IPPROTO_IP: "IP_",
  IPPROTO_IPV6: "IPV6_",
  IPPROTO_TCP: "TCP_",
};

async function objects(...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await plumb(["options", "--json", ...args]);
  assertEquals(code, 0, stderr);
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("options tells everything of every option, with the defaults of this kernel", async () => {
  const told = await objects();
  for (const [level, names] of Object.entries(kernelNames)) {
    for (const name of names.split(" ")) {
      const kernelName = `${prefixes[level]}${name}`;
      const one = told.find((fact) => fact["kernelName"] === kernelName);
      assert(one !== undefined, kernelName);
      assertEquals(one["level"], level);
      assert(String(one["summary"]).length > 10, kernelName);
      // Raw sockets, and IPv6 where there is none, are the only ones that cannot be asked.
      const isUnknown = one["default"] === null;
      assert(!isUnknown || name === "HDRINCL" || level === "IPPROTO_IPV6", kernelName);
    }
  }
  const default_ = (name: string) => told.find((one) => one["kernelName"] === name)?.["default"];
  const system = (name: string) => Deno.readTextFileSync(`/proc/sys/net/${name}`).trim();
  assertEquals(default_("TCP_CONGESTION"), system("ipv4/tcp_congestion_control"));
  assertEquals(default_("TCP_KEEPIDLE"), Number(system("ipv4/tcp_keepalive_time")) * 1000);
  assertEquals(default_("IP_TTL"), Number(system("ipv4/ip_default_ttl")));
  assertEquals(default_("SO_SNDBUF"), Number(system("ipv4/tcp_wmem").split(/\s+/)[1]));
  const readOnly = told.filter((one) => one["readOnly"]).map((one) => one["kernelName"]);
  assertEquals(readOnly.sort(), [
    "IPV6_MULTICAST_IF",
    "IP_MULTICAST_IF",
    "SO_ERROR",
    "SO_SNDLOWAT",
    "SO_TYPE",
    "TCP_INFO",
  ]);
});

Deno.test("options as text is found by either name, and fits the page", async () => {
  const { stdout } = await plumb(["options", "TCP_KEEPALIVE", "so_rcvbuf"]);
  assertStringIncludes(stdout, "TCP_KEEPIDLE, TCP_KEEPALIVE: silence before the first");
  assertStringIncludes(stdout, "rcvbuf  SO_RCVBUF: ");
  assert(stdout.split("\n").every((line) => line.length <= 80), stdout);
  const missing = await plumb(["options", "keepidel"]);
  assertEquals(missing.code, 6);
  assertEquals(
    missing.stderr,
    "plumb: options: no socket option is called keepidel; did you mean keepidle?\n",
  );
});

Deno.test("options of an address says what a socket of that kind really has", async () => {
  const address = "tcp://127.0.0.1:9?rcvbuf=64KiB&keepalive=30s/5s/3&linger=2s&interface=lo";
  const told = await objects(address);
  const of = (name: string) => {
    const { asked, value, changed } = told.find((one) => one["name"] === name) ?? {};
    return [asked, value, changed];
  };
  assertEquals(of("rcvbuf").slice(0, 2), ["64KiB", 131_072]); // doubled: socket(7)
  assertEquals(of("linger"), ["2s", 2_000, true]);
  assertEquals(of("keepalive").slice(0, 2), [
    "30s/5s/3",
    { idleMs: 30_000, intervalMs: 5_000, count: 3 },
  ]);
  assertEquals(of("bindtodevice"), ["lo", "lo", true]);
  assertEquals(of("ttl")[2], false);
  assert(told.every((one) => one["level"] !== "IPPROTO_IPV6"));
  const six = await objects("listen:udp://[::1]:0?ttl=9", "ttl");
  assertEquals(six.filter((one) => one["changed"]).map((one) => one["kernelName"]), [
    "IP_TTL",
    "IPV6_UNICAST_HOPS",
  ]);
  const unix = await plumb(["options", "unixgram:@x?sndbuf=8KiB"]);
  assertStringIncludes(unix.stdout, "A new Unix datagram socket with the options of the address");
  assert(/^\* +sndbuf +SO_SNDBUF +16KiB +\S+ +8KiB$/m.test(unix.stdout), unix.stdout);
  const said = await plumb(["options", "-v", "udp://127.0.0.1:9?tos=16", "tos"]);
  assertStringIncludes(said.stderr, "tos is 16");
  const none = await plumb(["options", "exec:true"]);
  assertEquals(none.code, 2);
});

Deno.test("an option that cannot be had is one line, and exit status 2 where that was known", async () => {
  const attempts: readonly [number, string, string][] = [
    [2, "tcp://127.0.0.1:9?ttl=300", "ttl is at most 255"],
    [2, "tcp://127.0.0.1:9?ttl=0", "ttl is at least 1"],
    [2, "udp://127.0.0.1:9?multicast-ttl=256", "at most 255"],
    [2, "udp://127.0.0.1:9?bindtodevice=nosuch0", "no such interface"],
    [2, "tcp://127.0.0.1:9?interface=nosuch0", "no such interface"],
    [2, "tcp://[fe80::1%nosuch0]:9", "no such interface nosuch0; there are lo"],
    [2, "tcp://[fe80::1%nosuch0]:9?rcvbuf=64KiB", "no such interface nosuch0"],
    [2, "tcp://[fe80::1%65000]:9", "no such interface 65000"],
    [2, "tcp://127.0.0.1:9?keepalive=1s/1s/200", "keepcnt: is at most 127"],
    [2, "tcp://127.0.0.1:9?linger=1500ms", "whole seconds"],
    [2, "tcp://127.0.0.1:9?defer-accept=3s", "only the passive side"],
    [2, "tcp://127.0.0.1:9?rcvtimeo=3s", "unknown option"],
    [2, "tcp://127.0.0.1:9?ip-options=xyz", "hex"],
    [2, "tcp://127.0.0.1:9?interface=lo&bindtodevice=lo", "another name"],
    [2, "unix:/nowhere?sndbuf=8", "needs a unit"],
    [3, "tcp://127.0.0.1:9?congestion=nosuch", "option congestion tcp://127.0.0.1:9"],
    [3, "tcp://127.0.0.1:9?ip-options=ffffffff", "option ip-options"],
    [3, "tcp://127.0.0.1:9?bind=192.0.2.1", "bind=192.0.2.1"],
    [3, "tcp://127.0.0.1:9?rcvbuf=64KiB", "connection refused (ECONNREFUSED)"],
  ];
  // Two at a time: the machine may have no more processors.
  for (let at = 0; at < attempts.length; at += 2) {
    await Promise.all(
      attempts.slice(at, at + 2).map(async ([status, address, words]) => {
        const { code, stderr } = await plumb(["connect", address]);
        assertEquals(code, status, stderr);
        assertStringIncludes(stderr, words);
        assertEquals(stderr.trim().split("\n").length, 1, stderr);
      }),
    );
  }
});

toolTest("setpriv", "an option without the privilege for it is exit status 5", async () => {
  const isRoot = Deno.uid() === 0; // others have not got it anyway
  const bare = isRoot ? ["setpriv", "--bounding-set=-net_admin,-net_raw", "--inh-caps=-all"] : [];
  const { code, stderr } = await run([...bare, ...plumbCommand, "connect", "tcp://:9?mark=7"]);
  assertEquals(code, 5, stderr);
  assertStringIncludes(stderr, "option mark tcp://:9: operation not permitted (EPERM)");
});
