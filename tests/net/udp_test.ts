/**
 * UDP on real sockets: peers, sizes, broadcast, multicast.
 * @module
 */

import "../support/libc.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseAddress } from "../../lib/address/parse.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Context } from "../../lib/core/context.ts";
import type { Datagrams } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";
import { readSocketOption } from "../../lib/sys/socket_options.ts";
import { broadcastAddresses } from "../../lib/transport/broadcast.ts";
import { inetDescriptor } from "../../lib/transport/inet_descriptor.ts";
import { openActive, openPassive } from "../../lib/transport/open.ts";
import { inetPeer } from "../../lib/transport/peer.ts";
import { isPending, within } from "../contract/expect.ts";
import { noPorts } from "../contract/pair.ts";

async function listen(text: string): Promise<Datagrams> {
  const [opened] = await openPassive(parseAddress(text), makeContext(), noPorts);
  assert(opened?.kind === "datagrams");
  return opened.datagrams;
}

function connect(text: string, context: Context = makeContext()) {
  return openActive(parseAddress(text), context, noPorts);
}

const bytes = (text: string) => new TextEncoder().encode(text);
const room = () => new Uint8Array(65_536);

Deno.test("a client and a socket talk, and the client is who it says", async () => {
  for (const host of ["127.0.0.1", "[::1]"]) {
    await using socket = await listen(`listen:udp://${host}:0`);
    await using client = await connect(socket.local.text);
    await client.write(bytes("question"));
    const got = await within(socket.receive(room()), "receiving");
    assertEquals(got?.data, bytes("question"));
    assert(got !== null && got.peer.port === client.local.port);
    await socket.send({ data: bytes("answer"), peer: got.peer });
    const into = room();
    const count = await within(client.read(into), "reading");
    assertEquals(into.subarray(0, count ?? 0), bytes("answer"));
  }
});

Deno.test("datagrams of strangers are dropped, counted and said, long ones too", async () => {
  const said: unknown[] = [];
  const write = (...entry: unknown[]) => said.push(entry[3]);
  const context = makeContext({ log: { write, enabled: () => true } });
  await using socket = await listen("listen:udp://127.0.0.1:0");
  await using stranger = await listen("listen:udp://127.0.0.1:0");
  await using client = await connect(socket.local.text, context);
  await client.write(bytes("x"));
  const peer = (await socket.receive(room()))?.peer;
  assert(peer !== undefined);
  const into = new Uint8Array(10);
  const read = client.read(into);
  await stranger.send({ data: bytes("mine"), peer });
  await stranger.send({ data: new Uint8Array(1000), peer });
  assert(await isPending(read));
  await socket.send({ data: bytes("yours"), peer });
  assertEquals(await within(read, "reading"), 5);
  assertEquals(said, [
    { address: stranger.local.text, dropped: 1 },
    { address: stranger.local.text, dropped: 2 },
  ]);
});

Deno.test("a datagram that is too large is refused before sending, with both sizes", async () => {
  await using socket = await listen("listen:udp://127.0.0.1:0");
  const data = new Uint8Array(65_508);
  const send = () => socket.send({ data, peer: socket.local });
  const error = await assertRejects(send, NetError);
  assertEquals(error.kind, "too-large");
  assertStringIncludes(error.message, "65508");
  assertStringIncludes(error.message, "65507");
});

Deno.test("closing ends a receive that waits, for ever", async () => {
  const socket = await listen("listen:udp://127.0.0.1:0");
  const received = socket.receive(room());
  assert(await isPending(received, 10));
  await socket[Symbol.asyncDispose]();
  assertEquals(await within(received, "receiving"), null);
  assertEquals(await socket.receive(room()), null);
  socket.abort();
  const send = () => socket.send({ data: bytes("x"), peer: socket.local });
  assertEquals((await assertRejects(send, NetError)).kind, "aborted");
});

Deno.test("several receives may wait at once", async () => {
  await using socket = await listen("listen:udp://127.0.0.1:0");
  const received = [socket.receive(room()), socket.receive(room())];
  await socket.send({ data: bytes("a"), peer: socket.local });
  await socket.send({ data: bytes("b"), peer: socket.local });
  const texts = await within(Promise.all(received), "receiving");
  const all = texts.map((one) => new TextDecoder().decode(one?.data)).sort();
  assertEquals(all, ["a", "b"]);
});

Deno.test("a broadcast is refused before sending, on both sides, unless asked for", async () => {
  const addresses = broadcastAddresses();
  assert(addresses.has("255.255.255.255") && addresses.has("127.255.255.255"));
  for (const host of addresses) {
    const error = await assertRejects(() => connect(`udp://${host}:9`), NetError);
    assertEquals(error.kind, "usage");
    assertStringIncludes(error.message, "broadcast");
  }
  await using socket = await listen("listen:udp://127.0.0.1:0");
  const peer = inetPeer("udp", "127.255.255.255", 9);
  const error = await assertRejects(() => socket.send({ data: bytes("x"), peer }), NetError);
  assertEquals(error.kind, "usage");
});

