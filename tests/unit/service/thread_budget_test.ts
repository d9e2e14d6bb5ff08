import { assertEquals, assertThrows } from "@std/assert";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import { parseModel } from "../../../lib/service/model.ts";
import { type AcceptPolicy, connectionBound } from "../../../lib/service/policy.ts";
import { refuseThreads, threadBudget } from "../../../lib/service/thread_budget.ts";

const context = makeContext();

function budgetOf(model: string, policy: AcceptPolicy): [sessions: number, threads: number] {
  const budget = threadBudget(parseModel(model), 1, policy, context);
  return [connectionBound(budget.policy, context), budget.threads];
}

Deno.test("threads and children leave the runtime its descriptors", () => {
  const few = { descriptors: 64 };
  assertEquals(budgetOf("loop", few), [24, Infinity]);
  assertEquals(budgetOf("prefork=2", few), [24, Infinity]);
  assertEquals(budgetOf("process", few), [8, Infinity]);
  assertEquals(budgetOf("thread", few), [2, 3]);
  assertEquals(budgetOf("threads=2", few), [6, 2]);
  assertEquals(budgetOf("pool=1..100", few), [8, 2]);
  const programs = { ...few, descriptorsPerSession: 5 };
  assertEquals(budgetOf("threads=2", programs), [1, 2]);
  assertEquals(budgetOf("pool=1..4", programs), [3, 1]);
  assertEquals(budgetOf("pool=2..4", programs), [1, 2]);
  const usual = { descriptors: 1024 };
  assertEquals(budgetOf("thread", usual), [96, 97]);
  assertEquals(budgetOf("pool=3..100", usual), [160, 106]);
  assertEquals(budgetOf("thread", { descriptors: 1024, descriptorsPerSession: 5 }), [68, 69]);
  assertEquals(budgetOf("thread", {}), [10_000, Infinity]);
});

Deno.test("more threads than there are descriptors for are refused, with the number", () => {
  const refused = (model: string) =>
    assertThrows(
      () => refuseThreads(parseModel(model), 1, { descriptors: 64 }, context),
      NetError,
    ).message;
  const hint = "raise the limit of descriptors (ulimit -n)";
  const text = (model: string) => `model: ${model}: 64 descriptors allow no more than 2; ${hint}`;
  for (const model of ["threads=3", "pool=3..9"]) assertEquals(refused(model), text(model));
  for (const model of ["loop", "process", "prefork=100", "thread", "threads=2", "pool=2..9"]) {
    refuseThreads(parseModel(model), 1, { descriptors: 64 }, context);
  }
});

Deno.test("what does not fit beside the runtime's own descriptors is refused, not tried", () => {
  const refused = (model: string, descriptors: number) => {
    try {
      refuseThreads(parseModel(model), 1, { descriptors }, context);
      return null;
    } catch (thrown) {
      return /allow no more than (\d+)/.exec(String(thrown))?.[1];
    }
  };
  const models = ["thread", "threads=1", "pool=1..3", "process", "prefork=2"];
  for (const model of models) assertEquals(refused(model, 32), "0", model);
  for (const model of models) assertEquals(refused(model, 40), null, model);
  assertEquals(refused("process", 36), "2");
  assertEquals(refused("loop", 24), null);
  assertEquals(budgetOf("thread", { descriptors: 40 }), [1, 1]);
  assertEquals(budgetOf("pool=1..3", { descriptors: 40 })[1], 1);
});
