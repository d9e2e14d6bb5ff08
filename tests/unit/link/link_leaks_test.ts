import { assert, assertEquals, assertRejects } from "@std/assert";
import { HandListener, Linked, openPipes } from "../../support/linked.ts";
import { WrappedDuplex } from "../../../lib/stream/wrapped.ts";
import { makePair } from "../../support/pair.ts";
import { within } from "../../support/within.ts";
import { frame, RawLinkClient } from "../../support/link_raw.ts";
import type { LinkClient } from "../../../lib/link/link_client.ts";
import { linkFrame } from "../../../lib/wire/link_frame.ts";
import { linkCodes } from "../../../lib/wire/link_code.ts";

const open = (channel: number, credit = 131_072) =>
  frame(linkFrame.open, [[4, channel], [1, 0], [4, 0], [4, credit]], "tcp://db:5432");

/** Takes a large write bit by bit, and tells how far it is. */
class Sipping extends WrappedDuplex {
  #taken = 0;

  override async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; at += 512, this.#taken += 512) {
      await super.write(chunk.subarray(at, at + 512));
    }
  }

  handedOver(): number {
    return this.#taken;
  }
}

/** Reads on only when it is let, once it has said something. */
class Gated extends WrappedDuplex {
  readonly #gate = Promise.withResolvers<void>();
  #hasSpoken = false;

  open(): void {
    this.#gate.resolve();
  }

  override async read(into: Uint8Array): Promise<number | null> {
    if (this.#hasSpoken) await this.#gate.promise;
    return await super.read(into);
  }

  override async write(chunk: Uint8Array): Promise<void> {
    this.#hasSpoken = true;
    await super.write(chunk);
  }
}

/** All that the client has said is at the server. */
async function arrived(client: LinkClient): Promise<void> {
  const { tally } = client;
  while (client.tally.framesAcknowledged < tally.framesSent) {
    await new Promise((then) => setTimeout(then, 1));
  }
}

class ClosingListener extends HandListener {
  readonly closed = Promise.withResolvers<void>();

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    this.closed.resolve();
  }
}

Deno.test("channels that are broken off here are forgotten, and hold up no drain", async () => {
  const pipes = openPipes();
  await using linked = new Linked({ handlers: pipes.handlers });
  const client = linked.client();
  for (let turn = 0; turn < 50; turn++) {
    const channel = await client.open("tcp://db:5432");
    (await pipes.next()).abort();
    await assertRejects(() => channel.read(new Uint8Array(1)), Error, "broken at the other side");
  }
  assertEquals(linked.server.sessions[0]?.channels, 0);
  await linked.server.drain();
});

Deno.test("opening ends when the peer takes it back: no more is under way than channels", async () => {
  let underWay = 0;
  await using linked = new Linked({
    handlers: {
      open: (_request, { signal }) => {
        underWay++;
        return new Promise((_, reject) =>
          signal.addEventListener("abort", () => {
            underWay--;
            reject(signal.reason);
          })
        );
      },
    },
  });
  await using client = await RawLinkClient.begin(linked.dial());
  for (let channel = 1; channel < 100; channel += 2) {
    const code = linkCodes.cancelled;
    await client.say(open(channel), frame(linkFrame.reset, [[4, channel], [2, code]]));
    await client.until(linkFrame.reset);
  }
  assertEquals(underWay, 0);
});

