/**
 * The harness itself: what the other layers rest on must not hide a failure.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { isAlive } from "../../support/descriptors.ts";
import { Digest, digestOf, digestOfRandom } from "../../support/digest.ts";
import { run, start } from "../../support/process.ts";
import { randomBytes } from "../../support/random.ts";

Deno.test("run gives status, output and errors, and feeds standard input", async () => {
  const result = await run(["sh", "-c", "cat; echo no >&2; exit 7"], { stdin: { text: "hello" } });
  assertEquals(result, { code: 7, signal: null, stdout: "hello", stderr: "no\n" });
});

Deno.test("run feeds more than a pipe holds, and a digest sees all of it", async () => {
  const digest = new Digest();
  const bytes = randomBytes(1 << 20);
  await run(["cat"], { stdin: bytes, onStdout: digest.add });
  assertEquals(digest.finish(), digestOf(bytes));
  assertEquals(await digestOfRandom(1 << 20), digestOf(bytes));
});

Deno.test("a program that does not read its input fails nothing by that", async () => {
  const result = await run(["true"], { stdin: randomBytes(1 << 20) });
  assertEquals(result.code, 0);
});

Deno.test("a line is waited for, then the process answers, then a signal ends it", async () => {
  await using child = start(["sh", "-c", "echo ready >&2; read x; echo got $x; exec sleep 60"]);
  await child.stderrLine(/^ready$/);
  await child.write("word\n");
  assertEquals((await child.stdoutLine(/^got (.*)$/))[1], "word");
  assertEquals((await child.stop("SIGTERM")).code, 143);
});

Deno.test("waiting for a line that never comes fails with what was said instead", async () => {
  await using ended = start(["sh", "-c", "echo other >&2"]);
  await assertRejects(() => ended.stderrLine(/^ready$/), Error, "other");
  await using silent = start(["sleep", "60"], { timeoutMs: 50 });
  await assertRejects(() => silent.stderrLine(/^ready$/), Error, "within 50 ms");
});

Deno.test("disposing kills, although a grandchild holds the pipes", async () => {
  const child = start(["sh", "-c", "sleep 2 & echo $!; wait"]);
  const grandchild = Number((await child.stdoutLine(/^\d+$/))[0]);
  const began = performance.now();
  await child[Symbol.asyncDispose]();
  assert(performance.now() - began < 1_500, "it waited for the grandchild");
  assert(!isAlive(child.pid));
  Deno.kill(grandchild, "SIGKILL");
});
