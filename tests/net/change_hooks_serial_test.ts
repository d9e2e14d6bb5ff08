/** Commands that are run when a state changes. @module */

import "../support/libc.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ChangeHooks } from "../../lib/cli/change_hooks.ts";
import { makeContext } from "../../lib/core/context.ts";
import { defaultLimits } from "../../lib/core/limits.ts";
import { denoHost } from "../../lib/sys/host.ts";
import type { StateChange } from "../../lib/link/watch.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { type TestFolder, testFolder } from "../support/folder.ts";
import { MemoryLog } from "../support/memory_log.ts";

function change(name: string, given: Partial<StateChange> = {}): StateChange {
  return {
    event: "state",
    name,
    address: "tcp://db:5432",
    state: "down",
    previous: "up",
    reason: "no `answer` $(touch x); \"quoted\" 'too'",
    roundTripMs: 1.5,
    previousMs: 1234.5,
    timeMs: Date.UTC(2026, 0, 1),
    ...given,
  };
}

/** Writes an executable script. */
async function script(folder: TestFolder, text: string): Promise<string> {
  const path = folder.file("hook");
  await Deno.writeTextFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o700 });
  return path;
}

function hooks(command: string, limits = {}) {
  const log = new MemoryLog();
  const context = makeContext({ log, limits: { ...defaultLimits, ...limits } });
  return { log, hooks: new ChangeHooks(command, true, context, { stdio: denoHost().stdio }) };
}

async function lines(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(path).catch(() => "");
  return text.split("\n").slice(0, -1);
}

Deno.test("a command has the facts in its environment, its words as quoted, and no shell", async () => {
  await using folder = await testFolder();
  const out = folder.file("out");
  const path = await script(
    folder,
    `{ printf '<%s>\\n' "$@"; env | grep ^PLUMB_ | sort; } >'${out}'`,
  );
  const { log, hooks: running } = hooks(`${path} 'a b' $HOME ";" \\* |`);
  running.changed(change("db"));
  await running.settled();
  await running[Symbol.asyncDispose]();
  assertEquals(log.entries, []);
  assertEquals(await lines(out), [
    "<a b>",
    "<$HOME>",
    "<;>",
    "<*>",
    "<|>",
    "PLUMB_ADDRESS=tcp://db:5432",
    "PLUMB_PREVIOUS=up",
    "PLUMB_PREVIOUS_MS=1235",
    "PLUMB_REASON=no `answer` $(touch x); \"quoted\" 'too'",
    "PLUMB_ROUND_TRIP_MS=1.500",
    "PLUMB_STATE=down",
    "PLUMB_TARGET=db",
    "PLUMB_TIME=2026-01-01T00:00:00.000Z",
  ]);
});

Deno.test("changes of one target run in their order, those of others beside them, bounded", async () => {
  await using folder = await testFolder();
  const out = folder.file("out");
  const path = await script(
    folder,
    `echo "+ $PLUMB_TARGET" >>'${out}'; sleep 0.05
echo "- $PLUMB_TARGET $PLUMB_REASON" >>'${out}'`,
  );
  const { hooks: running } = hooks(path, { "watch-hooks": 2 });
  for (const name of ["a", "b", "c"]) {
    for (const reason of ["1", "2", "3"]) running.changed(change(name, { reason }));
  }
  await running.settled();
  await running[Symbol.asyncDispose]();
  const all = await lines(out);
  assertEquals(all.length, 18);
  for (const name of ["a", "b", "c"]) {
    const own = all.filter((line) => line.startsWith("-") && line.includes(name));
    assertEquals(own.map((line) => line.slice(4)), ["1", "2", "3"]);
  }
  const now = new Set<string>();
  for (const line of all) {
    const [sign, name = ""] = line.split(" ");
    assertEquals(now.has(name), sign === "-", `${all}: one at a time for each target`);
    if (sign === "+") now.add(name);
    else now.delete(name);
    assert(now.size <= 2, `${all}: no more than the limit`);
  }
});

Deno.test("a command that fails is said, and what it prints with it", async () => {
  await using folder = await testFolder();
  const { log, hooks: running } = hooks(await script(folder, "echo told; exit 3"));
  running.changed(change("db"));
  await running.settled();
  assertEquals(log.entries.map(({ level, text }) => [level, text]), [
    ["info", "on-change: told"],
    ["warning", "on-change: exit status 3 for db down"],
  ]);
  await running[Symbol.asyncDispose]();
  const missing = hooks("/nonexistent/plumb-hook");
  missing.hooks.changed(change("db"));
  await missing.hooks.settled();
  assertStringIncludes(missing.log.entries[0]?.text ?? "", "no such program");
  await missing.hooks[Symbol.asyncDispose]();
});

Deno.test("a command that hangs is ended at its limit, and the next one has its turn", async () => {
  const { children } = holdings();
  const { log, hooks: running } = hooks("sleep 100", { "watch-hook-time": 60, "watch-hooks": 1 });
  running.changed(change("a"));
  running.changed(change("b"));
  await running.settled();
  const said = log.of("on-change").map(({ text }) => text);
  assertEquals(said.length, 2);
  assertMatch(said[0] ?? "", /limit watch-hook-time/);
  await running[Symbol.asyncDispose]();
  await settle(Deno.pid, (now) => now.children <= children);
});

Deno.test("what waits is bounded, and what is left out is said once", async () => {
  const { log, hooks: running } = hooks("sleep 100", { "watch-hooks": 1, "watch-hook-queue": 2 });
  for (const name of ["a", "b", "c", "d", "e"]) running.changed(change(name));
  assertEquals(log.of("on-change").length, 1);
  assertStringIncludes(log.of("on-change")[0]?.text ?? "", "limit watch-hook-queue");
  await running[Symbol.asyncDispose]();
});

Deno.test("at the end those that run are ended, and none is started any more", async () => {
  const { children } = holdings();
  const { log, hooks: running } = hooks("sleep 100");
  running.changed(change("a"));
  running.changed(change("a"));
  await running[Symbol.asyncDispose]();
  assertEquals(log.entries, []);
  await settle(Deno.pid, (now) => now.children <= children);
});
