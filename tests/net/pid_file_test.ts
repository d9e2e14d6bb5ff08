/** The pid file: who takes it, and who is refused. @module */

import { assertEquals, assertRejects } from "@std/assert";
import { makeContext } from "../../lib/core/context.ts";
import { NetError } from "../../lib/core/error.ts";
import { takePidFile } from "../../lib/sys/pid_file.ts";
import { withFolder } from "../support/folder.ts";
import { plumbCommand, run } from "../support/process.ts";

/** Above what the kernel gives (pid_max is 4194304 at most). */
const nobody = 999_999_999;

const rounds = 100;

/** A thread that takes the file of each round at the same moment as the other one. */
const taker = `
import { makeContext } from "${import.meta.resolve("../../lib/core/context.ts")}";
import { takePidFile } from "${import.meta.resolve("../../lib/sys/pid_file.ts")}";

self.onmessage = async ({ data: { folder, pid, shared } }) => {
  const here = new Int32Array(shared);
  const told = [];
  for (let round = 1; round <= ${rounds}; round++) {
    Atomics.add(here, 0, 1);
    while (Atomics.load(here, 0) < 2 * round) { /* both at once */ }
    const taken = takePidFile(folder + "/" + round, pid, makeContext());
    told.push(await taken.then(() => "taken", ({ kind, message }) => kind ?? message));
  }
  self.postMessage(told);
};
`;

Deno.test("of two servers that find the same leftover pid file, one gets it", () =>
  withFolder(async (folder) => {
    for (let round = 1; round <= rounds; round++) {
      await Deno.writeTextFile(`${folder}/${round}`, `${nobody}\n`);
    }
    const shared = new SharedArrayBuffer(4);
    const told = await Promise.all([Deno.pid, Deno.ppid].map(async (pid) => {
      const url = `data:application/javascript,${encodeURIComponent(taker)}`;
      const worker = new Worker(url, { type: "module" });
      try {
        return await new Promise<string[]>((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
          worker.postMessage({ folder, pid, shared });
        });
      } finally {
        worker.terminate();
      }
    }));
    for (let round = 0; round < rounds; round++) {
      assertEquals(told.map((one) => one[round]).sort(), ["in-use", "taken"]);
    }
  }));

Deno.test("a pid file with this process's own id is a leftover, however new it is", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/pid`, `${Deno.pid}\n`);
    const taken = await takePidFile(`${folder}/pid`, Deno.pid, makeContext());
    await taken[Symbol.asyncDispose]();
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  }));

Deno.test("a pid file is given back also once the server was told to end", () =>
  withFolder(async (folder) => {
    const path = `${folder}/pid`;
    const controller = new AbortController();
    const context = makeContext({ signal: controller.signal });
    const taken = await takePidFile(path, Deno.pid, context);
    controller.abort(new Error("enough"));
    using lock = await Deno.open(folder);
    await lock.lock(true);
    const given = taken[Symbol.asyncDispose]();
    const refused = takePidFile(path, Deno.ppid, context);
    await assertRejects(() => refused, Error, "enough");
    await lock.unlock();
    await given;
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  }));

Deno.test("the folder of a pid file that is not there is told", async () => {
  const error = await assertRejects(
    () => takePidFile("/nowhere/at/all", Deno.pid, makeContext()),
    NetError,
  );
  assertEquals([error.kind, error.address], ["not-found", "/nowhere/at/all"]);
});

Deno.test("what is no plain file is no pid file: kept, and not waited for", () =>
  withFolder(async (folder) => {
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    for (const path of [`${folder}/pipe`, folder]) {
      const error = await assertRejects(
        () => takePidFile(path, Deno.pid, makeContext()),
        NetError,
        "no pid file",
      );
      assertEquals([error.kind, error.address], ["usage", path]);
    }
    assertEquals((await Deno.lstat(`${folder}/pipe`)).isFifo, true);
    assertEquals((await Array.fromAsync(Deno.readDir(folder))).length, 1);
  }));

Deno.test("a pid file that cannot be written leaves nothing behind", () =>
  withFolder(async (folder) => {
    // A limit of file sizes fails as a full disk does: what was made is there, and empty.
    // Nor can the runtime say then what was covered.
    const script = `trap "" XFSZ; ulimit -f 0; unset DENO_COVERAGE_DIR; exec "$@"`;
    const serve = [...plumbCommand, "serve", "echo", "tcp://127.0.0.1:0"];
    const path = `${folder}/pid`;
    const args = ["sh", "-c", script, "sh", ...serve, "--pid-file", path];
    const { code, stderr } = await run(args);
    const reason = "file too large for its limit (ulimit -f) (EFBIG)";
    assertEquals([code, stderr], [4, `plumb: pid file ${path}: ${reason}\n`]);
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  }));
