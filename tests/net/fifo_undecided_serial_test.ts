/** fifo with `wait`: which end it is, what happens first decides. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { fifoTransport } from "../../lib/transport/fifo.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { connectWith, readAll, readOnce, writeText } from "../support/open_transport.ts";

async function withFifo(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "plumb-test-" });
  const before = holdings().descriptors;
  try {
    await body(`${folder}/p`);
    await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a reader or writer of another process has said. */
async function shell(text: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", text] }).output();
  return new TextDecoder().decode(stdout);
}

for (const options of ["wait", "keep&wait"]) {
  Deno.test(`fifo:?${options} is written by who writes first, and waits for a reader`, () =>
    withFifo(async (path) => {
      const session = await connectWith(fifoTransport, `fifo:${path}?create&${options}`);
      const reading = session.read(new Uint8Array(9));
      const writing = writeText(session, "x".repeat(200_000)).then(() => session.closeWrite());
      assertEquals((await shell(`sleep 0.1; cat ${path}`)).length, 200_000);
      await writing;
      assertEquals(await reading, null);
      await session[Symbol.asyncDispose]();
    }));

  Deno.test(`fifo:?${options} does not turn a reader away that waited before it`, () =>
    withFifo(async (path) => {
      const session = await connectWith(fifoTransport, `fifo:${path}?create&${options}`);
      const read = shell(`cat ${path}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await writeText(session, "all of it");
      await session[Symbol.asyncDispose]();
      assertEquals(await read, "all of it");
    }));

  Deno.test(`fifo:?${options} is read where nothing was written before`, () =>
    withFifo(async (path) => {
      await using session = await connectWith(fifoTransport, `fifo:${path}?create&${options}`);
      const writer = shell(`sleep 0.1; echo one >${path}`);
      await session.closeWrite(); // no input at all is not the wish to write
      assertEquals(await readOnce(session), "one\n");
      await writer;
      const error = await assertRejects(() => writeText(session, "x"), NetError);
      assertEquals([error.kind, error.code], ["broken", "EPIPE"]);
      if (options === "wait") assertEquals(await readAll(session), "");
    }));

  Deno.test(`aborting fifo:?${options} ends what waits, leaving nothing`, () =>
    withFifo(async (path) => {
      for (const act of ["read", "write"]) {
        const session = await connectWith(fifoTransport, `fifo:${path}?create&${options}`);
        const waiting = act === "read"
          ? readOnce(session)
          : writeText(session, "x".repeat(200_000)); // more than a pipe holds
        setTimeout(() => session.abort(), 50);
        assertEquals((await assertRejects(() => waiting, NetError)).kind, "aborted");
        await session[Symbol.asyncDispose]();
      }
    }));
}

Deno.test("a fifo that was not used is closed at once", () =>
  withFifo(async (path) => {
    const session = await connectWith(fifoTransport, `fifo:${path}?create&wait`);
    const start = performance.now();
    await session[Symbol.asyncDispose]();
    assert(performance.now() - start < 1_000);
  }));

Deno.test("a fifo writer that keeps and waits ends only when all was read", () =>
  withFifo(async (path) => {
    const session = await connectWith(fifoTransport, `fifo:${path}?create&write&keep&wait`);
    await writeText(session, "hello");
    const ending = session[Symbol.asyncDispose]();
    assertEquals(await shell(`sleep 0.1; cat ${path}`), "hello");
    await ending;
  }));
