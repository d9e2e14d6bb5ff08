import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { type Context, makeContext } from "../../../lib/core/context.ts";
import type { Duplex, Listener, Peer } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { sessionsOf, type SessionsOptions } from "../../../lib/stream/sessions.ts";
import { FedDatagrams, udpPeer } from "../../support/datagrams.ts";
import { MemoryLog } from "../../support/memory_log.ts";

function start(options: SessionsOptions = {}, limits: Partial<Context["limits"]> = {}) {
  const clock = new VirtualClock();
  const log = new MemoryLog();
  const context = makeContext({ clock, log, limits: { ...defaultLimits, ...limits } });
  const socket = new FedDatagrams();
  return { clock, log, context, socket, listener: sessionsOf(socket, context, options) };
}

async function accept(listener: Listener): Promise<Duplex> {
  const incoming = await listener.accept();
  if (incoming === null) throw new Error("the listener is closed");
  return await incoming.settle(makeContext());
}

async function readText(session: Duplex): Promise<string | null> {
  const buffer = new Uint8Array(1000);
  const n = await session.read(buffer);
  return n === null ? null : new TextDecoder().decode(buffer.subarray(0, n));
}

/** Everything that was fed so far has been received. */
async function received(clock: VirtualClock, socket: FedDatagrams): Promise<void> {
  while (socket.waiting > 0) await clock.advance(0);
  await clock.advance(0);
}

Deno.test("each peer is a session of messages, in order, empty ones included", async () => {
  const { socket, listener } = start();
  for (const text of ["one", "", "two"]) socket.push(udpPeer(1), text);
  socket.push(udpPeer(2), "other");
  const [first, second] = [await accept(listener), await accept(listener)];
  assertEquals([first.remote.text, second.remote.text], ["udp://192.0.2.1:1", "udp://192.0.2.1:2"]);
  assertEquals(first.traits, {
    messages: true,
    maximumMessage: 65_507,
    halfClose: false,
    endless: true,
  });
  assertEquals(await readText(second), "other");
  for (const text of ["one", "", "two"]) assertEquals(await readText(first), text);
  await first.write(Uint8Array.of(1, 2));
  assertEquals(socket.sent, [{ to: "udp://192.0.2.1:1", data: [1, 2] }]);
  await listener[Symbol.asyncDispose]();
});

Deno.test("a read and a readable that wait are woken by the next datagram", async () => {
  const { clock, socket, listener } = start();
  socket.push(udpPeer(1), "x");
  const session = await accept(listener);
  assertEquals(await readText(session), "x");
  const ready = Promise.all([session.readable?.(), session.readable?.()]);
  socket.push(udpPeer(1), "y");
  await ready;
  assertEquals(await readText(session), "y");
  const reading = readText(session);
  await clock.advance(5);
  socket.push(udpPeer(1), "z");
  assertEquals(await reading, "z");
  await listener[Symbol.asyncDispose]();
});

Deno.test("a session that is silent both ways ends as idle, and costs no timer per packet", async () => {
  const { clock, socket, listener } = start({ idleMs: 1000 });
  socket.push(udpPeer(1), "x");
  const session = await accept(listener);
  for (let at = 0; at < 50; at++) {
    await clock.advance(500);
    if (at % 2 === 0) socket.push(udpPeer(1), "x");
    else await session.write(Uint8Array.of(1));
    await clock.advance(0);
    assertEquals(clock.pending, 1);
  }
  for (let at = 0; at < 26; at++) assertEquals(await readText(session), "x");
  const reading = assertRejects(() => readText(session), NetError, "nothing moved for 1000 ms");
  await clock.advance(999);
  assertEquals(clock.pending, 1);
  await clock.advance(1);
  assertEquals((await reading).kind, "idle");
  assertEquals(clock.pending, 0);
  await assertRejects(() => session.write(Uint8Array.of(1)), NetError);
  await listener[Symbol.asyncDispose]();
});

Deno.test("the default idle time is the limit datagram-idle", async () => {
  const { clock, socket, listener } = start();
  socket.push(udpPeer(1), "x");
  const session = await accept(listener);
  assertEquals(await readText(session), "x");
  const reading = assertRejects(() => readText(session), NetError);
  await clock.advance(60_000);
  await reading;
  await listener[Symbol.asyncDispose]();
});

