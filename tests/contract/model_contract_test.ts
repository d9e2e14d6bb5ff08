/**
 * Every server model keeps the same contract: one line each.
 * @module
 */

import { modelContract } from "./model_contract.ts";

modelContract({ model: "loop", worker: null });
modelContract({ model: "iterative", worker: null, iterative: true });
modelContract({ model: "process", worker: /^process \d+$/, reaped: true });
modelContract({ model: "prefork=2", worker: /^process \d+$/ });
modelContract({ model: "thread", worker: /^thread \d+$/ });
modelContract({ model: "threads=2", worker: /^thread \d+$/ });
modelContract({ model: "pool=2..4", worker: /^thread \d+$/ });
