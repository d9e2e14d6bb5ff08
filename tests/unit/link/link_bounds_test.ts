import { assert, assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import type { Duplex } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import type { CarrierReport } from "../../../lib/link/link_options.ts";
import { readExactly } from "../../../lib/stream/read.ts";
import { linkMagic } from "../../../lib/wire/link_preamble.ts";
import { linkFrame } from "../../../lib/wire/link_frame.ts";
import { memoryPair } from "../../../lib/transport/memory_session.ts";
import { Linked, linkKey, openPipes } from "../../support/linked.ts";
import { frame, RawLinkClient } from "../../support/link_raw.ts";
import { SeededBytes } from "../../support/random.ts";

const text = (of: string): Uint8Array => new TextEncoder().encode(of);

/** A stranger's carrier, with what it says. */
async function visit(linked: Linked, bytes: Uint8Array, host?: string): Promise<CarrierReport> {
  const [near, far] = stranger(host);
  const serving = linked.server.serve(far);
  await near.write(bytes).catch(() => {});
  await near.closeWrite();
  const report = await serving;
  await near[Symbol.asyncDispose]();
  return report;
}

function stranger(host?: string): [Duplex, Duplex] {
  const local = { scheme: "tcp", text: "tcp://127.0.0.1:7000" };
  const remote = {
    scheme: "tcp",
    text: `tcp://${host}:1`,
    ...(host === undefined ? {} : { host }),
  };
  const [near, far] = memoryPair(local, remote, 64 * 1024);
  return [near, Object.assign(far, { remote })];
}

Deno.test("a carrier that is silent is dead in time, and the session goes on by another one", async () => {
  const clock = new VirtualClock();
  const pipes = openPipes();
  const heartbeat = { everyMs: 1_000, misses: 3 };
  await using linked = new Linked({
    clock,
    handlers: pipes.handlers,
    client: { heartbeat },
    server: { heartbeat: null },
  });
  const client = linked.client();
  const opening = client.open("tcp://db:5432");
  await clock.advance(1);
  const channel = await opening;
  const end = await pipes.next();
  for (const round of [0, 1]) {
    await clock.advance(20_000);
    assertEquals(linked.carriers.length, round + 1, "a healthy one is never called dead");
    const carrier = linked.carriers.at(-1);
    carrier?.client.silence();
    carrier?.server.silence();
    await channel.write(text("lost?"));
    await clock.advance(2_800);
    assertEquals(client.seen.at(-1)?.state, "suspect");
    await clock.advance(1_200);
    const down = client.seen.findLast((event) => event.state === "down");
    assertEquals([down?.reason, down?.error?.reason], [
      "dead",
      "the peer gave no sign of life for 3 s",
    ]);
    assertEquals(new TextDecoder().decode(await readOf(end, 5)), "lost?");
  }
  assertEquals(linked.carriers.length, 3);
  assertEquals(linked.server.sessions.length, 1);
});

async function readOf(end: Duplex, length: number): Promise<Uint8Array> {
  return await readExactly(end, new Uint8Array(length)) ?? new Uint8Array(0);
}

Deno.test("a record that takes longer than a heartbeat still gets across", async () => {
  const clock = new VirtualClock();
  const pipes = openPipes();
  const heartbeat = { everyMs: 1_000, misses: 3 };
  await using linked = new Linked({ clock, handlers: pipes.handlers, server: { heartbeat } });
  const carrier = linked.dial();
  await using client = await RawLinkClient.begin(carrier);
  const open = frame(linkFrame.open, [[4, 1], [1, 0], [4, 0], [4, 1024]], "tcp://db:5432");
  await client.say(open);
  await client.until(linkFrame.opened);
  const record = client.record(frame(linkFrame.data, [[4, 1]], "slow".repeat(5_000)));
  for (let at = 0; at < record.length; at += 2_000) {
    await clock.advance(2_000);
    await carrier.write(record.subarray(at, at + 2_000));
  }
  assertEquals(await readOf(await pipes.next(), 20_000).then((all) => all?.length), 20_000);
  assertEquals(linked.server.sessions[0]?.remote !== null, true);
});

Deno.test("a half-open server frees the carrier in time, and the session when nobody comes back", async () => {
  const clock = new VirtualClock();
  await using linked = new Linked({
    clock,
    server: { heartbeat: { everyMs: 1_000, misses: 3 }, retentionMs: 60_000 },
    client: { heartbeat: null },
    dial: (nth) => nth === 0 ? undefined : stranger()[0], // it does not come back
  });
  const client = linked.client();
  await clock.advance(1);
  await client.up;
  linked.carriers[0]?.client.silence();
  await clock.advance(4_100);
  assertEquals((await linked.reports[0])?.reason, "dead");
  assertEquals(linked.server.sessions[0]?.remote, null);
  await clock.advance(58_000);
  assertEquals(linked.server.sessions.length, 1);
  await clock.advance(3_000);
  assertEquals(linked.server.sessions.length, 0);
  assertEquals(linked.serverEvents.map(({ state }) => state), ["up", "down", "over"]);
});

Deno.test("who says nothing, or stops within, is let go after the time of a handshake", async () => {
  const clock = new VirtualClock();
  await using linked = new Linked({ clock, limits: { "link-handshake-time": 5_000 } });
  const [near, far] = stranger();
  const serving = linked.server.serve(far);
  await clock.advance(4_999);
  await near.write(linkMagic.subarray(0, 3));
  let isOver = false;
  void serving.then(() => isOver = true);
  await clock.advance(0);
  assertEquals(isOver, false);
  await clock.advance(1);
  const { error, reason } = await serving;
  assertEquals([reason, error?.kind, error?.reason], [
    "dead",
    "timeout",
    "no handshake within 5 s",
  ]);
  await assertRejects(() => near.read(new Uint8Array(1)), NetError);
});

Deno.test("a client of a server that says nothing gives the carrier up, and dials again", async () => {
  const clock = new VirtualClock();
  await using linked = new Linked({
    clock,
    dial: (nth) => nth === 0 ? stranger()[0] : undefined,
  });
  const client = linked.client();
  await clock.advance(10_000);
  await clock.advance(100);
  await client.up;
  const waiting = client.seen.find((event) => event.state === "waiting");
  assertEquals(waiting?.error?.reason, "no handshake within 10 s");
});

Deno.test("the time of an attempt covers its handshake, where that is less than the limit", async () => {
  const clock = new VirtualClock();
  await using linked = new Linked({
    clock,
    client: { timeoutMs: 1_500, backoff: { initialMs: 1, maximumMs: 1 } },
    dial: (nth) => nth === 0 ? stranger()[0] : undefined,
  });
  const client = linked.client();
  await clock.advance(1_499);
  assertEquals(client.seen.some(({ state }) => state === "waiting"), false);
  await clock.advance(100);
  await client.up;
  const waiting = client.seen.find((event) => event.state === "waiting");
  assertEquals(waiting?.error?.reason, "no handshake within 1.5 s");
});

Deno.test("more carriers in their handshake than there may be are told to come again", async () => {
  await using linked = new Linked({ limits: { "link-handshakes": 2 } });
  const held = [stranger(), stranger()];
  const serving = held.map(([, far]) => linked.server.serve(far));
  const client = linked.client();
  while (!client.seen.some(({ state }) => state === "waiting")) {
    await new Promise((then) => setTimeout(then, 1));
  }
  const waiting = client.seen.find((event) => event.state === "waiting");
  assertEquals(
    waiting?.error?.message,
    "link: the server is busy: 2 carriers are in their handshake",
  );
  for (const [near] of held) await near[Symbol.asyncDispose]();
  for (const report of await Promise.all(serving)) assertEquals(report.error?.kind, "reset");
  await client.up;
});

Deno.test("an address that fails too often is not listened to for a while; others are", async () => {
  const clock = new VirtualClock();
  await using linked = new Linked({ clock, limits: { "link-attempts": 3 } });
  const kinds = async (host: string, times: number) => {
    const seen: (string | undefined)[] = [];
    for (let n = 0; n < times; n++) {
      seen.push((await visit(linked, text("GET / HTTP/1.1"), host)).error?.kind);
    }
    return seen;
  };
  assertEquals(await kinds("192.0.2.1", 5), ["protocol", "protocol", "protocol", "limit", "limit"]);
  assertEquals(await kinds("192.0.2.2", 1), ["protocol"]);
  await clock.advance(20_000);
  assertEquals(await kinds("192.0.2.1", 2), ["protocol", "limit"]);
});

Deno.test("an address that stalls in its handshakes takes no more places than it may fail", async () => {
  await using linked = new Linked({ limits: { "link-attempts": 3, "link-handshakes": 4 } });
  const stalled = Array.from({ length: 3 }, () => stranger("192.0.2.1"));
  const serving = stalled.map(([, far]) => linked.server.serve(far));
  assertEquals((await visit(linked, text("GET"), "192.0.2.1")).error?.kind, "limit");
  await linked.client().up;
  for (const [near] of stalled) await near[Symbol.asyncDispose]();
  await Promise.all(serving);
});

Deno.test("there are no more sessions than there may be, and a place that is free is taken", async () => {
  await using linked = new Linked({ limits: { "link-sessions": 2 } });
  const [one, two] = [linked.client(), linked.client({ identity: "laptop" })];
  await Promise.all([one.up, two.up]);
  const third = linked.client();
  while (!third.seen.some(({ state }) => state === "waiting")) {
    await new Promise((then) => setTimeout(then, 1));
  }
  const waiting = third.seen.find((event) => event.state === "waiting");
  assertEquals(
    waiting?.error?.message,
    "link: the server has no place for another session: 2 sessions",
  );
  await linked.client({ identity: "laptop" }).up; // takes the place of its own
  assertEquals((await two.done).error?.kind, "broken");
  await one.close();
  await third.up;
});

Deno.test("a carrier of messages is refused: a link is a stream", async () => {
  const [near, far] = stranger();
  const messages = Object.assign(far, { traits: { ...far.traits, messages: true } });
  await using linked = new Linked();
  const { error } = await linked.server.serve(messages);
  assertEquals([error?.kind, error?.reason], ["usage", "a link needs a stream to be carried by"]);
  await near[Symbol.asyncDispose]();
});

Deno.test("garbage at the door holds nothing: a thousand carriers leave no session and no place", async () => {
  const random = new SeededBytes(11);
  const pipes = openPipes();
  await using linked = new Linked({ handlers: pipes.handlers, limits: { "link-handshakes": 1 } });
  for (let n = 0; n < 1_000; n++) {
    const bytes = random.fill(new Uint8Array(random.below(120)));
    // Half of them begin as a link does.
    if (n % 2 === 0) bytes.set(linkMagic.subarray(0, bytes.length));
    const { error } = await visit(linked, bytes);
    assert(error !== undefined && ["protocol", "reset"].includes(error.kind), String(error));
  }
  assertEquals(linked.server.sessions.length, 0);
  const channel = await linked.client().open("tcp://db:1");
  await channel.write(text("served"));
  assertEquals(new TextDecoder().decode(await readOf(await pipes.next(), 6)), "served");
});

Deno.test("a client that is told to stop lets go of everything", async () => {
  await using linked = new Linked({ client: { key: linkKey } });
  const client = linked.client();
  await client.up;
  const channel = client.open("tcp://db:1");
  const tally = await client.close();
  await assertRejects(() => channel, NetError);
  assertEquals(tally.error, undefined);
  await assertRejects(() => client.open("tcp://db:1"), NetError, "closed on this side");
  assertEquals(linked.server.sessions.length, 0);
});
