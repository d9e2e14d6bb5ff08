import { assert, assertEquals, assertThrows } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { WatchMachine } from "../../../lib/link/watch.ts";
import { HttpError } from "../../../lib/service/http_error.ts";
import { KnownHosts } from "../../../lib/service/http_host.ts";
import { WatchFeed } from "../../../lib/service/watch_feed.ts";
import { pagePolicy, watchPage } from "../../../lib/service/watch_page.ts";

/** A watch without a clock of its own, as a feed sees it. */
function source(count: number) {
  const machine = new WatchMachine();
  const own = { mode: "connect", everyMs: 10, timeoutMs: 10, misses: 1, rises: 1 };
  const settings = (names: readonly string[]) =>
    names.map((name) => ({ name, address: "tcp://h:1", ...own }));
  machine.retarget(settings(Array.from({ length: count }, (_, at) => `t${at}`)), 0, 0);
  let generation = 1;
  return {
    get targets() {
      return machine.targets;
    },
    get counts() {
      return machine.counts;
    },
    get revision() {
      return machine.revision;
    },
    get generation() {
      return generation;
    },
    underWay: 0,
    /** Every target answers once. */
    probe() {
      machine.probeAll(0);
      for (let one = machine.next(0); one !== null; one = machine.next(0)) {
        machine.ended(one, { ok: true, roundTripMs: 1 }, 0, 0);
      }
    },
    retarget(names: readonly string[]) {
      machine.retarget(settings(names), 0, 0);
      generation++;
    },
  };
}

function begin(count: number, limits = defaultLimits) {
  const clock = new VirtualClock();
  const watch = source(count);
  const feed = new WatchFeed(watch, makeContext({ clock, limits }));
  return { clock, watch, feed };
}

/** Reads one event of a viewer; null at its end. */
async function next(reader: ReadableStreamDefaultReader<Uint8Array>) {
  const { value, done } = await reader.read();
  if (done) return null;
  const text = new TextDecoder().decode(value);
  const [, event, data = ""] = /^(?:retry: \d+\n)?event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
  const { targets, counts } = JSON.parse(data);
  return { event, counts, names: targets.map(({ name }: { name: string }) => name) };
}

function view(feed: WatchFeed) {
  const stream = feed.open();
  assert(stream !== null);
  return stream.getReader();
}

Deno.test("a viewer gets everything first, and then what has changed", async () => {
  const { clock, watch, feed } = begin(2);
  const viewer = view(feed);
  assertEquals((await next(viewer))?.event, "all");
  const second = next(viewer);
  watch.probe();
  await clock.advance(1_000);
  const { event, names, counts } = await second ?? {};
  assertEquals([event, names, counts?.up], ["some", ["t0", "t1"], 2]);
  feed[Symbol.dispose]();
  assertEquals(await next(viewer), null);
  assertEquals(clock.pending, 0);
});

Deno.test("where nothing changes a beat comes, so that silence means a lost connection", async () => {
  const { clock, feed } = begin(1);
  const viewer = view(feed);
  await next(viewer);
  let isTold = false;
  const beat = next(viewer).then((event) => {
    isTold = true;
    return event;
  });
  await clock.advance(4_900);
  assert(!isTold);
  await clock.advance(1_200);
  assertEquals((await beat)?.names, []);
  feed[Symbol.dispose]();
});

Deno.test("thousands come in pieces, and other targets begin everything anew", async () => {
  const { clock, watch, feed } = begin(1_200);
  const viewer = view(feed);
  const pieces = [await next(viewer), await next(viewer), await next(viewer)];
  assertEquals(pieces.map((one) => [one?.event, one?.names.length]), [
    ["all", 500],
    ["some", 500],
    ["some", 200],
  ]);
  watch.retarget(["x"]);
  const anew = next(viewer);
  await clock.advance(1_000);
  assertEquals(await anew.then((one) => [one?.event, one?.names]), ["all", ["x"]]);
  feed[Symbol.dispose]();
});

Deno.test("a viewer that reads nothing costs nothing, and is told the newest when it does", async () => {
  const { clock, watch, feed } = begin(3);
  const viewer = view(feed);
  await clock.advance(60_000);
  for (let turn = 0; turn < 50; turn++) watch.probe();
  assertEquals(clock.pending, 0, "nothing is prepared for it");
  assertEquals((await next(viewer))?.counts.up, 3);
  await viewer.cancel();
  assertEquals(feed.viewers, 0);
  assertEquals(clock.pending, 0);
});

Deno.test("there are no more viewers than the limit, and none after the end", async () => {
  const { feed } = begin(1, { ...defaultLimits, "watch-viewers": 1 });
  const viewer = view(feed);
  assertEquals(feed.open(), null);
  await viewer.cancel();
  await view(feed).cancel();
  feed[Symbol.dispose]();
  assertEquals(feed.open(), null);
});

Deno.test("numeric addresses and names that were given are answered, others are not", () => {
  const known = new KnownHosts(["Box.example"]);
  const check = (host: string | null, origin?: string) =>
    known.check(
      new Headers({
        ...(host === null ? {} : { host }),
        ...(origin === undefined ? {} : { origin }),
      }),
    );
  for (
    const host of ["127.0.0.1", "127.0.0.1:80", "[::1]:8080", "localhost:1", "box.example:9", null]
  ) check(host);
  check("BOX.example.", undefined);
  check("127.0.0.1:80", "http://127.0.0.1:80");
  const status = (host: string, origin?: string) =>
    assertThrows(() => check(host, origin), HttpError).status;
  for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "1.2.3.4.5"]) {
    assertEquals(status(host), 421, host);
  }
  assertEquals(status("127.0.0.1:80", "http://evil.example"), 403);
  assertEquals(status("127.0.0.1:80", "null"), 403);
  assertEquals(status("127.0.0.1:80", "http://127.0.0.1:81"), 403);
});

Deno.test("the page loads nothing from elsewhere, and only its own script may run", () => {
  const addresses = [...watchPage.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) =>
    address
  );
  assertEquals(addresses, ["data:,", "/api/targets"]);
  assert(!/innerHTML|insertAdjacent|document\.write|eval\(/.test(watchPage));
  assert(pagePolicy.startsWith("default-src 'none'; script-src 'sha256-"));
  assert(!pagePolicy.includes("unsafe"));
});
