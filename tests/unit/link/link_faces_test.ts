import { assert, assertEquals, assertRejects } from "@std/assert";
import { makeContext } from "../../../lib/core/context.ts";
import type { Duplex } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { readExactly } from "../../../lib/stream/read.ts";
import { digestOf } from "../../support/digest.ts";
import { HandListener, Linked, openPipes } from "../../support/linked.ts";
import { makePair, readToEnd } from "../../support/pair.ts";
import { randomBytes, SeededBytes } from "../../support/random.ts";

const text = (of: string): Uint8Array => new TextEncoder().encode(of);
const words = (of: Uint8Array | null): string => new TextDecoder().decode(of ?? text("nothing"));

async function readText(from: Duplex, length: number): Promise<string> {
  return words(await readExactly(from, new Uint8Array(length)));
}

async function failure(of: Promise<unknown>): Promise<NetError> {
  return await assertRejects(() => of, NetError);
}

Deno.test("a channel carries bytes both ways, half-close and all", async () => {
  const pipes = openPipes();
  await using linked = new Linked({ handlers: pipes.handlers });
  const client = linked.client();
  const channel = await client.open("tcp://db:5432");
  const end = await pipes.next();
  await channel.write(text("hello"));
  await channel.closeWrite();
  assertEquals(words(await readToEnd(end)), "hello");
  await end.write(text("and goodbye"));
  await end.closeWrite();
  assertEquals(words(await readToEnd(channel)), "and goodbye");
  const tally = await client.close();
  assertEquals([tally.error, tally.sessions, tally.carriers], [undefined, 1, 1]);
  assertEquals(client.seen.map(({ state }) => state), ["connecting", "up", "ended"]);
});

for (const seals of [true, false]) {
  Deno.test(
    `megabytes arrive once and in order over cuts at random bytes, ${
      seals ? "sealed" : "not sealed"
    }`,
    async () => {
      const random = new SeededBytes(seals ? 5 : 6);
      const pipes = openPipes();
      await using linked = new Linked({
        handlers: pipes.handlers,
        server: { seals },
        client: { seals },
        cutAfter: () => random.below(400_000),
      });
      const client = linked.client();
      const channel = await client.open("tcp://db:5432");
      const end = await pipes.next();
      const [there, back] = [randomBytes(3_000_000, 1), randomBytes(2_000_000, 2)];
      const send = async (to: Duplex, bytes: Uint8Array) => {
        for (let at = 0; at < bytes.length; at += 100_000) {
          await to.write(bytes.subarray(at, at + 100_000));
        }
        await to.closeWrite();
      };
      const [, , came, returned] = await Promise.all([
        send(channel, there),
        send(end, back),
        readToEnd(end),
        readToEnd(channel),
      ]);
      assertEquals(digestOf(came), digestOf(there));
      assertEquals(digestOf(returned), digestOf(back));
      assert(linked.carriers.length > 5, `${linked.carriers.length} carriers`);
      assert(client.tally.framesResent > 0);
      assertEquals(linked.server.sessions.length, 1);
    },
  );
}

Deno.test("a wrong key is final for who was never in, and the server goes on serving", async () => {
  const pipes = openPipes();
  await using linked = new Linked({ handlers: pipes.handlers });
  const stranger = linked.client({ key: new Uint8Array(32), address: "tcp://server:7000" });
  const refused = await failure(stranger.up);
  assertEquals(refused.kind, "authentication");
  assertEquals(
    refused.message,
    "link tcp://server:7000: the server could not open our handshake: it has another key",
  );
  assertEquals((await stranger.done).error?.kind, "authentication");
  assertEquals(linked.server.sessions.length, 0);
  assertEquals((await linked.reports[0])?.error?.kind, "authentication");
  assertEquals(linked.serverEvents.map(({ state }) => state), ["refused"]);
  await linked.client().open("tcp://db:5432");
});

Deno.test("a refusal that is forged ends nothing once the client was in", async () => {
  const pipes = openPipes();
  const forger = new Linked({ server: { key: new Uint8Array(32) } });
  await using _forger = forger;
  await using linked = new Linked({
    handlers: pipes.handlers,
    dial: (nth) => nth === 1 || nth === 2 ? forger.dial() : undefined,
  });
  const client = linked.client();
  const channel = await client.open("tcp://db:5432");
  const end = await pipes.next();
  linked.carriers[0]?.client.abort();
  await channel.write(text("still here"));
  assertEquals(await readText(end, 10), "still here");
  assertEquals(forger.carriers.length, 2);
  const up = client.seen.filter((event) => event.state === "up");
  assertEquals(up.map((event) => event.resumed), [false, true]);
});

