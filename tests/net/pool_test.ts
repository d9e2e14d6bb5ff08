/**
 * The pool of threads, with tasks of every kind of misbehaviour.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { Pool, type PoolOptions } from "../../lib/service/pool.ts";
import { until } from "../contract/model_contract.ts";
import { MemoryLog } from "../support/memory_log.ts";
import { makeContext } from "../../lib/core/context.ts";

const source = `
  export default async (value, { signal, tell, setup }) => {
    switch (value) {
      case "throw": throw new RangeError("not in range");
      case "exit": return self.close();
      case "exit by Deno": return Deno.exit(3);
      case "late": setTimeout(() => { throw new Error("too late") }, 1); return await new Promise(() => {});
      case "forever": return await new Promise(() => {});
      case "until told": return await new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason)));
      case "tell": tell("one"); tell("two"); return "told";
      case "setup": return setup;
      case "function": return () => {};
    }
    return value * value;
  }`;

function pool(options: PoolOptions = {}): { tasks: Pool; log: MemoryLog } {
  const log = new MemoryLog();
  const module = `data:text/javascript,${encodeURIComponent(source)}`;
  return { tasks: new Pool(module, options, makeContext({ log })), log };
}

Deno.test("tasks run in threads, any number of them, and their values come back", async () => {
  await using tasks = pool({ maximum: 2, setup: { greeting: "hi" } }).tasks;
  const numbers = Array.from({ length: 60 }, (_, n) => n);
  const squares = await Promise.all(numbers.map((n) => tasks.run(n)));
  assertEquals(squares, numbers.map((n) => n * n));
  assertEquals(await tasks.run("setup"), { greeting: "hi" });
  const heard: unknown[] = [];
  assertEquals(await tasks.run("tell", { heard: (value) => heard.push(value) }), "told");
  assertEquals(heard, ["one", "two"]);
  const { busy, queued, done } = tasks.figures;
  assertEquals([busy, queued, done], [0, 0, 62]);
});

Deno.test("what a task throws is thrown to its caller, and its thread goes on", async () => {
  const { tasks, log } = pool();
  await using _ = tasks;
  const thrown = await assertRejects(() => tasks.run("throw"), RangeError);
  assertEquals(thrown.message, "not in range");
  await assertRejects(() => tasks.run("function"), Error);
  assertEquals(await tasks.run(3), 9);
  assertEquals(log.of("worker"), []);
});

Deno.test("a thread that exits, fails or takes too long is replaced; no other task is lost", async () => {
  const { tasks, log } = pool({ minimum: 2, maximum: 2, taskTimeoutMs: 300 });
  await using _ = tasks;
  const faults: [string, RegExp, string][] = [
    ["exit", /lost: its worker ended/, "broken"],
    ["exit by Deno", /lost: its worker ended/, "broken"],
    ["late", /lost: its worker failed: .*too late/, "broken"],
    ["forever", /longer than 300 ms/, "timeout"],
  ];
  for (const [value, words, kind] of faults) {
    const others = Promise.all([1, 2, 3, 4].map((n) => tasks.run(n)));
    const thrown = await assertRejects(() => tasks.run(value), NetError);
    assertEquals([thrown.kind, words.test(thrown.message)], [kind, true], thrown.message);
    assertEquals(await others, [1, 4, 9, 16]);
  }
  assertEquals(log.of("worker").length, faults.length);
  assertEquals(tasks.figures.alive, 2);
});

Deno.test("a cancelled task is told; one that does not care ends with its thread", async () => {
  await using tasks = pool({ minimum: 1, maximum: 1, cancelMs: 50 }).tasks;
  for (const value of ["until told", "forever"]) {
    const controller = new AbortController();
    const running = tasks.run(value, { signal: controller.signal });
    const waiting = tasks.run(7, { signal: controller.signal });
    const settled = Promise.allSettled([running, waiting]);
    await until(() => tasks.figures.busy === 1, "its start");
    controller.abort(new Error("no more of it"));
    const reasons = (await settled).map((one) => one.status === "rejected" && one.reason.message);
    assertEquals(reasons, ["no more of it", "no more of it"]);
    assertEquals(await tasks.run(2), 4);
  }
});

Deno.test("a full queue makes callers wait, or throws", async () => {
  await using patient = pool({ minimum: 1, maximum: 1, queue: 2 }).tasks;
  const all = Promise.all(Array.from({ length: 20 }, (_, n) => patient.run(n)));
  assert(patient.figures.queued <= 2);
  assertEquals((await all).length, 20);

  await using strict = pool({ minimum: 1, maximum: 1, queue: 1, whenFull: "throw" }).tasks;
  await strict.run(1);
  const first = strict.run("until told").catch(() => {});
  const second = strict.run(2).catch(() => {});
  const thrown = await assertRejects(() => strict.run(3), NetError);
  assertEquals(thrown.kind, "limit");
  await strict[Symbol.asyncDispose]();
  await Promise.all([first, second]);
});

Deno.test("a caller that waits for room in the queue can be cancelled, and its task never runs", async () => {
  await using tasks = pool({ maximum: 1, queue: 1, cancelMs: 20 }).tasks;
  await tasks.run(1);
  const first = tasks.run("forever", { timeoutMs: 400 }).catch(() => {});
  const second = tasks.run(2);
  let started = 0;
  const caller = new AbortController();
  const third = tasks.run(3, { signal: caller.signal, started: () => started++ });
  caller.abort(new Error("not needed any more"));
  await assertRejects(() => third, Error, "not needed any more");
  assertEquals(tasks.figures.queued, 1, "it was told at once, and not when there was room");
  await first;
  assertEquals(await second, 4);
  assertEquals([started, tasks.figures.done], [0, 3]);
});

Deno.test("a value that cannot be cloned is thrown to its caller alone, and costs no worker", async () => {
  await using tasks = pool({ maximum: 1, cancelMs: 20 }).tasks;
  await assertRejects(() => tasks.run(() => {}), DOMException, "could not be cloned");
  const running = tasks.run("until told", { timeoutMs: 5_000, signal: AbortSignal.timeout(100) });
  const queued = tasks.run(() => {});
  await assertRejects(() => running, DOMException, "timeout");
  await assertRejects(() => queued, DOMException, "could not be cloned");
  const fault = () => {
    throw new RangeError("the caller's own fault");
  };
  await assertRejects(() => tasks.run(4, { started: fault }), RangeError, "own fault");
  assertEquals(await tasks.run(5), 25);
  assertEquals(tasks.figures.busy, 0);
});

Deno.test("a setup that cannot be cloned fails every task", async () => {
  const told: NetError[] = [];
  const options = { minimum: 2, setup: () => {}, failed: (error: NetError) => told.push(error) };
  await using tasks = pool(options).tasks;
  await assertRejects(() => tasks.run(1), NetError, "could not be cloned");
  assertEquals(told.length, 1);
});

Deno.test("a pool that closes finishes what waits, or drops it", async () => {
  const finishing = pool({ minimum: 1, maximum: 1 }).tasks;
  const results = Promise.all([1, 2, 3].map((n) => finishing.run(n)));
  await finishing.close("finish");
  assertEquals(finishing.figures.alive, 0);
  assertEquals(await results, [1, 4, 9]);
  assertEquals((await assertRejects(() => finishing.run(1), NetError)).kind, "aborted");

  const dropping = pool({ minimum: 1, maximum: 1 }).tasks;
  const fates = [1, 2, 3].map((n) => dropping.run(n).catch((thrown) => thrown.kind));
  await dropping.close("drop");
  assertEquals((await Promise.all(fates)).filter((fate) => fate === "aborted").length >= 2, true);
});

Deno.test("a module that cannot be loaded fails every task, once it is clear", async () => {
  const failures: NetError[] = [];
  await using tasks = new Pool("data:text/javascript,export const nothing = 1;", {
    failed: (error) => failures.push(error),
  });
  const thrown = await assertRejects(() => tasks.run(1), NetError);
  assert(/5 workers in a row ended before they were ready/.test(thrown.message), thrown.message);
  assertEquals(failures.length, 1);
  await assertRejects(() => tasks.run(2), NetError);
});

Deno.test("numbers that make no pool are refused", () => {
  const none: PoolOptions[] = [
    { minimum: 0 },
    { minimum: 3, maximum: 2 },
    { queue: 0 },
    { queue: NaN },
    { checkMs: 0 },
    { step: 0.5 },
  ];
  for (const options of none) {
    try {
      new Pool("data:text/javascript,", options);
    } catch (thrown) {
      assertEquals((thrown as NetError).kind, "usage");
      continue;
    }
    throw new Error(`accepted ${JSON.stringify(options)}`);
  }
});