for (const by of ["the peer", "a drain"] as const) {
  Deno.test(`a listener that ${by} takes back while it is being opened is closed`, async () => {
    const [asked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const listener = new ClosingListener("tcp://0.0.0.0:8080");
    await using linked = new Linked({
      handlers: {
        ...openPipes().handlers,
        listen: async () => {
          asked.resolve();
          await gate.promise;
          return listener;
        },
      },
    });
    await using client = await RawLinkClient.begin(linked.dial());
    // A channel that stays open keeps the session, also while it drains.
    await client.say(open(1), frame(linkFrame.listen, [[4, 1]], "tcp://:8080"));
    await asked.promise;
    if (by === "the peer") await client.say(frame(linkFrame.unlisten, [[4, 1]]));
    else void linked.server.drain();
    if (by === "the peer") await client.until(linkFrame.notListening);
    gate.resolve();
    if (by === "a drain") await client.until(linkFrame.notListening);
    await listener.closed.promise;
  });
}

Deno.test("a peer that breaks the rules and takes nothing more is dropped all the same", async () => {
  const pipes = openPipes();
  await using linked = new Linked({
    handlers: pipes.handlers,
    limits: { "close-wait": 30, "close-linger": 30 },
  });
  await using client = await RawLinkClient.begin(linked.dial());
  await client.say(open(1, 1024 * 1024));
  const writing = (await pipes.next()).write(new Uint8Array(1024 * 1024)).catch(() => {});
  await client.until(linkFrame.data); // the carrier is full from here on: nobody reads
  await client.say(frame(0x7f, []));
  const report = await linked.reports[0];
  assertEquals(report?.error?.kind, "timeout");
  assertEquals(linked.server.sessions.length, 0);
  await writing;
});

Deno.test("a target that stands still is let go with its session", async () => {
  const pipes = openPipes(1024);
  await using linked = new Linked({
    handlers: pipes.handlers,
    limits: { "close-wait": 30, "close-linger": 30 },
  });
  await using client = await RawLinkClient.begin(linked.dial());
  await client.say(open(1));
  const target = await pipes.next(); // never read
  await client.say(frame(linkFrame.data, [[4, 1]], "x".repeat(5_000)));
  await client.until(linkFrame.opened);
  await linked.server[Symbol.asyncDispose]();
  await assertRejects(() => target.write(new Uint8Array(1)));
});

Deno.test("a drain that is cut short tells the client, who would wait for the session else", async () => {
  const pipes = openPipes();
  await using linked = new Linked({ handlers: pipes.handlers });
  const gate = new AbortController();
  const [near, far] = makePair();
  const serving = linked.server.serve(far, gate);
  await using client = await RawLinkClient.begin(near);
  await client.say(open(1));
  await client.until(linkFrame.opened);
  void linked.server.drain();
  gate.abort(new Error("the time of the drain is over"));
  const body = await client.until(linkFrame.goaway);
  assertEquals(body?.toHex(), "000d"); // shutting-down
  near.abort();
  await serving;
});

Deno.test("a target that stands still holds up no close, though its client had ended its input", async () => {
  const pipes = openPipes(1024);
  const linked = new Linked({
    handlers: pipes.handlers,
    limits: { "close-wait": 30, "close-linger": 30 },
  });
  const client = linked.client();
  const channel = await client.open("tcp://db:5432");
  const target = await pipes.next(); // never read
  await channel.write(new Uint8Array(5_000));
  await channel.closeWrite();
  await arrived(client);
  await within(linked.server[Symbol.asyncDispose](), () => "not closed", 5_000);
  await linked[Symbol.asyncDispose]();
  await assertRejects(() => target.write(new Uint8Array(1)));
});

Deno.test("what a slow target has not taken when the server closes still arrives", async () => {
  const pipes = openPipes(1024);
  const linked = new Linked({
    handlers: {
      open: async (...asked) => {
        const near = await pipes.handlers.open?.(...asked);
        return new Sipping(near ?? makePair()[0]);
      },
    },
    limits: { "close-wait": 60, "close-linger": 30 },
  });
  const client = linked.client();
  const channel = await client.open("tcp://db:5432");
  const target = await pipes.next();
  await channel.write(new Uint8Array(20_000));
  await channel.closeWrite();
  await arrived(client);
  const closing = linked.server[Symbol.asyncDispose]();
  let taken = 0;
  for (let count: number | null = 0; count !== null; taken += count ?? 0) {
    await new Promise((done) => setTimeout(done, 10)); // longer in all than `close-wait`
    count = await target.read(new Uint8Array(1024));
  }
  assertEquals(taken, 20_000);
  await target[Symbol.asyncDispose]();
  await within(closing, () => "not closed", 5_000);
  await linked[Symbol.asyncDispose]();
});

Deno.test("a target that has nothing to say is closed, in order, when its client has gone", async () => {
  const pipes = openPipes();
  const ended = Promise.withResolvers<string>();
  await using linked = new Linked({
    handlers: { ...pipes.handlers, ended: (_request, { reason }) => ended.resolve(reason) },
    limits: { "close-linger": 30 },
  });
  const client = linked.client();
  const channel = await client.open("tcp://db:5432");
  const target = await pipes.next();
  await channel.write(new Uint8Array(100));
  await channel.closeWrite();
  const into = new Uint8Array(200);
  assertEquals(await target.read(into), 100);
  assertEquals(await target.read(into), null);
  await client.close();
  assertEquals(await within(ended.promise, () => "not ended", 5_000), "peer-end");
});

Deno.test("a carrier that was cut before it is served is not served", async () => {
  await using linked = new Linked();
  const gate = new AbortController();
  gate.abort(new Error("gone"));
  const [, far] = makePair();
  const report = await within(linked.server.serve(far, gate), () => "it is served", 1_000);
  assertEquals(report.reason, "signal");
  assertEquals(far.closed, true);
});

Deno.test("of two clients of one name that prove themselves at once, the first is let go", async () => {
  for (let turns = 0; turns < 12; turns++) {
    const linked = new Linked({ limits: { "close-wait": 10 } });
    const pairs = [makePair(), makePair()] as const;
    const [first, second] = [new Gated(pairs[0][1]), new Gated(pairs[1][1])];
    const serving = [linked.server.serve(first), linked.server.serve(second)] as const;
    for (const [near] of pairs) await RawLinkClient.begin(near, "one name");
    await new Promise((then) => setTimeout(then, 0));
    first.open();
    for (let turn = 0; turn < turns; turn++) await null;
    second.open();
    await within(serving[0], () => `held, ${turns} turns between them`, 2_000);
    const told = linked.serverEvents.map((event) => "id" in event && event.id === 1 && event.state);
    assert(!told.slice(told.indexOf("over")).includes("up"), told.join());
    await linked[Symbol.asyncDispose]();
    await serving[1];
  }
});
