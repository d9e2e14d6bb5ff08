/**
 * Long frames that leave as they lie: what is in them, when they may, and whose their memory is.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { slabBytes } from "../../../lib/link/frame_slab.ts";
import { randomBytes } from "../../support/random.ts";
import { SessionPair } from "../../support/session_pair.ts";

/** A relay's read. */
const large = 512 * 1024;

/** A pair with a channel whose credit covers large writes. */
function openedPair(): { pair: SessionPair; channel: number } {
  const pair = new SessionPair();
  const channel = pair.open();
  const into = new Uint8Array(large);
  for (let turn = 0; turn < 6; turn++) {
    pair.near.session.write(channel, randomBytes(large));
    pair.carry();
    while (pair.far.session.read(channel, into));
    pair.carry();
  }
  pair.settle();
  assertEquals(pair.near.session.replayBytes, 0);
  return { pair, channel };
}

/** Bodies of the records that lie one behind the other. */
function* bodies(records: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  for (let at = 0; at < records.length;) {
    const end = at + 2 + view.getUint16(at);
    yield records.subarray(at + 2, end);
    at = end;
  }
}

Deno.test("a large write leaves as records of one length, and arrives whole", () => {
  const { pair: { near, far }, channel } = openedPair();
  const chunk = randomBytes(large);
  assertEquals(near.session.write(channel, chunk), large);
  const run = near.session.pullRun(near.carrier, Infinity, 0);
  assert(run !== null);
  const lengths: number[] = [];
  for (const body of bodies(run.bytes)) {
    lengths.push(body.length);
    far.receive(body);
  }
  assertEquals(lengths.length, 9);
  assert(Math.max(...lengths) - Math.min(...lengths) <= 1, lengths.join(" "));
  run.taken();
  assertEquals(near.pull(), null, "nothing is left over");
  const arrived = new Uint8Array(large);
  assertEquals(far.session.read(channel, arrived), large);
  assertEquals(arrived, chunk);
});

Deno.test("what is more urgent goes first, and what does not fit waits", () => {
  const { pair: { near }, channel } = openedPair();
  near.session.write(channel, randomBytes(large));
  const other = near.session.open("stream", "x");
  assertEquals(near.session.pullRun(near.carrier, Infinity, 0), null);
  assertEquals(near.pull()?.[0], 0x10, "the OPEN");
  assert(other > 0);
  const next = near.session.pullRun(near.carrier, 130_000, 0);
  assertEquals([...bodies(next?.bytes ?? new Uint8Array())].length, 2, "two of them fit");
  next?.taken();
  assertEquals(near.session.pullRun(near.carrier, 50_000, 0), null, "none of them fits");
});

Deno.test("an acknowledgement that is due goes before a run", () => {
  const { pair: { near, far }, channel } = openedPair();
  far.session.write(channel, randomBytes(10));
  near.receive(far.pull() ?? new Uint8Array());
  near.session.write(channel, randomBytes(large));
  near.session.tick(1000);
  assertEquals(near.session.pullRun(near.carrier, Infinity, 1000), null);
  assertEquals(near.pull(1000)?.[0], 0x02, "the ACK");
});

Deno.test("a small write is no run", () => {
  const { pair: { near }, channel } = openedPair();
  near.session.write(channel, randomBytes(1000));
  assertEquals(near.session.pullRun(near.carrier, Infinity, 0), null);
});

Deno.test("a run is lost with its carrier and sent again, from the frame that the peer lacks", () => {
  const { pair, channel } = openedPair();
  const { near, far } = pair;
  const chunk = randomBytes(large);
  near.session.write(channel, chunk);
  const run = near.session.pullRun(near.carrier, Infinity, 0);
  const [first, second] = [...bodies(run?.bytes ?? new Uint8Array())];
  assert(first !== undefined && second !== undefined);
  far.receive(first);
  far.receive(second);
  run?.taken();
  near.attach();
  far.attach();
  pair.carry();
  const arrived = new Uint8Array(large);
  assertEquals(far.session.read(channel, arrived), large);
  assertEquals(arrived, chunk);
  assertEquals(near.session.tally.framesResent, 7);
});

Deno.test("a peer that acknowledges what was not written yet does not get another's bytes", () => {
  const { pair: { near, far }, channel } = openedPair();
  near.session.write(channel, new Uint8Array(large).fill(1));
  const run = near.session.pullRun(near.carrier, Infinity, 0);
  assert(run !== null);
  const received = far.session.received + [...bodies(run.bytes)].length;
  near.receive(Uint8Array.from([2, 0, 0, 8, 0, 0, 0, 0, 0, 0, received >>> 8, received & 0xff]));
  assertEquals(near.session.replayBytes, 0, "the peer says that it has all");
  const { pair: { near: another }, channel: its } = openedPair();
  another.session.write(its, new Uint8Array(large).fill(2));
  const bytes = [...bodies(run.bytes)].map((body) => new Set(body.subarray(8)));
  assertEquals(bytes.every((values) => values.size === 1 && values.has(1)), true);
  run.taken();
});

Deno.test("the memory of large writes is used again", () => {
  const { pair, channel } = openedPair();
  const seen = new Set<ArrayBufferLike>();
  const into = new Uint8Array(large);
  for (let turn = 0; turn < 50; turn++) {
    pair.near.session.write(channel, randomBytes(large));
    const run = pair.near.session.pullRun(pair.near.carrier, Infinity, 0);
    if (run !== null) {
      assertEquals(run.bytes.buffer.byteLength, slabBytes);
      seen.add(run.bytes.buffer);
      for (const body of bodies(run.bytes)) pair.far.receive(body);
      run.taken();
    }
    pair.carry();
    while (pair.far.session.read(channel, into));
    pair.settle();
  }
  assert(seen.size > 0 && seen.size <= 8, `${seen.size} slabs`);
});
