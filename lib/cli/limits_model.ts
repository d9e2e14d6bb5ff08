/**
 * What a server model needs for so many sessions: descriptors, processes, threads, memory. Pure.
 *
 * The constants were measured with Deno 2.9.5 on Linux 6 (two processors): an empty process, and
 * workers and children added to it one by one.
 * @module
 */

import { limitTable } from "../core/limits.ts";
import type { Model } from "../service/model.ts";
import { childDescriptors, threadDescriptors } from "../service/thread_budget.ts";

/** Threads of a process besides one for each processor. */
const runtimeThreads = 5;
/** What a worker adds: its own thread and the one that watches it. */
const workerThreads = 2;
/** A V8 isolate reserves its spaces apart. */
const workerMaps = 35;
const processMaps = 150;
const workerBytes = 8 * 1024 * 1024;
/** What a child has for itself; the 24 MiB of the program's file are shared. */
const processBytes = 12 * 1024 * 1024;
/** Event loop, standard streams, the runtime's own pipes. */
const processDescriptors = 24;
/** An idle session under `loop` (issue 4), and what the kernel keeps of a TCP connection. */
const sessionBytes = 12 * 1024;

/** Sessions that wait for the pool with their descriptors open. */
const poolQueue = 100;

/** What is needed. */
export interface ModelNeeds {
  /** Sessions whose descriptors are open; the others wait in the backlog. */
  readonly open: number;
  /** Processes or threads that the model starts for sessions. */
  readonly started: number;
  readonly processes: number;
  /** Processes and threads together: what pids and threads are counted in. */
  readonly tasks: number;
  /** Descriptors of the process that has most. */
  readonly descriptors: number;
  /** Open files and sockets of all processes together. */
  readonly files: number;
  /** Memory areas of the process that has most. */
  readonly maps: number;
  readonly memoryBytes: number;
  /** Connections that may wait to be accepted when all clients come at once, as after a restart. */
  readonly waiting: number;
}

/**
 * Works out what `sessions` at once need.
 *
 * @param processors how many the machine has: the runtime makes a thread for each
 */
export function modelNeeds(sessions: number, model: Model, processors: number): ModelNeeds {
  const children = childProcesses(sessions, model);
  const workers = workerCount(sessions, model);
  const held = heldSessions(sessions, model);
  const processes = 1 + children;
  // The parent of the process model hands its sessions on, and keeps what it needs of each child.
  // Those of prefork accept themselves, and the kernel may well give all sessions to one of them.
  const sessionsOfOne = model.kind === "process" ? 0 : held;
  const shared = workers * workerDescriptors(model) + children * childDescriptors;
  return {
    open: held,
    started: children + workers,
    processes,
    tasks: processes * (runtimeThreads + processors) + workers * workerThreads,
    descriptors: limitTable["descriptor-reserve"].value + sessionsOfOne + shared,
    files: processes * processDescriptors + held + shared,
    maps: processMaps + workers * workerMaps,
    memoryBytes: processes * processBytes + workers * workerBytes + held * sessionBytes,
    waiting: Math.min(sessions, maximumBacklog),
  };
}

/** The threads that accept have a copy of the listening socket. */
function workerDescriptors({ kind }: Model): number {
  return threadDescriptors + (kind === "pool" ? 0 : 1);
}

function childProcesses(sessions: number, model: Model): number {
  if (model.kind === "process") return sessions + model.spare;
  return model.kind === "prefork" ? model.count : 0;
}

function workerCount(sessions: number, model: Model): number {
  if (model.kind === "thread") return sessions + model.spare;
  if (model.kind === "threads") return model.count;
  return model.kind === "pool" ? Math.min(model.maximum, sessions) : 0;
}

function heldSessions(sessions: number, model: Model): number {
  if (model.kind === "iterative") return 1;
  return model.kind === "pool" ? Math.min(sessions, model.maximum + poolQueue) : sessions;
}

/** The backlog had 16 bits before Linux 4.1 (listen(2)); a longer queue is a flood. */
const maximumBacklog = 65_535;