Deno.test("a replayed first message takes nothing over, makes nothing and ends nothing", async () => {
  const pipes = openPipes();
  await using linked = new Linked({ handlers: pipes.handlers });
  const client = linked.client({ identity: "laptop" });
  const channel = await client.open("tcp://db:5432");
  const end = await pipes.next();
  const first = linked.carriers[0]?.client.written[0];
  assert(first !== undefined);
  for (const tail of [[], [text("\x00\x20" + "x".repeat(32))]]) {
    const replay = linked.dial();
    await replay.write(first);
    await readExactly(replay, new Uint8Array(12)); // it is answered
    for (const bytes of tail) await replay.write(bytes);
    await replay.closeWrite();
    const report = await linked.reports.at(-1);
    assertEquals(report?.error?.kind, "protocol");
  }
  assertEquals(linked.server.sessions.length, 1);
  await channel.write(text("untouched"));
  assertEquals(await readText(end, 9), "untouched");
  assertEquals(client.tally.carriers, 1);
});

Deno.test("a server that was restarted says so; a new session goes on where that is wanted", async () => {
  const pipes = openPipes();
  await using linked = new Linked({ handlers: pipes.handlers });
  const client = linked.client({ renews: true });
  const channel = await client.open("tcp://db:5432");
  linked.restart();
  const lost = await failure(channel.read(new Uint8Array(1)));
  assertEquals(
    lost.message,
    "link: the server does not know this session any more: it was restarted",
  );
  await (await client.open("tcp://db:5432")).write(text("again"));
  const states = client.seen.map(({ state }) => state).filter((state) => state !== "waiting");
  assertEquals(states, ["connecting", "up", "down", "connecting", "session-gone", "up"]);
  assertEquals(client.tally.sessions, 2);
});

Deno.test("a server that was restarted is the end where no new session is wanted", async () => {
  await using linked = new Linked();
  const client = linked.client();
  await client.up;
  linked.restart();
  assertEquals((await client.done).error?.kind, "broken");
  assertEquals(client.seen.at(-1)?.state, "ended");
  assertEquals(client.seen.at(-2)?.state, "session-gone");
  await assertRejects(() => client.open("tcp://db:5432"), NetError, "it was restarted");
});

Deno.test("a second client of an identity gets the ports at once, the first one is told", async () => {
  const said: string[] = [];
  const held = new Map<string, HandListener>();
  await using linked = new Linked({
    handlers: {
      listen: ({ target }) => {
        const before = held.get(target);
        said.push(`${target} ${before === undefined || before.isClosed ? "free" : "in use"}`);
        const listener = new HandListener(target);
        held.set(target, listener);
        return Promise.resolve(listener);
      },
    },
  });
  const first = linked.client({ identity: "laptop" });
  const listener = await first.listen("tcp://:8080");
  const second = linked.client({ identity: "laptop" });
  await second.listen("tcp://:8080");
  assertEquals(said, ["tcp://:8080 free", "tcp://:8080 free"]);
  assertEquals(
    (await first.done).error?.message,
    "link: another client of the same identity has taken over",
  );
  assertEquals((await failure(listener.accept())).kind, "broken");
  assertEquals(first.seen.map(({ state }) => state).slice(-2), ["taken-over", "ended"]);
  assertEquals(linked.server.sessions.map(({ identity }) => identity), ["laptop"]);
});

Deno.test("a client that was away while it was taken over is told when it comes back", async () => {
  await using linked = new Linked();
  const backoff = { initialMs: 100, maximumMs: 100, random: () => 1 };
  const first = linked.client({ identity: "laptop", backoff });
  await first.up;
  linked.carriers[0]?.client.abort();
  await linked.client({ identity: "laptop" }).up;
  const { error } = await first.done;
  assertEquals(error?.reason, "another client of the same identity has taken over");
  assertEquals(linked.server.sessions.length, 1);
});

Deno.test("clients without an identity, or of others, leave each other alone", async () => {
  await using linked = new Linked();
  const clients = [{}, {}, { identity: "a" }, { identity: "b" }].map((of) => linked.client(of));
  await Promise.all(clients.map((client) => client.up));
  assertEquals(linked.server.sessions.length, 4);
});

Deno.test("nothing is permitted unless a handler permits it, and the peer is told why", async () => {
  await using linked = new Linked({ handlers: {} });
  const client = linked.client();
  const refused = await failure(client.open("tcp://db:5432"));
  assertEquals(refused.kind, "permission");
  assertEquals(
    refused.message,
    "open tcp://db:5432: refused by the other side of the link: nothing is permitted here",
  );
  assertEquals((await failure(client.listen("tcp://:80"))).kind, "permission");
  assertEquals(linked.server.sessions[0]?.channels, 0);
});

Deno.test("what a handler throws arrives as its kind and its words", async () => {
  await using linked = new Linked({
    handlers: {
      open: () => {
        const message = "connection refused";
        throw new NetError({ kind: "refused", op: "connect", message, code: "ECONNREFUSED" });
      },
    },
  });
  const refused = await failure(linked.client().open("tcp://db:5432"));
  assertEquals(refused.kind, "refused");
  assert(refused.message.endsWith("connection refused (ECONNREFUSED)"), refused.message);
});

