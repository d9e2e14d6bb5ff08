/**
 * Round trips over an echo service.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { makeContext } from "../../../lib/core/context.ts";
import type { Duplex } from "../../../lib/core/contract.ts";
import type { NetError } from "../../../lib/core/error.ts";
import { EchoProber } from "../../../lib/link/echo_prober.ts";
import { ProbePattern } from "../../../lib/link/probe_pattern.ts";
import type { EchoDifference, ProbeEvents } from "../../../lib/link/prober.ts";
import { readExactly } from "../../../lib/stream/read.ts";
import { makePair } from "../../support/pair.ts";

/** What a prober said, and a wait for it. */
class Heard implements ProbeEvents {
  readonly answers: number[] = [];
  readonly differences: [number | null, EchoDifference][] = [];
  readonly unreachedErrors: NetError[] = [];
  readonly end = Promise.withResolvers<NetError>();
  #wake = () => {};

  isWaiting(sequence: number): boolean {
    return sequence >= 1 && sequence <= 50 && !this.answers.includes(sequence);
  }
  answered(sequence: number): void {
    this.answers.push(sequence);
    this.#wake();
  }
  failed(): void {}
  unreached(error: NetError): void {
    this.unreachedErrors.push(error);
    this.#wake();
  }
  differed(sequence: number | null, difference: EchoDifference): void {
    this.differences.push([sequence, difference]);
    this.#wake();
  }
  ended(error: NetError): void {
    this.end.resolve(error);
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await new Promise<void>((wake) => this.#wake = wake);
  }
}

/** Sends back what it gets, changed by `change`. */
async function echo(
  end: Duplex,
  change: (chunk: Uint8Array) => Uint8Array | null = (chunk) => chunk,
): Promise<void> {
  const into = new Uint8Array(70_000);
  try {
    for (;;) {
      const n = await end.read(into);
      if (n === null) return await end.closeWrite();
      const back = change(into.slice(0, n));
      if (back !== null) await end.write(back);
    }
  } catch {
    // The prober closed.
  }
}

Deno.test("a stream's echoes are told apart however they are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 30 }),
      async (size, readAtMost, count) => {
        const [near, far] = makePair({ readAtMost });
        const peer = echo(far);
        const heard = new Heard();
        await using prober = new EchoProber(near, size, 5, heard, makeContext());
        for (let sequence = 1; sequence <= count; sequence++) prober.probe(sequence);
        await heard.until(() => heard.answers.length === count);
        assertEquals(heard.answers, Array.from({ length: count }, (_, at) => at + 1));
        await prober[Symbol.asyncDispose]();
        await peer;
        assertEquals(heard.differences, []);
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("one byte that differs is found, on a stream and in a message", async () => {
  for (const messages of [false, true]) {
    const [near, far] = makePair({ messages });
    const peer = echo(far, (chunk) => {
      chunk[40] = (chunk[40] ?? 0) ^ 1;
      return chunk;
    });
    const heard = new Heard();
    await using prober = new EchoProber(near, 56, 9, heard, makeContext());
    prober.probe(1);
    await heard.until(() => heard.differences.length === 1);
    const expected = new Uint8Array(56);
    new ProbePattern(56, 9).fill(1, expected);
    const sent = expected[40] ?? 0;
    assertEquals(heard.differences, [[1, { offset: 40, sent, received: sent ^ 1 }]]);
    if (!messages) assertEquals((await heard.end.promise).kind, "result");
    await prober[Symbol.asyncDispose]();
    await peer;
  }
});

Deno.test("a greeting is no echo", async () => {
  const [near, far] = makePair();
  const heard = new Heard();
  await using prober = new EchoProber(near, 8, 1, heard, makeContext());
  await far.write(new TextEncoder().encode("220 hello\r\n"));
  assertEquals((await heard.end.promise).kind, "result");
  assertEquals(heard.differences, [[null, { offset: 0, sent: null, received: 0x32 }]]);
  await prober[Symbol.asyncDispose]();
});

Deno.test("messages that are cut, longer, or of nobody are differences", async () => {
  const changes: readonly (readonly [(m: Uint8Array) => Uint8Array, number | null, number])[] = [
    [(m) => m.slice(0, 10), 1, 10],
    [(m) => new Uint8Array([...m, 7]), 1, 16],
    [() => new Uint8Array(0), null, 0],
    [() => new Uint8Array([0, 0, 0, 99, 1]), null, 4],
  ];
  for (const [change, sequence, offset] of changes) {
    const [near, far] = makePair({ messages: true });
    const peer = echo(far, change);
    const heard = new Heard();
    await using prober = new EchoProber(near, 16, 3, heard, makeContext());
    prober.probe(1);
    await heard.until(() => heard.differences.length === 1);
    const [found] = heard.differences;
    assertEquals([found?.[0], found?.[1].offset], [sequence, offset]);
    await prober[Symbol.asyncDispose]();
    await peer;
  }
});

Deno.test("the end and the break of a stream end the prober", async () => {
  for (const how of ["end", "break"] as const) {
    const [near, far] = makePair();
    const heard = new Heard();
    await using prober = new EchoProber(near, 8, 1, heard, makeContext());
    if (how === "end") await far.closeWrite();
    else far.abort();
    assertEquals((await heard.end.promise).kind, how === "end" ? "broken" : "reset");
    await prober[Symbol.asyncDispose]();
    assert(near.closed);
  }
});

Deno.test("closing waits for nothing where the peer takes nothing", async () => {
  const [near] = makePair({ capacity: 10 });
  const heard = new Heard();
  const prober = new EchoProber(near, 100, 1, heard, makeContext());
  for (let sequence = 1; sequence < 5; sequence++) prober.probe(sequence);
  await prober[Symbol.asyncDispose]();
  assert(near.aborted);
});

Deno.test("requests that were given up while a stream is full are not held", async () => {
  const [near, far] = makePair({ capacity: 10 });
  const heard = new Heard();
  let [oldest, asked] = [0, 0];
  heard.isWaiting = (sequence) => {
    asked++;
    return sequence >= oldest;
  };
  const prober = new EchoProber(near, 100, 1, heard, makeContext());
  for (let sequence = 1; sequence <= 5_000; sequence++) {
    oldest = sequence - 10;
    prober.probe(sequence);
  }
  oldest = 5_001;
  asked = 0;
  await readExactly(far, new Uint8Array(100)); // the first; what is held is looked at now
  await new Promise((then) => setTimeout(then, 0));
  assert(asked > 0 && asked < 20, `${asked} were held`);
  far.abort();
  await prober[Symbol.asyncDispose]();
});

Deno.test("an aborted context breaks the session, and says no failure of its own", async () => {
  const [near] = makePair();
  const controller = new AbortController();
  const heard = new Heard();
  const context = makeContext({ signal: controller.signal });
  const prober = new EchoProber(near, 8, 1, heard, context);
  heard.end.promise.then(() => assert(false, "ended"));
  controller.abort();
  await prober[Symbol.asyncDispose]();
  assert(near.aborted);
});

Deno.test("no two requests of a run are alike, and no two runs", () => {
  const sequence = fc.integer({ min: 1 });
  fc.assert(fc.property(fc.nat(), sequence, sequence, (seed, first, second) => {
    const bytes = (seed: number, sequence: number) => {
      const into = new Uint8Array(64);
      new ProbePattern(64, seed).fill(sequence, into);
      return into.join();
    };
    fc.pre(first !== second);
    assert(bytes(seed, first) !== bytes(seed, second));
    assert(bytes(seed, first) !== bytes(seed + 1, first));
  }));
});
