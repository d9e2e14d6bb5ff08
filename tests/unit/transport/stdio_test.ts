/** The standard streams as a session. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { NetError } from "../../../lib/core/error.ts";
import type { StandardStreams } from "../../../lib/core/transport.ts";
import { stdioTransport } from "../../../lib/transport/stdio.ts";
import { connectWith, readAll, readOnce, writeText } from "../../support/open_transport.ts";

/** Standard streams of a test: input is fed, output is kept. */
class FakeStreams implements StandardStreams {
  readonly inputIsTerminal = true;
  readonly outputIsTerminal = true;
  output = "";
  closed = 0;
  reads = 0;
  failure: Error | undefined;
  readonly #input: (string | null | Error)[] = [];
  #wake = Promise.withResolvers<void>();

  feed(input: string | null | Error): void {
    this.#input.push(input);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async read(into: Uint8Array): Promise<number | null> {
    this.reads++;
    while (this.#input.length === 0) await this.#wake.promise;
    const next = this.#input.shift() ?? null;
    if (next instanceof Error) throw next;
    if (next === null) return null;
    const piece = next.slice(0, into.length);
    if (piece.length < next.length) this.#input.unshift(next.slice(piece.length));
    into.set(new TextEncoder().encode(piece));
    return piece.length;
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.output += new TextDecoder().decode(chunk);
    return Promise.resolve();
  }

  closeOutput(): void {
    this.closed++;
  }
}

const open = (stdio: StandardStreams) => connectWith(stdioTransport, "-", { ports: { stdio } });

Deno.test("stdio reads input to its end and writes output", async () => {
  const stdio = new FakeStreams();
  await using session = await open(stdio);
  stdio.feed("one ");
  stdio.feed("two");
  stdio.feed(null);
  assertEquals(await readAll(session, 2), "one two");
  await writeText(session, "out");
  assertEquals(stdio.output, "out");
  assert(session.traits.terminal);
});

Deno.test("stdio closes the output when writing ends, not when the session does", async () => {
  const stdio = new FakeStreams();
  await (await open(stdio))[Symbol.asyncDispose]();
  assertEquals(stdio.closed, 0);
  await using session = await open(stdio);
  await session.closeWrite();
  await session.closeWrite();
  assertEquals(stdio.closed, 1);
  assertEquals((await assertRejects(() => writeText(session, "x"), NetError)).kind, "broken");
});

Deno.test("what comes after a session ended is for the next one, and nothing is lost", async () => {
  const stdio = new FakeStreams();
  const first = await open(stdio);
  const buffer = new Uint8Array(8).fill(7);
  const reading = first.read(buffer);
  first.abort();
  assertEquals((await assertRejects(() => reading, NetError)).kind, "aborted");
  await using second = await open(stdio);
  const next = readOnce(second);
  stdio.feed("for two");
  assertEquals(await next, "for two");
  assertEquals(stdio.reads, 1);
  assert(buffer.every((byte) => byte === 7), "a buffer that was given back was written to");
});

Deno.test("stdio can wait for input without a buffer of the caller's", async () => {
  const stdio = new FakeStreams();
  await using session = await open(stdio);
  const waiting = session.readable?.();
  stdio.feed("x");
  await waiting;
  assertEquals(await readOnce(session), "x");
  assertEquals(stdio.reads, 1);
});

Deno.test("stdio passes on what the streams say", async () => {
  const stdio = new FakeStreams();
  await using session = await open(stdio);
  stdio.failure = new NetError({ kind: "broken", op: "write", message: "gone", code: "EPIPE" });
  const error = await assertRejects(() => writeText(session, "x"), NetError);
  assertEquals([error.kind, error.code], ["broken", "EPIPE"]);
  stdio.feed(new Deno.errors.PermissionDenied("no"));
  assertEquals((await assertRejects(() => readOnce(session), NetError)).kind, "permission");
});
