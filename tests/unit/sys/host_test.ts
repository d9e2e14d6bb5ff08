import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { NetError } from "../../../lib/core/error.ts";
import type { Host } from "../../../lib/core/host.ts";
import { denoHost } from "../../../lib/sys/host.ts";

async function inDirectory(then: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await then(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("readTextFile reads up to the bound and refuses one byte more", () =>
  inDirectory(async (directory) => {
    const host = denoHost();
    const path = `${directory}/file`;
    await Deno.writeTextFile(path, "gr\u00fc\u00dfe\n".repeat(20_000));
    const size = (await Deno.stat(path)).size;
    assertEquals((await host.readTextFile(path, size)).length, 120_000);
    const error = await assertRejects(() => host.readTextFile(path, size - 1), NetError);
    assertEquals([error.kind, error.reason], ["limit", `larger than ${size - 1} bytes`]);
    assertEquals(await host.readTextFile("/dev/null", 0), "");
  }));

Deno.test("readTextFile says what the system said, and what is no text", () =>
  inDirectory(async (directory) => {
    const host = denoHost();
    const missing = await assertRejects(() => host.readTextFile(`${directory}/no`, 9), NetError);
    assertEquals([missing.kind, missing.code], ["not-found", "ENOENT"]);
    const folder = await assertRejects(() => host.readTextFile(directory, 9), NetError);
    assertEquals(folder.code, "EISDIR");
    await Deno.writeFile(`${directory}/binary`, Uint8Array.of(0xff, 0xfe));
    const binary = await assertRejects(() => host.readTextFile(`${directory}/binary`, 9), NetError);
    assertEquals([binary.kind, binary.reason], ["usage", "not UTF-8"]);
  }));

Deno.test("appendFile makes the file for its owner only and adds to what is there", () =>
  inDirectory(async (directory) => {
    const host = denoHost();
    const path = `${directory}/log`;
    for (const line of ["one\n", "two\n"]) {
      const file = host.appendFile(path);
      file.write(line);
      file.close();
      file.close();
      assertThrows(() => file.write("late"), NetError, "written after close");
    }
    assertEquals(await Deno.readTextFile(path), "one\ntwo\n");
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    const error = assertThrows(() => host.appendFile(`${directory}/no/log`), NetError);
    assertEquals(error.code, "ENOENT");
  }));

Deno.test("appendFile says that the disk is full", () => {
  const file = denoHost().appendFile("/dev/full");
  const error = assertThrows(() => file.write("x"), NetError);
  assertEquals([error.kind, error.code], ["local-write", "ENOSPC"]);
  file.close();
});

Deno.test("a signal is heard until its listener is taken away, which may be repeated", async () => {
  const host = denoHost();
  let heard = 0;
  const stop = host.onSignal("SIGUSR2", () => heard++);
  await signalled(host);
  assertEquals(heard, 1);
  stop();
  stop();
  await signalled(host);
  assertEquals(heard, 1);
});

/** Sends the signal and waits until a listener of this call heard it. */
async function signalled(host: Host): Promise<void> {
  const heard = Promise.withResolvers<void>();
  const stop = host.onSignal("SIGUSR2", heard.resolve);
  // A signal listener alone does not keep the event loop going.
  const alive = setTimeout(() => heard.reject(new Error("no signal came")), 5_000);
  Deno.kill(Deno.pid, "SIGUSR2");
  await heard.promise;
  clearTimeout(alive);
  stop();
}

Deno.test("the host knows its process and its environment", () => {
  const host = denoHost();
  assertEquals(host.pid, Deno.pid);
  assertEquals(host.runtime.deno, Deno.version.deno);
  assert(host.runtime.target.endsWith("linux-gnu"));
  assertEquals(host.environment("PATH"), Deno.env.get("PATH"));
  assertEquals(host.environment("PLUMB_SURELY_NOT_SET"), undefined);
});