Deno.test("what was queued before the end is still read", async () => {
  const { clock, socket, listener } = start({ idleMs: 100 });
  socket.push(udpPeer(1), "late reader");
  const session = await accept(listener);
  await clock.advance(1000);
  assertEquals(await readText(session), "late reader");
  await assertRejects(() => readText(session), NetError, "nothing moved");
  await listener[Symbol.asyncDispose]();
});

Deno.test("a peer that comes back after its session ended is a new session", async () => {
  const { socket, listener } = start();
  socket.push(udpPeer(1), "first");
  const first = await accept(listener);
  await first[Symbol.asyncDispose]();
  await assertRejects(() => readText(first), NetError, "closed on this side");
  socket.push(udpPeer(1), "second");
  const second = await accept(listener);
  // The first one's late closing does not concern the second.
  first.abort();
  assertEquals(await readText(second), "second");
  await listener[Symbol.asyncDispose]();
});

Deno.test("the least recently used session goes first; receiving and sending count as use", async () => {
  const { clock, log, socket, listener } = start({ sessions: 3 });
  const sessions: Duplex[] = [];
  for (const port of [1, 2, 3]) {
    socket.push(udpPeer(port), "x");
    sessions.push(await accept(listener));
  }
  const [first, second, third] = sessions as [Duplex, Duplex, Duplex];
  socket.push(udpPeer(1), "again");
  await received(clock, socket);
  await second.write(Uint8Array.of(1));
  socket.push(udpPeer(4), "new");
  await received(clock, socket);
  assertEquals(await readText(third), "x");
  assertEquals((await assertRejects(() => readText(third), NetError)).kind, "limit");
  socket.push(udpPeer(5), "new");
  await received(clock, socket);
  // Now the first one's turn: only the second and the newcomers are left.
  assertEquals([await readText(first), await readText(first)], ["x", "again"]);
  await assertRejects(() => readText(first), NetError, "datagram-sessions");
  await second.write(Uint8Array.of(1));
  assertEquals(log.of("limit").length, 1);
  await listener[Symbol.asyncDispose]();
});

Deno.test("a host that uses many ports ends sessions of its own, not those of others", async () => {
  const { clock, log, socket, listener } = start({ perPeer: 2 });
  socket.push(udpPeer(1, "192.0.2.200"), "other");
  const other = await accept(listener);
  for (let port = 1; port <= 10; port++) socket.push(udpPeer(port), "x");
  await received(clock, socket);
  const accepted = [(await accept(listener)).remote.port, (await accept(listener)).remote.port];
  // Those that ended before anyone accepted them are not offered any more.
  assertEquals(accepted, [9, 10]);
  assertEquals(await readText(other), "other");
  await other.write(Uint8Array.of(1));
  assertEquals(log.of("limit").map(({ fields }) => fields.limit), ["datagram-sessions-per-peer"]);
  await listener[Symbol.asyncDispose]();
});

Deno.test("of one host's sessions the least recently used goes first", async () => {
  const { clock, log, socket, listener } = start({ perPeer: 2 });
  socket.push(udpPeer(1), "a");
  socket.push(udpPeer(2), "b");
  socket.push(udpPeer(1), "used again");
  socket.push(udpPeer(3), "c");
  await received(clock, socket);
  const ports = [(await accept(listener)).remote.port, (await accept(listener)).remote.port];
  assertEquals(ports, [1, 3]);
  // Raising the limit would change nothing: the caller says how many.
  assertMatch(log.of("limit")[0]?.text ?? "", /raise it with --max-per-peer N$/);
  await listener[Symbol.asyncDispose]();
});

Deno.test("with one session and no replacing the first peer wins, others are dropped and counted", async () => {
  const { clock, log, socket, listener } = start({ sessions: 1, replace: false });
  socket.push(udpPeer(1), "first");
  socket.push(udpPeer(2), "second");
  socket.push(udpPeer(2), "second");
  socket.push(udpPeer(1), "more");
  await received(clock, socket);
  const session = await accept(listener);
  assertEquals([await readText(session), await readText(session)], ["first", "more"]);
  assertEquals(listener.dropped?.(), 2);
  const said = log.of("limit").map(({ text }) => text);
  assertEquals(said.length, 1);
  assertMatch(said[0] ?? "", /: taken by its first peer: datagrams of others are dropped$/);
  await session[Symbol.asyncDispose]();
  socket.push(udpPeer(2), "next");
  assertEquals(await readText(await accept(listener)), "next");
  await listener[Symbol.asyncDispose]();
});

