/**
 * What a link session does, one behaviour at a time.
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../../lib/core/error.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { randomBytes } from "../../support/random.ts";
import { framesOf, SessionPair } from "../../support/session_pair.ts";

Deno.test("a channel carries bytes both ways, and each way ends by itself", () => {
  const pair = new SessionPair();
  const { near, far } = pair;
  const channel = near.session.open("stream", "tcp://db:5432");
  pair.carry();
  assertEquals(far.told(), [
    { kind: "attached", resent: 0 },
    {
      kind: "incoming",
      channel,
      channelKind: "stream",
      target: "tcp://db:5432",
      listener: null,
    },
  ]);
  far.session.accept(channel);
  pair.carry();
  assertEquals(near.told(), [{ kind: "attached", resent: 0 }, { kind: "opened", channel }]);
  near.write(channel, "question");
  near.session.closeWrite(channel);
  pair.carry();
  assertEquals(far.told(), [{ kind: "readable", channel }]);
  assertEquals(far.read(channel), "question<end>");
  far.write(channel, "answer");
  far.session.closeWrite(channel);
  pair.carry();
  assertEquals(far.told(), [{ kind: "closed", channel }]);
  assertEquals(near.read(channel), "answer<end>");
  assertEquals(near.told(), [{ kind: "readable", channel }, { kind: "closed", channel }]);
  assertEquals([near.session.channelCount, far.session.channelCount], [0, 0]);
});

Deno.test("a refusal says its code and text, and forgets the channel", () => {
  const pair = new SessionPair();
  const channel = pair.near.session.open("stream", "tcp://secret:1");
  pair.carry();
  pair.far.session.refuse(channel, "not-permitted", "no permit for tcp://secret:1");
  pair.carry();
  assertEquals(pair.near.told().at(-1), {
    kind: "refused",
    channel,
    code: "not-permitted",
    text: "no permit for tcp://secret:1",
  });
  assertEquals([pair.near.session.channelCount, pair.far.session.channelCount], [0, 0]);
});

Deno.test("a reset ends both directions, drops what was not read, and is answered", () => {
  const pair = new SessionPair();
  const channel = pair.open();
  pair.near.write(channel, "never read");
  pair.carry();
  pair.far.told();
  pair.near.session.reset(channel, "cancelled");
  pair.near.session.reset(channel, "cancelled");
  pair.carry();
  assertEquals(pair.far.told(), [{ kind: "reset", channel, code: "cancelled" }]);
  assertThrows(() => pair.far.read(channel), NetError, "is over");
  assertThrows(() => pair.near.write(channel, "x"), NetError, "is over");
  assertEquals([pair.near.session.channelCount, pair.far.session.channelCount], [0, 0]);
  assertEquals(pair.far.session.receiveBytes, 0);
});

Deno.test("an open that is withdrawn before it was said is never said", () => {
  const pair = new SessionPair();
  pair.carry();
  const channel = pair.near.session.open("stream", "x");
  pair.near.session.reset(channel);
  assertEquals(pair.near.said(), []);
  assertEquals(pair.near.session.channelCount, 0);
});

Deno.test("a channel that nobody reads holds up no other", () => {
  const pair = new SessionPair();
  const stalled = pair.open();
  const other = pair.open();
  const much = randomBytes(4 * 1024 * 1024);
  const taken = pair.near.session.write(stalled, much);
  assertEquals(taken, 128 * 1024);
  let [sent, done] = [0, 0];
  const into = new Uint8Array(256 * 1024);
  for (let rounds = 0; done < much.length; rounds++) {
    assert(rounds < 1000, "the other channel moves");
    sent += pair.near.session.write(other, much.subarray(sent));
    pair.carry();
    done += pair.far.session.read(other, into) ?? 0;
  }
  pair.settle();
  assertEquals(pair.near.session.write(stalled, much), 0, "no credit came for it");
  assertEquals(pair.near.session.replayBytes, 0, "and it holds no memory here");
  const { receiveBytes } = pair.far.session;
  assert(receiveBytes <= (256 + 512) * 1024, "a fast stream holds one piece more, a large one");
});

Deno.test("channels take turns of one frame, control goes before data", () => {
  const pair = new SessionPair();
  const channels = [pair.open(), pair.open(), pair.open()];
  for (const channel of channels) pair.near.session.write(channel, randomBytes(128 * 1024));
  const last = pair.near.session.open("stream", "x");
  const order: string[] = [];
  for (let record = pair.near.pull(); record !== null; record = pair.near.pull()) {
    for (const { name, id } of framesOf(record)) order.push(`${name} ${id}`);
  }
  const [a, b, c] = channels;
  const turn = [`data ${a}`, `data ${b}`, `data ${c}`];
  assertEquals(order, [`open ${last}`, ...turn, ...turn, ...turn]);
});

Deno.test("small writes that wait become one frame", () => {
  const pair = new SessionPair();
  const channel = pair.open();
  for (const text of ["a", "b", "c"]) pair.near.write(channel, text);
  assertEquals(pair.near.said(), ["data"]);
});

Deno.test("what was under way when a carrier is lost comes on the next one, once", () => {
  const pair = new SessionPair();
  const channel = pair.open();
  pair.near.write(channel, "first ");
  pair.carry();
  pair.near.write(channel, "second ");
  pair.near.pull();
  pair.near.session.closeWrite(channel);
  pair.near.pull();
  pair.cut();
  pair.near.session.reset(pair.near.session.open("stream", "x"));
  pair.connect();
  pair.carry();
  assertEquals(pair.far.read(channel), "first second <end>");
  assertEquals(pair.near.session.tally.framesResent, 2);
});

Deno.test("records of an older carrier are dropped unread", () => {
  const pair = new SessionPair();
  const channel = pair.open();
  const old = pair.far.carrier;
  pair.near.write(channel, "once");
  const late = pair.near.pull();
  assert(late !== null);
  pair.connect();
  pair.far.session.receive(old, late, 0);
  pair.carry();
  pair.far.session.receive(old, late, 0);
  assertEquals(pair.far.read(channel), "once");
});

Deno.test("a carrier that comes late is not admitted after a newer one", () => {
  const pair = new SessionPair();
  const late = pair.near.pull();
  pair.near.attach();
  const newer = pair.near.pull();
  assert(late !== null && newer !== null);
  assertEquals([pair.far.session.admits(late), pair.far.session.admits(newer)], [true, true]);
  pair.far.receive(newer);
  assertEquals([pair.far.session.admits(late), pair.far.session.admits(newer)], [false, false]);
  for (
    const record of [[3, 0, 0, 4, 0, 0, 0, 1], [1, 0, 0, 16, 0], [1, 0xff, 0, 16, ...Array(16)], []]
  ) {
    assertEquals(pair.far.session.admits(Uint8Array.from(record)), false);
  }
  assertEquals(pair.far.session.isOver, false);
});

Deno.test("writers wait while what is sent is not acknowledged, and go on when it is", () => {
  const pair = new SessionPair({ replayBytes: 128 * 1024 });
  const channels = [pair.open(), pair.open()];
  const [first = 0, second = 0] = channels;
  assertEquals(pair.near.session.write(first, randomBytes(128 * 1024)), 2 * 65_511);
  assertEquals(pair.near.session.write(second, randomBytes(1000)), 0);
  assert(pair.near.session.replayBytes <= 128 * 1024 + 64);
  assertEquals(pair.near.told(), []);
  pair.carry();
  assertEquals(pair.near.told(), [
    { kind: "writable", channel: first },
    { kind: "writable", channel: second },
  ]);
});

Deno.test("a window grows while it is read, and not beyond its bound", () => {
  const pair = new SessionPair({ windowBytes: 512 * 1024 });
  const channel = pair.open();
  const into = new Uint8Array(1024 * 1024);
  for (let turn = 0; turn < 8; turn++) {
    pair.near.session.write(channel, randomBytes(1024 * 1024));
    pair.carry();
    while (pair.far.session.read(channel, into));
    pair.carry();
  }
  assertEquals(pair.far.session.inspect(channel)?.window, 512 * 1024);
});

Deno.test("windows of all channels together stay within their limit", () => {
  const limits = { ...defaultLimits, "link-receive": 256 * 1024 };
  const pair = new SessionPair({ limits });
  const into = new Uint8Array(1024 * 1024);
  const channels = [pair.open(), pair.open()];
  for (let turn = 0; turn < 8; turn++) {
    for (const channel of channels) {
      pair.near.session.write(channel, randomBytes(1024 * 1024));
      pair.carry();
      while (pair.far.session.read(channel, into));
      pair.carry();
    }
  }
  const windows = channels.map((channel) => pair.far.session.inspect(channel)?.window ?? 0);
  assertEquals(windows.reduce((sum, window) => sum + window - 128 * 1024, 0) <= 256 * 1024, true);
});

Deno.test("an acknowledgement waits for its time, or goes with what is said", () => {
  const pair = new SessionPair({ ackDelayMs: 25 });
  const channel = pair.open();
  pair.near.write(channel, "x");
  const record = pair.near.pull();
  assert(record !== null);
  pair.far.receive(record, 100);
  assertEquals([pair.far.session.hasOutput, pair.far.session.deadlineMs], [false, 125]);
  pair.far.session.tick(124);
  assertEquals(pair.far.session.hasOutput, false);
  pair.far.session.tick(125);
  assertEquals(pair.far.said(125), ["ack"]);
  assertEquals(pair.far.session.deadlineMs, null);
  pair.near.write(channel, "y");
  const next = pair.near.pull();
  assert(next !== null);
  pair.far.receive(next, 200);
  pair.far.write(channel, "z");
  assertEquals(pair.far.said(200), ["ack", "data"]);
});

Deno.test("a silent carrier is suspect, then dead; any frame is life; the next one begins anew", () => {
  const pair = new SessionPair({ heartbeat: { everyMs: 1000, misses: 3 } });
  pair.carry();
  const { session } = pair.near;
  assertEquals(session.tally.roundTripMs, 0);
  pair.near.told();
  for (const round of [0, 10_000]) {
    pair.nowMs = round;
    pair.connect();
    pair.carry();
    pair.near.told();
    const kinds: string[] = [];
    for (let ms = session.deadlineMs; ms !== null && kinds.at(-1) !== "carrier-dead";) {
      session.tick(ms);
      const names = pair.near.told().map(({ kind }) => kind);
      kinds.push(...names);
      if (names.includes("carrier-dead")) assertEquals(ms, round + 3000);
      pair.near.said(ms);
      ms = session.deadlineMs;
    }
    assertEquals(kinds, ["carrier-suspect", "carrier-dead"]);
  }
});

Deno.test("datagrams keep their boundaries, empty ones too", () => {
  const pair = new SessionPair();
  const channel = pair.open("datagrams");
  const into = new Uint8Array(65_536);
  for (const length of [3, 0, 65_507]) {
    assertEquals(pair.near.session.send(channel, randomBytes(length), 0), true);
  }
  pair.carry();
  const lengths = [1, 2, 3, 4].map(() => pair.far.session.read(channel, into));
  assertEquals(lengths, [3, 0, 65_507, undefined]);
  assertThrows(() => pair.near.session.send(channel, randomBytes(65_512), 0), NetError, "65512");
  assertThrows(() => pair.near.session.write(channel, into), TypeError);
});

Deno.test("a datagram longer than the reader's buffer is an error, and the next one is whole", () => {
  const pair = new SessionPair();
  const channel = pair.open("datagrams");
  for (const length of [100, 5]) pair.near.session.send(channel, randomBytes(length), 0);
  pair.carry();
  const into = new Uint8Array(50);
  assertThrows(() => pair.far.session.read(channel, into), NetError, "does not fit");
  assertEquals(pair.far.session.read(channel, into), 5);
});

Deno.test("datagrams that are too old are not sent; with a number they leave a skip", () => {
  const pair = new SessionPair({ datagramExpiryMs: 100 });
  const channel = pair.open("datagrams");
  const { session } = pair.near;
  session.send(channel, randomBytes(20_000), 0);
  pair.near.pull();
  pair.cut();
  session.send(channel, randomBytes(20_000, 2), 0);
  session.send(channel, randomBytes(7, 3), 150);
  assertEquals(session.deadlineMs, 100);
  session.tick(150);
  assert(session.replayBytes < 5_000, "what expired holds no memory");
  pair.nowMs = 200;
  pair.connect();
  pair.carry();
  const into = new Uint8Array(65_536);
  assertEquals(pair.far.session.read(channel, into), 7);
  assertEquals(pair.far.session.read(channel, into), undefined);
  assertEquals([session.tally.datagramsExpired, pair.far.session.tally.datagramsSkipped], [2, 1]);
});

Deno.test("a listener at the other side: asked, in effect, a connection, taken back", () => {
  const pair = new SessionPair();
  const { near, far } = pair;
  const listener = near.session.listen("tcp://:8080");
  pair.carry();
  assertEquals(far.told().at(-1), { kind: "listen", listener, address: "tcp://:8080" });
  far.session.listening(listener, "tcp://[::]:8080");
  pair.carry();
  assertEquals(near.told().at(-1), { kind: "listening", listener, address: "tcp://[::]:8080" });
  const channel = far.session.open("stream", "tcp://10.0.0.9:4000", listener);
  pair.carry();
  assertEquals(near.told().at(-1), {
    kind: "incoming",
    channel,
    channelKind: "stream",
    target: "tcp://10.0.0.9:4000",
    listener,
  });
  near.session.unlisten(listener);
  const late = far.session.open("stream", "tcp://10.0.0.9:4001", listener);
  pair.carry();
  const told = far.told();
  assertEquals(told.find(({ kind }) => kind === "unlisten"), { kind: "unlisten", listener });
  assertEquals(told.find(({ kind }) => kind === "refused"), {
    kind: "refused",
    channel: late,
    code: "no-listener",
    text: "",
  });
  assertEquals(near.told(), []);
});

Deno.test("a listener that is refused, and one that ends later, are told", () => {
  const pair = new SessionPair();
  const listeners = [pair.near.session.listen("a"), pair.near.session.listen("b")];
  pair.carry();
  const [first = 0, second = 0] = listeners;
  pair.far.session.refuseListen(first, "in-use", "address in use");
  pair.far.session.listening(second, "b");
  pair.far.session.refuseListen(second, "error", "its interface has gone");
  pair.carry();
  const told = pair.near.told().filter(({ kind }) => kind !== "attached");
  assertEquals(told, [
    { kind: "listen-refused", listener: first, code: "in-use", text: "address in use" },
    { kind: "listen-refused", listener: second, code: "error", text: "its interface has gone" },
  ]);
});

Deno.test("goodbye comes after what was written; both are over", () => {
  const pair = new SessionPair();
  const done = pair.open();
  const cut = pair.open();
  pair.near.write(done, "last words");
  pair.near.session.closeWrite(done);
  pair.near.session.goodbye("taken-over", "by a newer client");
  assertThrows(() => pair.near.session.open("stream", "x"), NetError, "ends");
  pair.carry();
  assertEquals(pair.far.told(), [
    { kind: "readable", channel: done },
    { kind: "reset", channel: cut, code: "taken-over" },
    { kind: "goodbye", code: "taken-over", text: "by a newer client" },
    { kind: "over" },
  ]);
  assertEquals(pair.far.read(done), "last words<end>");
  assertEquals(pair.near.told().map(({ kind }) => kind), ["reset", "reset", "goodbye", "over"]);
  assertEquals([pair.near.session.isOver, pair.far.session.isOver], [true, true]);
});

Deno.test("a pull into too little is refused before anything is lost", () => {
  const { near } = new SessionPair();
  assertThrows(() => near.session.pull(near.carrier, new Uint8Array(65_518), 0), RangeError);
});

Deno.test("more channels or listeners than the limit, or too long an address, are refused here", () => {
  const limits = { ...defaultLimits, "link-channels": 2, "link-listeners": 1, "link-text": 4 };
  const { near } = new SessionPair({ limits });
  assertThrows(() => near.session.open("stream", "12345"), NetError, "5 bytes");
  assertThrows(() => near.session.listen("12345"), NetError, "5 bytes");
  near.session.open("stream", "a");
  near.session.open("stream", "b");
  near.session.listen("a");
  assertThrows(() => near.session.open("stream", "c"), NetError, "link-channels");
  assertThrows(() => near.session.listen("b"), NetError, "link-listeners");
});
