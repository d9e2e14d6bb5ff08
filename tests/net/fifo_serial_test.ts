/** fifo: named pipes. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { makeContext } from "../../lib/core/context.ts";
import { NetError } from "../../lib/core/error.ts";
import { fifoTransport } from "../../lib/transport/fifo.ts";
import { holdings, settle } from "../support/descriptors.ts";
import {
  acceptOne,
  connectWith,
  listenWith,
  readAll,
  readOnce,
  writeText,
} from "../support/open_transport.ts";
import { within } from "../support/within.ts";

async function withFifo(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "plumb-test-" });
  const before = holdings().descriptors;
  try {
    await new Deno.Command("mkfifo", { args: [`${folder}/p`] }).output();
    await body(`${folder}/p`);
    await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Processor time of this process, in clock ticks (proc(5): utime and stime). */
function processorTicks(): number {
  const [user = 0, system = 0] = Deno.readTextFileSync("/proc/self/stat").split(" ").slice(13, 15)
    .map(Number);
  return user + system;
}

/** A writer or reader of another process. */
const shell = (text: string) => new Deno.Command("sh", { args: ["-c", text] }).output();

Deno.test("a fifo reader waits for its first writer and ends with the last", () =>
  withFifo(async (path) => {
    const opening = connectWith(fifoTransport, `fifo:${path}`);
    const writer = shell(`sleep 0.1; (echo one; sleep 0.1; echo two) >${path}`);
    await using session = await opening;
    assertEquals(session.traits.readOnly, true);
    assertEquals(await readAll(session), "one\ntwo\n");
    await writer;
  }));

Deno.test("a fifo reader that keeps stays open across writers and does not spin", () =>
  withFifo(async (path) => {
    await using session = await connectWith(fifoTransport, `fifo:${path}?keep`);
    const before = performance.now();
    const used = processorTicks();
    for (const word of ["one", "two", "three"]) {
      await shell(`sleep 0.1; echo ${word} >${path}`);
      assertEquals(await readOnce(session), `${word}\n`);
    }
    const ticks = processorTicks() - used;
    // USER_HZ is 100: a spinning loop would take all of the 300 ms, 30 ticks.
    assert(performance.now() - before > 250);
    assert(ticks < 20, `${ticks} ticks of processor time while waiting`);
  }));

Deno.test("a fifo writer fails without a reader, unless it waits or keeps", () =>
  withFifo(async (path) => {
    const error = await assertRejects(
      () => connectWith(fifoTransport, `fifo:${path}?write`),
      NetError,
    );
    assertEquals([error.kind, error.code], ["unavailable", "ENXIO"]);
    assertStringIncludes(error.message, "wait");
    const opening = connectWith(fifoTransport, `fifo:${path}?write&wait`);
    const reader = shell(`sleep 0.1; cat ${path}`);
    const session = await opening;
    assertEquals(session.traits.writeOnly, true);
    await writeText(session, "x".repeat(200_000));
    await session.closeWrite();
    assertEquals((await reader).stdout.length, 200_000);
    await session[Symbol.asyncDispose]();
    await using kept = await connectWith(fifoTransport, `fifo:${path}?write&keep`);
    await writeText(kept, "early");
    assertEquals((await shell(`head -c 5 ${path}`)).stdout, new TextEncoder().encode("early"));
    await writeText(kept, "later");
    assertEquals((await shell(`head -c 5 ${path}`)).stdout, new TextEncoder().encode("later"));
  }));

Deno.test("a fifo writer whose reader has gone is broken", () =>
  withFifo(async (path) => {
    const reader = shell(`head -c 1 ${path}`);
    await using session = await connectWith(fifoTransport, `fifo:${path}?write&wait`);
    await writeText(session, "x");
    await reader;
    const error = await assertRejects(() => writeText(session, "y"), NetError);
    assertEquals([error.kind, error.code], ["broken", "EPIPE"]);
  }));

