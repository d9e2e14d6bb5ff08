/** file: as a session. @module */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { fileTransport } from "../../lib/transport/file.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { connectWith, readAll, writeText } from "../support/open_transport.ts";
import { withFolder } from "../support/folder.ts";

Deno.test("file is read to its end and cannot be written", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/f`, "content");
    await using session = await connectWith(fileTransport, `file:${folder}/f`);
    assertEquals(session.traits.readOnly, true);
    assertEquals((await assertRejects(() => writeText(session, "x"), NetError)).kind, "broken");
    await session.closeWrite();
    assertEquals(await readAll(session, 3), "content");
    assertEquals(await session.read(new Uint8Array(1)), null);
  }));

for (
  const [mode, before, after] of [
    ["write", "old content", "new"],
    ["append", "old ", "old new"],
    ["append", null, "new"],
    ["create", "old content", "new"],
    ["create", null, "new"],
  ] as const
) {
  const what = before === null ? "a missing file" : "a file that is there";
  Deno.test(`file with mode=${mode} writes ${what}`, () =>
    withFolder(async (folder) => {
      const path = `${folder}/f`;
      if (before !== null) await Deno.writeTextFile(path, before);
      await using session = await connectWith(fileTransport, `file:${path}?mode=${mode}`);
      assertEquals(session.traits.writeOnly, true);
      await writeText(session, "new");
      assertEquals(await session.read(new Uint8Array(1)), null);
      await session.closeWrite();
      assertEquals(await Deno.readTextFile(path), after);
      assertEquals((await assertRejects(() => writeText(session, "x"), NetError)).kind, "broken");
    }));
}

Deno.test("file says what is wrong with its path", () =>
  withFolder(async (folder) => {
    for (const mode of ["read", "write"]) {
      const error = await assertRejects(
        () => connectWith(fileTransport, `file:${folder}/none?mode=${mode}`),
        NetError,
      );
      assertEquals([error.kind, error.code], ["not-found", "ENOENT"]);
      assertStringIncludes(error.message, `file:${folder}/none`);
    }
    const error = await assertRejects(
      () => connectWith(fileTransport, `file:${folder}?mode=append`),
      NetError,
    );
    assertEquals(error.kind, "unavailable");
    await new Deno.Command("mkfifo", { args: [`${folder}/p`] }).output();
    const fifo = await assertRejects(
      () => connectWith(fileTransport, `file:${folder}/p`),
      NetError,
    );
    assertStringIncludes(fifo.message, "fifo:");
  }));

Deno.test("a full disk is a failure of the local side", async () => {
  await using session = await connectWith(fileTransport, "file:/dev/full?mode=write");
  const error = await assertRejects(() => writeText(session, "x"), NetError);
  assertEquals([error.kind, error.code, error.blame], ["local-write", "ENOSPC", "local"]);
  assertStringIncludes(error.message, "file:/dev/full: no space left on device (ENOSPC)");
});

Deno.test("devices are files: /dev/null ends at once and takes all", async () => {
  await using reader = await connectWith(fileTransport, "file:/dev/null");
  assertEquals(await readAll(reader), "");
  await using writer = await connectWith(fileTransport, "file:/dev/null?mode=write");
  await writeText(writer, "x".repeat(100_000));
});

Deno.test("aborting a file session frees it at once", () =>
  withFolder(async (folder) => {
    const before = holdings().descriptors;
    for (let i = 0; i < 20; i++) {
      const session = await connectWith(fileTransport, `file:${folder}/f?mode=create`);
      session.abort();
      session.abort();
      await session[Symbol.asyncDispose]();
      assertEquals((await assertRejects(() => writeText(session, "x"), NetError)).kind, "aborted");
      await connectWith(fileTransport, `file:${folder}/none`).catch(() => {});
    }
    await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
  }));
