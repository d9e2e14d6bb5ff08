/** A named pipe as a log: real pipes, with and without a reader. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { appendToPipe } from "../../lib/sys/log_pipe.ts";
import { denoHost } from "../../lib/sys/host.ts";
import { testFolder } from "../support/folder.ts";
import { plumb, run } from "../support/process.ts";

async function namedPipe(folder: string): Promise<string> {
  const path = `${folder}/pipe`;
  assertEquals((await run(["mkfifo", path])).code, 0);
  return path;
}

Deno.test("a named pipe that nobody reads is an error at once: a program does not stand still for it", async () => {
  await using folder = await testFolder();
  const path = await namedPipe(folder.path);
  const args = ["serve", "echo", "tcp://127.0.0.1:0", "--log", path];
  const { code, stderr } = await plumb(args, { timeoutMs: 5_000 });
  const line = `plumb: open ${path}: nobody reads this named pipe (ENXIO); start its reader first`;
  assertEquals([code, stderr], [3, `${line}\n`]);
});

Deno.test("a full pipe takes no line, a line that began is ended, and one without a reader is broken", async () => {
  await using folder = await testFolder();
  const path = await namedPipe(folder.path);
  // For reading and writing a pipe is opened without waiting (fifo(7)).
  const reader = await Deno.open(path, { read: true, write: true });
  const log = denoHost().appendFile(path);
  const line = `${"x".repeat(9_999)}\n`; // longer than PIPE_BUF: taken in parts
  let taken = 0;
  while (log.write(line)) taken++;
  assertEquals(log.write("y\n"), false);
  const buffer = new Uint8Array(64 * 1024);
  let text = new TextDecoder().decode(buffer.subarray(0, (await reader.read(buffer)) ?? 0));
  assertEquals(log.write("z\n"), true);
  while (!text.endsWith("z\n")) {
    text += new TextDecoder().decode(buffer.subarray(0, (await reader.read(buffer)) ?? 0));
  }
  assert(text === `${line.repeat(taken)}z\n`, `${text.length} characters of ${taken} lines`);
  reader.close();
  assertEquals(assertThrows(() => log.write("late\n"), NetError).code, "EPIPE");
  log.close();
  log.close();
  assertThrows(() => log.write("closed\n"), NetError, "written after close");
  assertEquals(assertThrows(() => appendToPipe(path), NetError).code, "ENXIO");
});
