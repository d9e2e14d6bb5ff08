import { assert, assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import type { Duplex } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { drive } from "../../../lib/service/drive.ts";
import type { AcceptPolicy, SessionHandler } from "../../../lib/service/policy.ts";
import { Server } from "../../../lib/service/serve.ts";
import { FedListener } from "../../support/listener.ts";
import { machineOf } from "../../support/machine.ts";
import { MemoryLog } from "../../support/memory_log.ts";
import { makePair, readToEnd } from "../../support/pair.ts";

function start(
  { policy = {}, handler, listeners = [new FedListener()] }: {
    policy?: AcceptPolicy;
    handler?: SessionHandler;
    listeners?: FedListener[];
  } = {},
) {
  const clock = new VirtualClock();
  const log = new MemoryLog();
  const controller = new AbortController();
  const drain = new AbortController();
  let id = 0;
  const context = makeContext({ clock, log, signal: controller.signal });
  const echo: SessionHandler = (session, within) =>
    drive(session, machineOf("echo", clock), within);
  const server = new Server(
    listeners,
    handler ?? echo,
    { drain: drain.signal, nextId: () => ++id, ...policy },
    context,
  );
  const listener = listeners[0] ?? new FedListener();
  return { clock, log, controller, drain, server, listener, done: server.run() };
}

const encode = (text: string) => new TextEncoder().encode(text);

async function conversation(client: Duplex, text: string): Promise<string> {
  await client.write(encode(text));
  await client.closeWrite();
  return new TextDecoder().decode(await readToEnd(client));
}

Deno.test("many sessions are served at once, each is said and counted", async () => {
  const { clock, log, drain, server, listener, done } = start();
  const clients = [1, 2, 3].map((at) => listener.connect(`192.0.2.${at}`));
  await clock.advance(1);
  assertEquals(server.open, 3);
  for (const client of clients) assertEquals(await conversation(client, "hello"), "hello");
  await clock.advance(5);
  drain.abort();
  const tally = await done;
  assertEquals(tally, {
    accepted: 3,
    refused: 0,
    ended: 3,
    cut: 0,
    failed: 0,
    bytesIn: 15,
    bytesOut: 15,
    durationMs: 6,
  });
  const said = log.of("session");
  assert(said.every(({ level }) => level === "info"));
  assertEquals(said.length, 3);
  assertEquals(log.of("open")[0]?.fields, {
    id: 1,
    peer: "tcp://192.0.2.1:50000",
    local: "memory:fed",
  });
  assertEquals(said.find(({ fields }) => fields.id === 2)?.fields, {
    id: 2,
    peer: "tcp://192.0.2.2:50000",
    local: "memory:fed",
    bytesIn: 5,
    bytesOut: 5,
    durationMs: 1,
    reason: "peer-end",
  });
  assert(listener.closed);
  assertEquals(clock.pending, 0);
});

Deno.test("a connection beyond the bound is not accepted until a place is free", async () => {
  const { clock, log, controller, server, listener, done } = start({
    policy: { maximumSessions: 2 },
  });
  const clients = [1, 2, 3, 4].map((at) => listener.connect(`192.0.2.${at}`));
  await clock.advance(1);
  assertEquals([server.open, listener.backlog], [2, 2]);
  assertEquals(log.of("limit").length, 1);
  await conversation(clients[0] as Duplex, "x");
  await clock.advance(1);
  assertEquals([server.open, listener.backlog], [2, 1]);
  controller.abort();
  assertEquals((await done).accepted, 3);
});

Deno.test("the bound holds over several listeners", async () => {
  const listeners = [new FedListener({ name: "a" }), new FedListener({ name: "b" })];
  const { clock, controller, server, done } = start({ listeners, policy: { maximumSessions: 1 } });
  await clock.advance(1);
  const [first, second] = listeners.map((listener, at) => listener.connect(`192.0.2.${at}`));
  await clock.advance(1);
  assertEquals(server.open, 1);
  assertEquals(await conversation(first as Duplex, "one"), "one");
  assertEquals(await conversation(second as Duplex, "two"), "two");
  controller.abort();
  assertEquals((await done).accepted, 2);
});

Deno.test("one address has a bound of its own; more of it are refused by reset", async () => {
  const { clock, log, controller, server, listener, done } = start({
    policy: { maximumPerPeer: 2 },
  });
  const same = [1, 2, 3].map((port) => listener.connect("192.0.2.1", port));
  const other = listener.connect("192.0.2.2");
  await clock.advance(1);
  assertEquals([server.open, listener.rejected], [3, 1]);
  await assertRejects(() => (same[2] as Duplex).read(new Uint8Array(1)), NetError, "reset");
  await conversation(same[0] as Duplex, "x");
  await clock.advance(1);
  assertEquals(await conversation(listener.connect("192.0.2.1"), "again"), "again");
  assertEquals(await conversation(other, "other"), "other");
  assertEquals(log.of("limit").length, 1);
  controller.abort();
  assertEquals((await done).refused, 1);
});

Deno.test("10,000 refused connections leave nothing behind", async () => {
  const { clock, controller, server, listener, done } = start({ policy: { maximumPerPeer: 0 } });
  for (let at = 0; at < 10_000; at++) {
    listener.connect(`192.0.${at >> 8}.${at & 255}`);
    if (at % 100 === 0) await clock.advance(0);
  }
  while (listener.backlog > 0) await clock.advance(0);
  await clock.advance(0);
  assertEquals([server.open, server.tally().refused, clock.pending], [0, 10_000, 0]);
  controller.abort();
  assertEquals((await done).accepted, 0);
});

Deno.test("a client that was lost in the backlog is passed over at once", async () => {
  const { clock, log, controller, server, listener, done } = start();
  for (let at = 0; at < 100; at++) listener.fail("transient");
  listener.connect();
  await clock.advance(0);
  while (listener.backlog > 0) await clock.advance(0);
  await clock.advance(0);
  assertEquals([server.open, log.of("exhausted").length], [1, 0]);
  controller.abort();
  await done;
});

Deno.test("without descriptors accepting pauses, longer each time, and recovers", async () => {
  const { clock, log, controller, server, listener, done } = start();
  for (let at = 0; at < 9; at++) listener.fail("exhausted");
  const tries: number[] = [];
  for (let ms = 0; ms < 5000; ms += 10) {
    const before = listener.accepts;
    await clock.advance(ms === 0 ? 0 : 10);
    if (listener.accepts > before) tries.push(ms);
  }
  // After the failure at 0: 10, 20, 40 ... ms apart, at most a second.
  assertEquals(tries, [0, 10, 30, 70, 150, 310, 630, 1270, 2270, 3270]);
  assertEquals(log.of("exhausted").length, 1);
  assertEquals(log.of("exhausted")[0]?.level, "warning");
  listener.connect();
  await clock.advance(1);
  assertEquals([server.open, log.of("recovered").length], [1, 1]);
  // The next episode begins anew: said again, and with a short pause.
  listener.fail("exhausted");
  listener.connect();
  await clock.advance(10);
  assertEquals([server.open, log.of("exhausted").length, log.of("recovered").length], [2, 2, 2]);
  controller.abort();
  await done;
});

Deno.test("a pause ends at once when the server does", async () => {
  const { clock, drain, listener, done } = start();
  listener.fail("exhausted");
  await clock.advance(1);
  drain.abort();
  assertEquals((await done).accepted, 0);
  assertEquals(clock.pending, 0);
});

Deno.test("a handler that throws ends its session, says its bug, and the server goes on", async () => {
  const thrown = [
    new RangeError("a bug"),
    new NetError({ kind: "limit", op: "x", message: "much" }),
  ];
  const { clock, log, controller, listener, done } = start({
    handler: () => Promise.reject(thrown.shift()),
  });
  const clients = [listener.connect(), listener.connect()];
  await clock.advance(1);
  for (const client of clients) assertEquals(await client.read(new Uint8Array(1)), null);
  const errors = log.of("session-error");
  assertEquals(errors.map(({ level }) => level), ["error", "info"]);
  assert(errors[0]?.fields.error instanceof RangeError);
  const reasons = log.of("session").map(({ fields }) => fields.reason).filter(Boolean);
  assertEquals(reasons, ["error", "limit"]);
  controller.abort();
  const { accepted, failed } = await done;
  assertEquals([accepted, failed], [2, 2]);
});

Deno.test("a handshake that fails ends its session only", async () => {
  const { clock, controller, listener, done } = start();
  const remote = { scheme: "tcp", text: "tcp://192.0.2.1:5" };
  let rejected = 0;
  const error = new NetError({ kind: "protocol", op: "handshake", message: "no" });
  listener.push({ remote, settle: () => Promise.reject(error), reject: () => void rejected++ });
  const client = listener.connect();
  assertEquals(await conversation(client, "x"), "x");
  await clock.advance(1);
  assertEquals(rejected, 1);
  controller.abort();
  const { failed, ended } = await done;
  assertEquals([failed, ended], [1, 1]);
});

Deno.test("a session or a listener that cannot be closed is said, and nothing else", async () => {
  class Stuck extends FedListener {
    override async [Symbol.asyncDispose](): Promise<void> {
      await super[Symbol.asyncDispose]();
      throw new RangeError("the listener is stuck");
    }
  }
  const { clock, log, controller, listener, done } = start({ listeners: [new Stuck()] });
  const [client, session] = makePair();
  session[Symbol.asyncDispose] = () => Promise.reject(new RangeError("the session is stuck"));
  const { remote } = session;
  listener.push({ remote, settle: () => Promise.resolve(session), reject: () => {} });
  await client.closeWrite();
  await clock.advance(1);
  controller.abort();
  assertEquals((await done).failed, 1);
  assertEquals(log.of("session-error").length > 0, true);
  assertEquals(log.of("close-error").length > 0, true);
});

Deno.test("drain lets sessions end, closes the listener at once, and cuts what is left", async () => {
  const { clock, log, drain, server, listener, done } = start({ policy: { drainMs: 1000 } });
  const [quick, slow] = [listener.connect(), listener.connect()];
  await clock.advance(1);
  drain.abort();
  await clock.advance(0);
  assert(listener.closed);
  assertEquals(await conversation(quick, "bye"), "bye");
  await clock.advance(999);
  assertEquals(server.open, 1);
  await clock.advance(1);
  const { ended, cut } = await done;
  assertEquals([ended, cut], [1, 1]);
  assertEquals(log.of("session").at(-1)?.fields.reason, "drain");
  assert(slow.waiting === 0);
  assertEquals(clock.pending, 0);
});

Deno.test("a drain with nothing open, or begun before the server, ends at once", async () => {
  const { clock, drain, done } = start();
  drain.abort();
  assertEquals((await done).cut, 0);
  assertEquals(clock.pending, 0);
  const before = start({ policy: { drain: drain.signal } });
  assertEquals((await before.done).accepted, 0);
  assert(before.listener.closed);
});

Deno.test("the signal cuts every session at once", async () => {
  const { clock, log, controller, listener, done } = start();
  listener.connect();
  listener.connect();
  await clock.advance(1);
  controller.abort();
  assertEquals((await done).cut, 2);
  assertEquals(log.of("session").at(-1)?.fields.reason, "signal");
});

Deno.test("a handler that ignores its signal finds its session closed", async () => {
  const { clock, controller, listener, done } = start({
    handler: async (session) => {
      while (await session.read(new Uint8Array(1)) !== null);
      return { reason: "peer-end", bytesIn: 0, bytesOut: 0 };
    },
  });
  listener.connect();
  await clock.advance(1);
  controller.abort();
  assertEquals((await done).cut, 1);
});

Deno.test("datagram sessions do not hold a drain, and are not counted as cut", async () => {
  const listeners = [new FedListener({ datagrams: true })];
  const { clock, drain, listener, done } = start({ listeners });
  listener.connect();
  await clock.advance(1);
  drain.abort();
  const { ended, cut } = await done;
  assertEquals([ended, cut], [1, 0]);
  assertEquals(clock.pending, 0);
});

Deno.test("datagram sessions take no place of connections", async () => {
  const listeners = [new FedListener(), new FedListener({ datagrams: true })];
  const policy = { maximumSessions: 1, maximumPerPeer: 1 };
  const { clock, controller, server, done } = start({ listeners, policy });
  listeners[0]?.connect();
  listeners[1]?.connect();
  listeners[1]?.connect();
  await clock.advance(1);
  assertEquals(server.open, 3);
  controller.abort();
  await done;
});

Deno.test("once serves one session: the listeners close when it comes, others are refused", async () => {
  const listeners = [new FedListener({ name: "a" }), new FedListener({ name: "b" })];
  const { clock, done } = start({ listeners, policy: { once: true } });
  const client = listeners[0]?.connect() as Duplex;
  listeners[1]?.connect();
  await clock.advance(1);
  assert(listeners.every(({ closed }) => closed));
  assertEquals(await conversation(client, "only"), "only");
  const { accepted, refused, ended } = await done;
  assertEquals([accepted, refused, ended], [1, 1, 1]);
});

Deno.test("once keeps a datagram socket open until its session is over", async () => {
  const listeners = [new FedListener({ datagrams: true })];
  const { clock, listener, done } = start({ listeners, policy: { once: true } });
  const client = listener.connect();
  await clock.advance(1);
  assertEquals(listener.closed, false);
  assertEquals(await conversation(client, "only"), "only");
  await done;
  assert(listener.closed);
});

Deno.test("a listener that fails ends the server with its error, and closes everything", async () => {
  const listeners = [new FedListener({ name: "a" }), new FedListener({ name: "b" })];
  const { clock, done } = start({ listeners });
  const failing = assertRejects(() => done, NetError, "unexpected");
  const client = listeners[0]?.connect() as Duplex;
  await clock.advance(1);
  listeners[1]?.fail("unexpected");
  await failing;
  assert(listeners.every(({ closed }) => closed));
  await assertRejects(() => client.read(new Uint8Array(1)), NetError, "reset");
});
