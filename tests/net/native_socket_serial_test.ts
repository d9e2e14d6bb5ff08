/**
 * Sockets of our own: what they do that the runtime's cannot, and that they leave nothing behind.
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { sleep } from "../../lib/core/clock.ts";
import { makeContext } from "../../lib/core/context.ts";
import { NetError } from "../../lib/core/error.ts";
import { tcpTransport } from "../../lib/transport/tcp.ts";
import { udpTransport } from "../../lib/transport/udp.ts";
import { unixTransport } from "../../lib/transport/unix.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { MemoryLog } from "../support/memory_log.ts";
import { acceptOne, connectWith, datagramsWith, listenWith } from "../support/open_transport.ts";
import { run } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";

const connect = (text: string) => connectWith(tcpTransport, text);
const listen = (text: string) => listenWith(tcpTransport, text);

async function fails(open: () => Promise<unknown>): Promise<string> {
  const error = await assertRejects(open, NetError);
  return `${error.kind} ${error.message}`;
}

toolTest("ss", "a client's rcvbuf is there before its handshake offers a window", async () => {
  await using listener = await listen("tcp://127.0.0.1:0");
  const { text, port } = listener.local;
  const scaleOf = async (query: string): Promise<string> => {
    await using near = await connect(`${text}${query}`);
    await using _far = await acceptOne(listener);
    const filter = ["sport", "=", String(near.local.port), "and", "dport", "=", String(port)];
    const { stdout } = await run(["ss", "-tinH", ...filter]);
    return /wscale:\d+,(\d+)/.exec(stdout)?.[1] ?? stdout;
  };
  // RFC 7323 section 2.3: the factor is chosen in the SYN. 64 KiB need none.
  assertEquals(await scaleOf("?rcvbuf=16KiB"), "0");
  assert(Number(await scaleOf("")) > 0);
});

Deno.test("a client comes from where bind= says", async () => {
  for (const host of ["127.0.0.1", "[::1]"]) {
    await using listener = await listen(`tcp://${host}:0`);
    const free = await listen(`tcp://${host}:0`);
    const { port } = free.local;
    await free[Symbol.asyncDispose]();
    for (const [bind, wanted] of [[`${host}:${port}`, port], [host, null]] as const) {
      const near = await connect(`${listener.local.text}?bind=${bind}&reuseaddr`);
      await using far = await acceptOne(listener);
      assertEquals(far.remote.text, near.local.text);
      assertEquals(near.local.host, host.replace(/[[\]]/g, ""));
      if (wanted !== null) assertEquals(near.local.port, wanted);
      near.abort();
    }
  }
  await using listener = await listen("tcp://127.0.0.1:0");
  await using near = await connect(`${listener.local.text}?bind=127.0.0.9`);
  await using far = await acceptOne(listener);
  assertEquals(far.remote.host, "127.0.0.9");
  assertEquals(near.local.host, "127.0.0.9");
});

Deno.test("a udp client comes from where bind= says", async () => {
  await using far = await datagramsWith(udpTransport, "udp://127.0.0.1:0");
  await using near = await connectWith(udpTransport, `${far.local.text}?bind=127.0.0.9`);
  const got = far.receive(new Uint8Array(4));
  await near.write(Uint8Array.of(1));
  assertEquals((await got)?.peer.text, near.local.text);
  assertEquals(near.local.host, "127.0.0.9");
});

Deno.test("a source that cannot be had is an error that names it", async () => {
  await using listener = await listen("tcp://127.0.0.1:0");
  const { text, port } = listener.local;
  assertStringIncludes(await fails(() => connect(`${text}?bind=192.0.2.9`)), "EADDRNOTAVAIL");
  assertStringIncludes(await fails(() => connect(`${text}?bind=192.0.2.9`)), "bind=192.0.2.9");
  const taken = await fails(() => connect(`${text}?bind=127.0.0.1:${port}`));
  assertStringIncludes(taken, "in-use");
  for (const wrong of ["localhost", "[::1]", "127.0.0.1:65536", "1.2.3", ":", "[127.0.0.1"]) {
    assertStringIncludes(await fails(() => connect(`${text}?bind=${wrong}`)), "option option bind");
    const udp = () => connectWith(udpTransport, `udp://127.0.0.1:9?bind=${wrong}`);
    assertStringIncludes(await fails(udp), "option option bind");
  }
});

Deno.test("connecting with options fails as without them, and leaves no descriptor", async () => {
  const gone = await listen("tcp://127.0.0.1:0");
  const { text } = gone.local;
  await gone[Symbol.asyncDispose]();
  const before = holdings().descriptors;
  const plain = await fails(() => connect(text));
  assertEquals(await fails(() => connect(`${text}?rcvbuf=64KiB`)), plain);
  assertStringIncludes(plain, "refused connect tcp://127.0.0.1:");
  await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
});

Deno.test("connecting with options ends with the signal, and leaves no descriptor", async () => {
  await using full = await listen("tcp://127.0.0.1:0?backlog=1");
  const { text } = full.local;
  const queued = await Promise.all([connect(text), connect(text)]);
  const before = holdings().descriptors;
  const stop = new AbortController();
  const context = makeContext({ signal: stop.signal });
  const pending = connectWith(tcpTransport, `${text}?ttl=9`, { context });
  pending.catch(() => {});
  await sleep(context.clock, 30);
  stop.abort(new NetError({ kind: "timeout", op: "connect", message: "late" }));
  assertStringIncludes(await fails(() => pending), "late");
  await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
  for (const near of queued) near.abort();
});

Deno.test("v6only leaves the port free for IPv4, and takes none of it", async () => {
  await using six = await listen("tcp://[::]:0?v6only");
  const { port } = six.local;
  assertStringIncludes(await fails(() => connect(`tcp://127.0.0.1:${port}`)), "refused");
  await using four = await listen(`tcp://0.0.0.0:${port}`);
  await using near = await connect(`tcp://127.0.0.1:${port}`);
  await using far = await acceptOne(four);
  assertEquals(far.remote.text, near.local.text);
  assertStringIncludes(await fails(() => listen("tcp://127.0.0.1:0?v6only")), "option v6only");
});

Deno.test("freebind listens at an address that the machine does not have", async () => {
  assertStringIncludes(await fails(() => listen("tcp://192.0.2.77:0")), "EADDRNOTAVAIL");
  await using listener = await listen("tcp://192.0.2.77:0?freebind");
  assertEquals(listener.local.host, "192.0.2.77");
  await using receiver = await datagramsWith(udpTransport, "udp://192.0.2.77:0?freebind");
  assertEquals(receiver.local.host, "192.0.2.77");
});

Deno.test("udp receivers with reuseport share a port", async () => {
  await using first = await datagramsWith(udpTransport, "udp://127.0.0.1:0?reuseport");
  const { text } = first.local;
  assertStringIncludes(await fails(() => datagramsWith(udpTransport, text)), "in-use");
  await using second = await datagramsWith(udpTransport, `${text}?reuseport`);
  assertEquals(second.local.text, text);
});

Deno.test("a native udp socket that is closed ends what waits and frees its port", async () => {
  const before = holdings().descriptors;
  const receiver = await datagramsWith(udpTransport, "udp://127.0.0.1:0?freebind");
  const { text } = receiver.local;
  const waiting = receiver.receive(new Uint8Array(4));
  await receiver[Symbol.asyncDispose]();
  assertEquals(await waiting, null);
  await using _again = await datagramsWith(udpTransport, text);
  await _again[Symbol.asyncDispose]();
  await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
});

Deno.test("linger=300ms is refused, linger=1s waits for a peer that takes nothing", async () => {
  assertStringIncludes(await fails(() => connect("tcp://127.0.0.1:1?linger=300ms")), "linger");
  // Both kinds of sockets: rcvbuf makes one of our own.
  for (const query of ["linger=1s&sndbuf=64KiB", "linger=1s&user-timeout=9s"]) {
    await using listener = await listen("tcp://127.0.0.1:0?rcvbuf=4KiB");
    const near = await connect(`${listener.local.text}?${query}`);
    const far = await acceptOne(listener);
    const cut = near.write(new Uint8Array(8 * 1024 * 1024)).catch(() => {});
    const start = performance.now();
    let lastMs = start;
    let longestGapMs = 0;
    const tick = () => {
      longestGapMs = Math.max(longestGapMs, performance.now() - lastMs);
      lastMs = performance.now();
    };
    const ticking = setInterval(tick, 50);
    await near[Symbol.asyncDispose]();
    tick();
    clearInterval(ticking);
    assert(lastMs - start > 900, `${query}: waited ${lastMs - start} ms`);
    // close(2) would wait for another second, and the event loop with it.
    assert(longestGapMs < 700, `${query}: the event loop stood still for ${longestGapMs} ms`);
    far.abort();
    await cut;
  }
});

Deno.test("linger=5s does not wait for a peer that has taken all", async () => {
  await using listener = await listen("tcp://127.0.0.1:0");
  const near = await connect(`${listener.local.text}?linger=5s`);
  await using far = await acceptOne(listener);
  await near.write(new Uint8Array(1000));
  const start = performance.now();
  await near[Symbol.asyncDispose]();
  assert(performance.now() - start < 1_000);
  assertEquals(await far.read(new Uint8Array(2000)), 1000);
  assertEquals(await far.read(new Uint8Array(1)), null);
});

Deno.test("what selects a socket of our own, and what the kernel took, is said", async () => {
  const log = new MemoryLog();
  const context = makeContext({ log });
  await using listener = await listenWith(tcpTransport, "tcp://127.0.0.1:0?freebind", { context });
  const { text } = listener.local;
  await using _near = await connectWith(tcpTransport, `${text}?rcvbuf=10KiB`, { context });
  await using _far = await acceptOne(listener);
  const unix = `unix:@plumb-${crypto.randomUUID()}`;
  await using other = await listenWith(unixTransport, `${unix}?sndbuf=8KiB`, { context });
  assertEquals(other.local.text, unix);
  assertEquals(log.of("native").map((said) => said.text), [
    `${text}: a socket of our own, for freebind`,
    `${text}: a socket of our own, for rcvbuf`,
    `${unix}: a socket of our own, for sndbuf`,
  ]);
  assert(log.of("option").some((said) => said.text === `${text}: rcvbuf is 20480`));
});