Deno.test("what comes in at a listener over there is accepted here", async () => {
  const there = new HandListener("tcp://0.0.0.0:8080");
  await using linked = new Linked({ handlers: { listen: () => Promise.resolve(there) } });
  const client = linked.client();
  const listener = await client.listen("tcp://:8080");
  assertEquals(listener.local.text, "tcp://0.0.0.0:8080");
  const visitor = there.connect("tcp://192.0.2.9:1234");
  const incoming = await listener.accept();
  assertEquals(incoming?.remote.text, "tcp://192.0.2.9:1234");
  const session = await incoming?.settle(makeContext());
  await visitor.write(text("knock"));
  assert(session !== undefined);
  assertEquals(await readText(session, 5), "knock");
  const turnedAway = there.connect();
  (await listener.accept())?.reject();
  assertEquals((await failure(turnedAway.read(new Uint8Array(1)))).kind, "reset");
  await listener[Symbol.asyncDispose]();
  assertEquals(await listener.accept(), null);
  await session.write(text("open still"));
  assertEquals(await readText(visitor, 10), "open still");
  assert(there.isClosed);
});

Deno.test("datagrams keep their boundaries, empty ones too", async () => {
  const [near, far] = makePair({ messages: true });
  await using linked = new Linked({ handlers: { open: () => Promise.resolve(near) } });
  const channel = await linked.client().open("udp://h:1", "datagrams");
  for (const message of ["one", "", "three"]) await channel.write(text(message));
  const buffer = new Uint8Array(100);
  const read = async (from: Duplex) => words(buffer.subarray(0, await from.read(buffer) ?? 99));
  assertEquals([await read(far), await read(far), await read(far)], ["one", "", "three"]);
  await far.write(text("back"));
  assertEquals(await read(channel), "back");
  assertEquals((await failure(channel.write(new Uint8Array(70_000)))).kind, "too-large");
  await channel.write(text("usable still"));
  assertEquals(await read(far), "usable still");
});

Deno.test("an open that is given up is withdrawn", async () => {
  const asked = Promise.withResolvers<void>();
  await using linked = new Linked({
    handlers: {
      open: (_request, { signal }) => {
        asked.resolve();
        return new Promise((_, reject) => signal.addEventListener("abort", reject));
      },
    },
  });
  const client = linked.client();
  const gone = new AbortController();
  const opening = client.open("tcp://slow:1", "stream", gone);
  await asked.promise;
  gone.abort(new Error("enough"));
  await assertRejects(() => opening, Error, "enough");
  assertEquals((await client.close()).error, undefined);
});

Deno.test("a reader that stands still stops its writer, and no other channel", async () => {
  const pipes = openPipes(1024);
  await using linked = new Linked({ handlers: pipes.handlers });
  const client = linked.client();
  const stalled = await client.open("tcp://slow:1");
  const slow = await pipes.next();
  let isTaken = false;
  const writing = stalled.write(new Uint8Array(20_000_000)).then(() => isTaken = true, () => {});
  const other = await client.open("tcp://quick:1");
  const quick = await pipes.next();
  for (let turn = 0; turn < 20; turn++) {
    await other.write(text("ping"));
    assertEquals(await readText(quick, 4), "ping");
  }
  assertEquals(isTaken, false);
  slow.abort();
  await writing;
});

Deno.test("what was written to a channel that has ended arrives, though the client has gone", async () => {
  const pipes = openPipes(4096);
  await using linked = new Linked({ handlers: pipes.handlers });
  const client = linked.client();
  const channel = await client.open("tcp://slow:1");
  const end = await pipes.next();
  await end.closeWrite();
  assertEquals(await channel.read(new Uint8Array(1)), null);
  const bytes = randomBytes(100_000);
  await channel.write(bytes);
  await channel.closeWrite();
  assertEquals((await client.close()).error, undefined);
  assertEquals(linked.server.sessions.length, 0);
  assertEquals(digestOf(await readToEnd(end)), digestOf(bytes));
});

Deno.test("a server that ends says goodbye: a client that wants to goes on with another", async () => {
  await using linked = new Linked();
  const [stays, leaves] = [linked.client({ renews: true }), linked.client()];
  await Promise.all([stays.up, leaves.up]);
  const old = linked.server;
  linked.restart();
  await old[Symbol.asyncDispose]();
  assertEquals((await leaves.done).error?.kind, "broken");
  while (stays.tally.sessions < 2) await new Promise((then) => setTimeout(then, 1));
  await stays.listen("tcp://:1").catch(() => {}); // answered: it is up again
  assertEquals(linked.server.sessions.length, 1);
});

Deno.test("who writes to a channel whose session has ended is told that, and not that it ended itself", async () => {
  const pipes = openPipes();
  await using linked = new Linked({ handlers: pipes.handlers });
  const channel = await linked.client().open("tcp://db:5432");
  const target = await pipes.next();
  await target.closeWrite();
  assertEquals(await channel.read(new Uint8Array(1)), null);
  await linked.server[Symbol.asyncDispose]();
  await new Promise((then) => setTimeout(then, 5));
  const error = await assertRejects(() => channel.write(new Uint8Array(1)), NetError);
  assertEquals([error.kind, error.reason], ["broken", "the session of the link has ended"]);
});
