/**
 * Datagrams across a router of the test's own: hops, what ICMP says, sizes.
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ip, type NetHost, Network, networkTest, set } from "../support/namespaces.ts";
import { root } from "../support/process.ts";

/** Two hosts with a router between them: `near` is 10.77.1.1, `far` is 10.77.2.1. */
async function routed(network: Network): Promise<Record<"near" | "router" | "far", NetHost>> {
  const near = await network.host("near");
  const router = await network.host("router");
  const far = await network.host("far");
  await network.join([near, router], 1, "eth0");
  await network.join([far, router], 2, "eth1");
  await set(router.name, "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
  await ip([
    `-n ${near.name} route add default via 10.77.1.2`,
    `-n ${far.name} route add default via 10.77.2.2`,
    `-n ${near.name} -6 route add default via fd77:1::2`,
    `-n ${far.name} -6 route add default via fd77:2::2`,
  ]);
  return { near, router, far };
}

const ask = (text: string) => ({ stdin: { text } });

networkTest("what ICMP says comes back as an error that names the peer", async () => {
  await using network = new Network();
  const { near, router, far } = await routed(network);
  for (const host of ["10.77.2.1", "[fd77:2::1]"]) {
    const address = `udp://${host}:9`;
    await using closed = near.plumb(["connect", address], ask("x"));
    const refused = await closed.result();
    assertEquals(refused.code, 3);
    assertEquals(
      refused.stderr,
      `plumb: connect ${address}: connection refused (ECONNREFUSED)\n`,
    );
    // One hop less than the way has: the router drops it and says so.
    await using short = near.plumb(["connect", `${address}?ttl=1`], ask("x"));
    const expired = await short.result();
    assertEquals(expired.code, 3, expired.stderr);
    assertStringIncludes(expired.stderr, `${address}: no route to host (EHOSTUNREACH)`);
  }
  await ip([`-n ${router.name} route add prohibit 10.99.0.0/16`]);
  await using prohibited = near.plumb(["connect", "udp://10.99.1.1:9"], ask("x"));
  const { code, stderr } = await prohibited.result();
  assertEquals(code, 3, stderr);
  assertStringIncludes(stderr, "EHOSTUNREACH");

  // After an answer it is a session that was lost.
  await using server = far.plumb(["serve", "echo", "udp://0.0.0.0:9000"]);
  await server.listening();
  await using client = near.plumb(["connect", "udp://10.77.2.1:9000"]);
  await client.write("one");
  await client.stdoutHas("one");
  await server.stop();
  await client.write("two");
  const lost = await client.result();
  assertEquals(lost.code, 4, lost.stderr);
  assertStringIncludes(lost.stderr, "udp://10.77.2.1:9000: connection refused");
});

networkTest("a session of a relay ends with what ICMP says, and the others go on", async () => {
  await using network = new Network();
  const { near, router, far } = await routed(network);
  await using server = far.plumb(["serve", "echo", "udp://0.0.0.0:9000"]);
  await server.listening();
  await using relay = router.plumb([
    "relay",
    "-v",
    "listen:udp://10.77.1.2:9000",
    "udp://10.77.2.1:9000",
  ]);
  await relay.listening();
  await using client = near.plumb(["connect", "udp://10.77.1.2:9000"]);
  await client.write("one");
  await client.stdoutHas("one");
  await server.stop();
  await client.write("two");
  const line = await relay.stderrLine(/^session 1: .*error/);
  assertStringIncludes(line.input ?? "", "udp://10.77.2.1:9000: connection refused");
  await using again = far.plumb(["serve", "echo", "udp://0.0.0.0:9000"]);
  await again.listening();
  await client.write("three");
  await client.stdoutHas("three");
});

networkTest("multicast with one hop does not cross a router, with two it does", async () => {
  await using network = new Network();
  const { near, router, far } = await routed(network);
  const indexOf = async (device: string) => {
    await using shown = router.start(["cat", `/sys/class/net/${device}/ifindex`], {
      stdin: "null",
    });
    return (await shown.result()).stdout.trim();
  };
  await set(router.name, "net.ipv4.conf.all.rp_filter=0");
  const program = `${root}tests/support/multicast_router.ts`;
  await using routing = router.start(
    [
      Deno.execPath(),
      ...["run", "-A", "--cached-only", "--config", `${root}deno.json`, program],
      ...["10.77.1.1", "239.77.0.9", await indexOf("eth0"), await indexOf("eth1")],
    ],
    { stdin: "null" },
  );
  await routing.stdoutHas("routing");
  await using there = far.plumb(["listen", "--gaps", "udp://239.77.0.9:9000?interface=eth1"], {
    stdin: "null",
  });
  await using here = router.plumb(["listen", "--gaps", "udp://239.77.0.9:9000?interface=eth0"], {
    stdin: "null",
  });
  await Promise.all([there.listening(), here.listening()]);
  for (const hops of [1, 2]) {
    const target = `udp://239.77.0.9:9000?interface=eth0&multicast-ttl=${hops}`;
    await using sender = near.plumb([
      "serve",
      "announce",
      target,
      ...["--every", "20ms", "--count", "5", "--text", `<hops=${hops} n={seq}>`],
    ]);
    await sender.result();
  }
  await there.stdoutHas("<hops=2 n=5>");
  assert(!there.stdout.includes("hops=1"), there.stdout);
  assertStringIncludes(here.stdout, "<hops=1 n=5>");
});

/** Below and at the edges of a packet, of fragments, of what a datagram can be. */
const sizes = [0, 1, 1471, 1472, 1473, 2952, 2953, 9000, 32_768, 65_506, 65_507];

networkTest("datagrams of every size arrive whole, and an empty one is a message", async () => {
  await using network = new Network();
  const { near, far } = await routed(network);
  await using server = far.plumb(["serve", "echo", "udp://0.0.0.0:9000"]);
  await server.listening();
  const framed = sizes.flatMap((size, at) => [
    Uint8Array.of(size >> 8, size & 0xff),
    new Uint8Array(size).fill(at + 65),
  ]);
  const input = new Uint8Array(await new Blob(framed).arrayBuffer());
  // One at a time: the queues of the network hold only a few of the largest.
  const output: Uint8Array[] = [];
  await using client = near.plumb(["connect", "--frame", "length", "udp://10.77.2.1:9000"], {
    onStdout: (chunk) => void output.push(chunk),
  });
  let at = 0;
  for (const size of sizes) {
    await client.write(input.subarray(at, at += 2 + size));
    const deadline = performance.now() + 5_000;
    while (output.reduce((sum, part) => sum + part.length, 0) < at) {
      assert(performance.now() < deadline, `no answer to ${size} bytes`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  await client.endInput();
  assertEquals((await client.result()).code, 0);
  assertEquals(new Uint8Array(await new Blob(output as BlobPart[]).arrayBuffer()), input);
});

networkTest("a datagram that must not be cut says what the path takes", async () => {
  await using network = new Network();
  const { near, router, far } = await routed(network);
  await ip([
    `-n ${router.name} link set eth1 mtu 1300`,
    `-n ${far.name} link set eth1 mtu 1300`,
  ]);
  await using server = far.plumb(["serve", "echo", "udp://0.0.0.0:9000"]);
  await server.listening();
  const send = async (address: string, size: number) => {
    await using client = near.plumb(["connect", address, "--frame", "line"], ask("x".repeat(size)));
    return await client.result();
  };
  const whole = "udp://10.77.2.1:9000?mtu-discover=2";
  // More than this machine's own interface takes: refused at once.
  const local = await send(whole, 3000);
  assertEquals(local.code, 4);
  assertStringIncludes(
    local.stderr,
    "3000 bytes do not fit in one packet of 1500 bytes, which carries 1472",
  );
  // Less than that and more than the next one takes: the router tells.
  const routerSays = await send(whole, 1400);
  assertEquals(routerSays.code, 4);
  assertStringIncludes(routerSays.stderr, "the path, which takes 1300 bytes (1272 of data)");
  assertEquals((await send(whole, 1272)).stdout, `${"x".repeat(1272)}\n`);
});

networkTest("probe finds the largest datagram of a path, and what is in the way", async () => {
  await using network = new Network();
  const { near, router, far } = await routed(network);
  await ip([`-n ${router.name} link set eth1 mtu 1400`, `-n ${far.name} link set eth1 mtu 1400`]);
  await using server = far.plumb(["serve", "echo", "udp://:9000"]);
  await server.listening();
  for (const [host, size] of [["10.77.2.1", 1372], ["[fd77:2::1]", 1352]] as const) {
    await using probe = near.plumb(["probe", "--json", `udp://${host}:9000`]);
    const { code, stdout, stderr } = await probe.result();
    assertEquals(code, 0, stderr);
    const { size: found, mtu, limit } = JSON.parse(stdout);
    // What the router says is remembered, and from then on this machine refuses by itself.
    assert(limit === "path" || limit === "local", limit);
    assertEquals([found, mtu], [size, 1400]);
  }
});