Deno.test("a broadcast that was asked for reaches whoever listens", async () => {
  await using socket = await listen("listen:udp://0.0.0.0:0");
  await using client = await connect(`udp://127.255.255.255:${socket.local.port}?broadcast`);
  await client.write(bytes("all"));
  assertEquals((await within(socket.receive(room()), "receiving"))?.data, bytes("all"));
});

Deno.test("a group as host is joined, and several sockets of this machine receive it", async () => {
  await using first = await listen("listen:udp://239.77.1.2:0?interface=lo");
  const text = `udp://239.77.1.2:${first.local.port}?interface=lo`;
  await using second = await listen(`listen:${text}`);
  await using client = await connect(`${text}&multicast-ttl=0`);
  await client.write(bytes("group"));
  for (const socket of [first, second]) {
    assertEquals((await within(socket.receive(room()), "receiving"))?.data, bytes("group"));
  }
});

Deno.test("an IPv6 group can be joined on an interface", async () => {
  // Not sent to: the kernel has no route for IPv6 groups on the loopback interface.
  await using socket = await listen("listen:udp://[ff15::77]:0?interface=lo");
  const joined = await Deno.readTextFile("/proc/net/igmp6");
  assertStringIncludes(joined, "ff150000000000000000000000000077");
  assertEquals(socket.local.host, "ff15::77");
});

Deno.test("a link-local group is bound by its zone or interface, by any number of sockets", async () => {
  await using first = await listen("listen:udp://[ff02::77%lo]:0");
  const { port } = first.local;
  await using second = await listen(`listen:udp://[ff02::77]:${port}?interface=lo`);
  await using third = await listen(`listen:udp://[ff02::77]:${port}?bindtodevice=lo`);
  const said = [first, second, third].map(({ local }) => local.text);
  const zoned = `udp://[ff02::77%lo]:${port}`;
  assertEquals(said, [zoned, zoned, `udp://[ff02::77]:${port}`]);
});

Deno.test("groups named by join are received beside the socket's own address", async () => {
  const groups = "join=239.77.1.3&join=239.77.1.4";
  await using socket = await listen(`listen:udp://0.0.0.0:0?${groups}&interface=lo`);
  for (const host of ["239.77.1.3", "239.77.1.4", "127.0.0.1"]) {
    await using client = await connect(`udp://${host}:${socket.local.port}?interface=lo`);
    await client.write(bytes(host));
    assertEquals((await within(socket.receive(room()), "receiving"))?.data, bytes(host));
  }
});

Deno.test("members on this machine receive what is sent, unless switched off", async () => {
  // Asked of the kernel: on the loopback interface every packet comes back by itself.
  for (const host of ["0.0.0.0", "[::1]"]) {
    for (const [options, expected] of [["", true], ["?multicast-loop=off", false]] as const) {
      await using socket = await listen(`listen:udp://${host}:0${options}`);
      const { host: hostname = "", port = 0 } = socket.local;
      const fd = inetDescriptor({ transport: "udp", hostname, port }, null);
      assert(fd !== null);
      assertEquals(readSocketOption(fd, "multicast-loop"), expected, `${host} ${options}`);
    }
  }
});

Deno.test("an interface that there is not is an error naming those that there are", async () => {
  const error = await assertRejects(() => listen("listen:udp://239.77.1.6:0?interface=no9"));
  assert(error instanceof NetError && error.kind === "option");
  assertStringIncludes(error.message, "lo");
});

Deno.test("socket options reach a datagram socket", async () => {
  const said: unknown[] = [];
  const write = (_: string, __: string, text: string) => said.push(text);
  const context = makeContext({ log: { write, enabled: () => true } });
  const text = "listen:udp://127.0.0.1:0?rcvbuf=128KiB&ttl=3";
  const [opened] = await openPassive(parseAddress(text), context, noPorts);
  assert(opened?.kind === "datagrams");
  assertEquals(said, ["udp://127.0.0.1:0: rcvbuf is 262144", "udp://127.0.0.1:0: ttl is 3"]);
  await opened.datagrams[Symbol.asyncDispose]();
});

Deno.test("a UDP port in use names who holds it", async () => {
  await using socket = await listen("listen:udp://127.0.0.1:0");
  const error = await assertRejects(() => listen(`listen:${socket.local.text}`), NetError);
  assertEquals(error.kind, "in-use");
  assertStringIncludes(error.message, `[${Deno.pid}]`);
});

Deno.test("a project without unstable net is told what is missing", async () => {
  const open = new URL("../../lib/transport/open.ts", import.meta.url).href;
  const parse = new URL("../../lib/address/parse.ts", import.meta.url).href;
  const context = new URL("../../lib/core/context.ts", import.meta.url).href;
  const program = `
    import { openPassive } from "${open}";
    import { parseAddress } from "${parse}";
    import { makeContext } from "${context}";
    delete Deno.listenDatagram;
    try { await openPassive(parseAddress("listen:udp://127.0.0.1:0"), makeContext(), {}); }
    catch (thrown) { console.log(thrown.kind, thrown.message); }`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--config", config, program],
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertStringIncludes(text, "unavailable");
  assertStringIncludes(text, `"unstable": ["net"]`);
});
