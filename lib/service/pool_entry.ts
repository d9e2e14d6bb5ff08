/**
 * The entry of the workers of a `Pool`: tasks are the default export of a module.
 * @module
 */

import { serveTasks, type TaskFunction } from "./pool_worker.ts";

serveTasks(async (module) => {
  const loaded: { readonly default?: unknown } = await import(module);
  if (typeof loaded.default === "function") return loaded.default as TaskFunction;
  throw new TypeError(`${module} exports no function as its default`);
});