Deno.test("a session that is not read drops the newest, is counted, and said once", async () => {
  const { clock, log, socket, listener } = start({ queueBytes: 1000 });
  for (let at = 0; at < 10; at++) socket.push(udpPeer(1), String(at).repeat(300));
  await received(clock, socket);
  const session = await accept(listener);
  // Each costs 300 bytes and what it takes to keep it: two fit.
  assertEquals(listener.dropped?.(), 8);
  assertEquals(await readText(session), "0".repeat(300));
  assertEquals(await readText(session), "1".repeat(300));
  socket.push(udpPeer(1), "there is room again");
  assertEquals(await readText(session), "there is room again");
  assertEquals(log.of("limit").length, 1);
  await listener[Symbol.asyncDispose]();
});

Deno.test("a flood of empty datagrams is bounded, too", async () => {
  const { clock, socket, listener } = start({ queueBytes: 1000 });
  for (let at = 0; at < 100; at++) socket.push(udpPeer(1), "");
  await received(clock, socket);
  assert((listener.dropped?.() ?? 0) >= 80);
  await listener[Symbol.asyncDispose]();
});

Deno.test("all queues together are bounded, and a session's end gives its part back", async () => {
  const { clock, socket, listener } = start({}, { "datagram-queues": 1000 });
  for (let port = 1; port <= 10; port++) socket.push(udpPeer(port), "x".repeat(300));
  await received(clock, socket);
  assertEquals(listener.dropped?.(), 8);
  await (await accept(listener))[Symbol.asyncDispose]();
  socket.push(udpPeer(2), "y".repeat(300));
  await received(clock, socket);
  assertEquals(listener.dropped?.(), 8);
  await listener[Symbol.asyncDispose]();
});

Deno.test("senders without an address share a session that is only read", async () => {
  const nameless: Peer = { scheme: "unixgram", text: "" };
  const { socket, listener } = start();
  socket.push(nameless, "a");
  socket.push(nameless, "b");
  const session = await accept(listener);
  assertEquals([await readText(session), await readText(session)], ["a", "b"]);
  assert(session.traits.readOnly);
  await assertRejects(() => session.write(Uint8Array.of(1)), NetError, "no address");
  await listener[Symbol.asyncDispose]();
});

Deno.test("senders without an address have a session for each process, where that is known", async () => {
  const sender = (pid: number): Peer => {
    return { scheme: "unixgram", text: "", credentials: { pid, uid: 7, gid: 8 } };
  };
  const apart = start();
  for (const pid of [1, 2, 1]) apart.socket.push(sender(pid), `of ${pid}`);
  const [first, second] = [await accept(apart.listener), await accept(apart.listener)];
  assertEquals([await readText(first), await readText(first)], ["of 1", "of 1"]);
  assertEquals([await readText(second), second.remote.credentials?.pid], ["of 2", 2]);
  await apart.listener[Symbol.asyncDispose]();

  const asOne = start({ namelessAsOne: true, sessions: 1, replace: false });
  for (const pid of [1, 2]) asOne.socket.push(sender(pid), `of ${pid}`);
  const session = await accept(asOne.listener);
  assertEquals([await readText(session), await readText(session)], ["of 1", "of 2"]);
  await asOne.listener[Symbol.asyncDispose]();
});

Deno.test("a refusal that the network told ends the session that it concerns", async () => {
  const { clock, socket, listener } = start();
  socket.push(udpPeer(1), "x");
  socket.push(udpPeer(2), "x");
  const [first, second] = [await accept(listener), await accept(listener)];
  const refused = (address: string) =>
    new NetError({ kind: "refused", op: "receive", address, message: "refused" });
  socket.fail(refused("udp://192.0.2.1:1"));
  socket.fail(refused("udp://192.0.2.1:99"));
  await received(clock, socket);
  assertEquals([await readText(first), await readText(second)], ["x", "x"]);
  assertEquals((await assertRejects(() => readText(first), NetError)).kind, "refused");
  await second.write(Uint8Array.of(1));
  await listener[Symbol.asyncDispose]();
});

