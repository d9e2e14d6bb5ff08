import { assert, assertEquals } from "@std/assert";
import { parseAddress } from "../../../lib/address/parse.ts";
import { ReverseListener } from "../../../lib/api/link_reverse.ts";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { type Log, silentLog } from "../../../lib/core/log.ts";
import type { LinkClient } from "../../../lib/link/link_client.ts";
import { HandListener, Linked } from "../../support/linked.ts";
import { makePair } from "../../support/pair.ts";

Deno.test("a listener over there can be closed while the link is down", async () => {
  const gone = Promise.withResolvers<void>();
  await using linked = new Linked({
    handlers: { listen: ({ target }) => Promise.resolve(new HandListener(target)) },
    // The restarted server is met once, and nobody answers after that.
    dial: (nth) => nth < 2 ? undefined : makePair()[0],
  });
  const client = linked.client({ renews: true });
  const log: Log = {
    ...silentLog,
    write: (_level, event) => void (event === "reverse" && gone.resolve()),
  };
  const address = parseAddress("listen:tcp://:8080");
  const listener = await ReverseListener.open(client, address, makeContext({ log }));
  const accepting = listener.accept();
  linked.restart();
  await gone.promise;
  await listener[Symbol.asyncDispose]();
  assertEquals(await accepting, null);
});

Deno.test("a listener that is closed while it is opened again leaves none over there", async () => {
  const address = parseAddress("listen:tcp://:8080");
  for (let turns = 0; turns < 12; turns++) {
    const [first, second] = [new HandListener("tcp://:8080"), new HandListener("tcp://:8080")];
    const answers = [Promise.resolve(first), Promise.withResolvers<HandListener>()] as const;
    const asked: unknown[] = [];
    const client = {
      isOver: false,
      done: new Promise(() => {}),
      listen: () => asked.push(null) === 1 ? answers[0] : answers[1].promise,
    } as unknown as LinkClient;
    const clock = new VirtualClock();
    const listener = await ReverseListener.open(client, address, makeContext({ clock }));
    const accepting = listener.accept();
    await clock.advance(5_000);
    await first[Symbol.asyncDispose]();
    await clock.advance(1);
    assertEquals(asked.length, 2);
    answers[1].resolve(second);
    for (let turn = 0; turn < turns; turn++) await null;
    await listener[Symbol.asyncDispose]();
    assertEquals(await accepting, null);
    assertEquals(second.isClosed, true, `closed after ${turns} turns`);
  }
});

Deno.test("a listener over there that ends as soon as it listens is not asked for without a pause", async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const client = {
    isOver: false,
    done: new Promise(() => {}),
    listen: () => {
      const listener = new HandListener("tcp://:8080");
      listener.isClosed = ++asked < 1_000;
      return Promise.resolve(listener);
    },
  } as unknown as LinkClient;
  const context = makeContext({ clock });
  const listener = await ReverseListener.open(client, parseAddress("listen:tcp://:8080"), context);
  const accepting = listener.accept();
  for (let turn = 0; turn < 5_000; turn++) await null;
  assertEquals(asked, 1);
  await clock.advance(20_000);
  assert(asked > 2 && asked < 100, `${asked} times in 20 s`);
  await listener[Symbol.asyncDispose]();
  assertEquals(await accepting, null);
});