Deno.test("waiting for the other end of a fifo stops with the signal, leaving nothing", () =>
  withFifo(async (path) => {
    for (const text of [`fifo:${path}`, `fifo:${path}?write&wait`]) {
      const controller = new AbortController();
      const context = makeContext({ signal: controller.signal });
      const opening = connectWith(fifoTransport, text, { context });
      setTimeout(() => controller.abort(new Error("enough")), 50);
      await assertRejects(() => opening, Error, "enough");
    }
    // Also where the path is another pipe by then.
    const controller = new AbortController();
    const opening = connectWith(fifoTransport, `fifo:${path}`, {
      context: makeContext({ signal: controller.signal }),
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await Deno.remove(path);
    controller.abort(new Error("enough"));
    await assertRejects(() => opening, Error, "enough");
  }));

Deno.test("aborting a fifo session ends a read that waits", () =>
  withFifo(async (path) => {
    const session = await connectWith(fifoTransport, `fifo:${path}?keep`);
    const reading = readOnce(session);
    session.abort();
    assertEquals((await assertRejects(() => reading, NetError)).kind, "aborted");
    await session[Symbol.asyncDispose]();
  }));

Deno.test("fifo makes the pipe with the asked mode, and leaves what is there", () =>
  withFifo(async (path) => {
    const made = `${path}2`;
    await using session = await connectWith(fifoTransport, `fifo:${made}?create&mode=0622&keep`);
    assertEquals(((await Deno.lstat(made)).mode ?? 0) & 0o7777, 0o622);
    assert((await Deno.lstat(made)).isFifo);
    await shell(`echo hi >${made}`);
    assertEquals(await readOnce(session), "hi\n");
    await using _there = await connectWith(fifoTransport, `fifo:${path}?create&keep`);
  }));

Deno.test("fifo says what is wrong with its path", () =>
  withFifo(async (path) => {
    const missing = await assertRejects(
      () => connectWith(fifoTransport, `fifo:${path}-none`),
      NetError,
    );
    assertEquals(missing.kind, "not-found");
    assertStringIncludes(missing.message, "create");
    await Deno.writeTextFile(`${path}-file`, "");
    const file = await assertRejects(
      () => connectWith(fifoTransport, `fifo:${path}-file?create`),
      NetError,
    );
    assertEquals(file.kind, "unavailable");
    const mode = await assertRejects(
      () => connectWith(fifoTransport, `fifo:${path}?mode=0600`),
      NetError,
    );
    assertEquals(mode.kind, "option");
  }));

Deno.test("a fifo that listens makes a session of each writer", () =>
  withFifo(async (path) => {
    await using listener = await listenWith(fifoTransport, `fifo:${path}`);
    for (const word of ["one", "two"]) {
      const writer = shell(`echo ${word} >${path}`);
      await using session = await acceptOne(listener);
      assertEquals(await readAll(session), `${word}\n`);
      await writer;
    }
    const waiting = listener.accept();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await listener[Symbol.asyncDispose]();
    assertEquals(await waiting, null);
    assertEquals(await listener.accept(), null);
  }));

Deno.test("a fifo that was closed is at its end, also while the last session goes on", () =>
  withFifo(async (path) => {
    const listener = await listenWith(fifoTransport, `fifo:${path}`);
    const accepted = acceptOne(listener);
    using _writer = await Deno.open(path, { write: true });
    await using _session = await accepted;
    await listener[Symbol.asyncDispose]();
    assertEquals(await within(listener.accept(), () => "it waits for the session", 2_000), null);
  }));

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}

/**
 * Listens as somebody who may read the pipe and not write it. Each line of its input lets it accept;
 * the first closes the listener while it waits.
 */
const readerOnly = (path: string) => `
import { makeContext } from "${import.meta.resolve("../../lib/core/context.ts")}";
import { FifoListener } from "${import.meta.resolve("../../lib/transport/fifo_listener.ts")}";

const local = { scheme: "fifo", text: "fifo:x" };
const listener = new FifoListener("${path}", local, makeContext());
const into = new Uint8Array(100);
console.log("listening");
while (await Deno.stdin.read(new Uint8Array(1)) !== null) {
  const session = await (await listener.accept()).settle();
  for (let n = 0; (n = await session.read(into)) !== null;) {
    await Deno.stdout.write(into.subarray(0, n));
  }
  await session[Symbol.asyncDispose]();
  console.log("ended");
}
const last = listener.accept();
await new Promise((later) => setTimeout(later, 50));
await listener[Symbol.asyncDispose]();
console.log(await last);
`;

Deno.test({
  name: "a fifo that may not be written is listened to, and closed, all the same",
  ignore: Deno.uid() !== 0, // it takes a user who may write it, and one who may not
  fn: () =>
    withFifo(async (path) => {
      const folder = path.slice(0, path.lastIndexOf("/"));
      await Deno.chmod(folder, 0o755);
      await Deno.chmod(path, 0o444);
      const script = `data:application/javascript,${encodeURIComponent(readerOnly(path))}`;
      const reader = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", "--no-config", "--no-check", "--no-lock", script],
        clearEnv: true,
        env: { DENO_DIR: `${folder}/cache` },
        uid: 65_534,
        gid: 65_534,
        stdin: "piped",
        stdout: "piped",
        signal: AbortSignal.timeout(10_000),
      }).spawn();
      const lines = linesOf(reader.stdout);
      const next = async () => (await lines.next()).value;
      const input = reader.stdin.getWriter();
      const accept = () => input.write(new Uint8Array(1));
      assertEquals(await next(), "listening");
      await accept();
      await shell(`(sleep 0.1; echo one; sleep 0.1) >${path}`);
      assertEquals([await next(), await next()], ["one", "ended"]);
      // One that has come and gone before anybody looks: nothing but reading tells its end.
      await shell(`echo two >${path}`);
      await accept();
      assertEquals([await next(), await next()], ["two", "ended"]);
      await input.close();
      assertEquals([await next(), await next()], ["null", undefined]);
      assertEquals((await reader.status).code, 0);
    }),
});