Deno.test("what passes does not end the socket: lost memory is waited for, long datagrams counted", async () => {
  const { clock, socket, listener } = start();
  for (const kind of ["exhausted", "transient", "too-large"] as const) {
    socket.fail(new NetError({ kind, op: "receive", message: kind }));
  }
  socket.push(udpPeer(1), "x");
  await clock.advance(9);
  assertEquals(socket.waiting, 3);
  await clock.advance(1);
  assertEquals(await readText(await accept(listener)), "x");
  assertEquals(listener.dropped?.(), 1);
  await listener[Symbol.asyncDispose]();
});

Deno.test("an error that nobody survives ends the listener and its sessions with it", async () => {
  const { clock, socket, listener } = start();
  socket.push(udpPeer(1), "x");
  const session = await accept(listener);
  assertEquals(await readText(session), "x");
  const accepting = assertRejects(() => listener.accept(), NetError, "broken for good");
  const reading = assertRejects(() => readText(session), NetError, "broken for good");
  socket.fail(new NetError({ kind: "broken", op: "receive", message: "broken for good" }));
  await Promise.all([accepting, reading]);
  await listener[Symbol.asyncDispose]();
  assertEquals(clock.pending, 0);
});

Deno.test("disposing the listener ends accept, its sessions, and every timer", async () => {
  const { clock, socket, listener } = start();
  socket.push(udpPeer(1), "x");
  const session = await accept(listener);
  assertEquals(await readText(session), "x");
  const reading = assertRejects(() => readText(session), NetError);
  const accepting = listener.accept();
  await listener[Symbol.asyncDispose]();
  await listener[Symbol.asyncDispose]();
  assertEquals(await accepting, null);
  assertEquals((await reading).kind, "aborted");
  assertEquals(await listener.accept(), null);
  assert(socket.closed);
  assertEquals(clock.pending, 0);
});

Deno.test("a wait for memory does not hold the closing of the listener", async () => {
  const { clock, socket, listener } = start();
  socket.fail(new NetError({ kind: "exhausted", op: "receive", message: "no memory" }));
  await clock.advance(1);
  await listener[Symbol.asyncDispose]();
  assertEquals(clock.pending, 0);
});

Deno.test("a message longer than the reader's buffer is an error, and the next one is read", async () => {
  const { socket, listener } = start();
  socket.push(udpPeer(1), "long");
  socket.push(udpPeer(1), "ok");
  const session = await accept(listener);
  const error = await assertRejects(() => session.read(new Uint8Array(3)), NetError);
  assertEquals(error.kind, "too-large");
  assertEquals(await readText(session), "ok");
  await session.closeWrite();
  await assertRejects(() => session.write(Uint8Array.of(1)), NetError, "ended");
  await listener[Symbol.asyncDispose]();
});

Deno.test("forged senders cost no more than the bounds", async () => {
  const { clock, socket, listener } = start({ sessions: 10 });
  for (let at = 0; at < 5000; at++) {
    socket.push(udpPeer(at % 60_000 + 1, `192.0.2.${at % 250}`), "x");
  }
  await received(clock, socket);
  const ports: (number | undefined)[] = [];
  for (let at = 0; at < 10; at++) ports.push((await accept(listener)).remote.port);
  assertEquals(ports, Array.from({ length: 10 }, (_, at) => 4991 + at));
  assertEquals(clock.pending, 1);
  await listener[Symbol.asyncDispose]();
  assertEquals(clock.pending, 0);
});

Deno.test("what a session held that ended before anybody accepted it is free for others", async () => {
  const { clock, socket, listener } = start({ sessions: 1 }, { "datagram-queues": 1_000 });
  for (let port = 1; port <= 10; port++) socket.push(udpPeer(port), "x".repeat(500));
  await received(clock, socket);
  const session = await accept(listener);
  assertEquals(session.remote.text, "udp://192.0.2.1:10");
  assertEquals((await readText(session))?.length, 500);
  assertEquals(listener.dropped?.(), 0);
  await listener[Symbol.asyncDispose]();
});
