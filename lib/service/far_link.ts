/**
 * Starting those who serve sessions elsewhere, and talking to them: a child process over its
 * standard input and output, or a thread over its messages.
 * @module
 */

import type { ChildStatus } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import { LineReader } from "../stream/read.ts";
import { farArgument, farWorkerName, listening } from "./far_sign.ts";
import {
  type FarConnection,
  type FarMessage,
  type NearMessage,
  readFarMessage,
} from "./control.ts";

/** How one has ended. */
export interface FarExit {
  /** Of a process: its status. */
  readonly child?: ChildStatus;
  /** What it said, or what was wrong with what it said. */
  readonly error?: NetError;
}

/** One of them, from the server's side. */
export interface FarLink {
  /** As session lines name it: `process 812`, `thread 2`. */
  readonly name: string;
  /** Sends; what cannot be delivered any more is lost, and `run` tells. Never throws. */
  send(message: NearMessage): void;
  /** Hears it until it has ended and was reaped. Call it once. Never rejects. */
  run(heard: (message: FarMessage) => void): Promise<FarExit>;
  /** Ends it at once, whatever it does. Idempotent, never throws. */
  kill(): void;
}

/**
 * Starts a child process. It inherits standard error and every descriptor that was said to be
 * inherited, and ends when its standard input does: also when this process is killed.
 *
 * @param entry the module to start; ignored where the program is one executable
 * @throws {NetError} kind "exhausted" (EAGAIN, ENOMEM) and others: no process was made
 */
export function startProcess(entry: string): FarLink {
  const program = Deno.build.standalone ? [] : ["run", "-A", "--quiet", "--unstable-net", entry];
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(Deno.execPath(), {
      args: [...program, farArgument],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
  } catch (thrown) {
    throw spawnError(thrown);
  }
  return new ProcessLink(child);
}

/** fork(2): EAGAIN is a limit on processes, ENOMEM is memory; the runtime tells EAGAIN as such. */
function spawnError(thrown: unknown): NetError {
  const isAgain = thrown instanceof Deno.errors.WouldBlock ||
    (thrown instanceof Error && /\(os error 11\)/.test(thrown.message));
  if (!isAgain) return toNetError(thrown, "start", Deno.execPath());
  return new NetError({
    kind: "exhausted",
    op: "start",
    message: "no more processes are allowed",
    code: "EAGAIN",
    hint: "see ulimit -u and the cgroup's pids.max",
    cause: thrown,
  });
}

/**
 * The longest message of a child: the hexdump of one read of 512 KiB takes six times as much. Apart
 * from `--limit line`, which is about what peers send: a low one must not cut the control channel.
 */
const longestMessage = 8 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

class ProcessLink implements FarLink {
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.name = `process ${child.pid}`;
    this.#writer = child.stdin.getWriter();
    this.#writer.closed.catch(() => {}); // told by its exit
  }

  send(message: NearMessage): void {
    const line = encoder.encode(`${JSON.stringify(message)}\n`);
    this.#writer.write(line).catch(() => {}); // told by its exit
  }

  async run(heard: (message: FarMessage) => void): Promise<FarExit> {
    const reader = this.#child.stdout.getReader({ mode: "byob" });
    let error: NetError | undefined;
    try {
      for await (const message of messages(reader, this.name)) heard(message);
    } catch (thrown) {
      // What does not keep the protocol is not trusted with a session.
      error = toNetError(thrown, "control", this.name);
      this.kill();
      await reader.cancel().catch(() => {});
    }
    const { code, signal } = await this.#child.status;
    await this.#writer.abort().catch(() => {});
    return { child: { pid: this.#child.pid, code, signal }, ...(error && { error }) };
  }

  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already (and only so can this fail): `run` tells how.
    }
  }
}

async function* messages(
  reader: ReadableStreamBYOBReader,
  name: string,
): AsyncGenerator<FarMessage> {
  const lines = new LineReader({
    remote: { scheme: "fd", text: name },
    async read(into) {
      const { value, done } = await reader.read(new Uint8Array(Math.min(into.length, 64 * 1024)));
      if (done || value === undefined) return null;
      into.set(value);
      return value.length;
    },
  }, longestMessage);
  for (let line = await lines.readLine(); line !== null; line = await lines.readLine()) {
    yield readFarMessage(JSON.parse(decoder.decode(line)));
  }
}

/** What a thread has left open. */
export interface Leftovers {
  /** True where it has not closed the listening sockets that it was given. */
  readonly listens: boolean;
  readonly connections: readonly FarConnection[];
}

/**
 * Starts a thread.
 *
 * @param entry the module to start
 * @param serial tells threads apart, for people
 * @param ended called once it has ended: an ended thread closes nothing, unlike a process
 */
export function startThread(
  entry: string,
  serial: number,
  ended: (leftovers: Leftovers) => void,
): FarLink {
  const worker = new Worker(entry, { type: "module", name: farWorkerName });
  return new ThreadLink(worker, `thread ${serial}`, ended);
}

class ThreadLink implements FarLink {
  readonly name: string;
  readonly #worker: Worker;
  readonly #whenEnded: (leftovers: Leftovers) => void;
  readonly #connections = new Map<number, FarConnection>();
  #listens = true;
  /** What was sent before the worker listened: the runtime would hand it to nobody. */
  #early: NearMessage[] | undefined = [];
  readonly #ended = Promise.withResolvers<FarExit>();

  constructor(worker: Worker, name: string, ended: (leftovers: Leftovers) => void) {
    this.name = name;
    this.#worker = worker;
    this.#whenEnded = ended;
  }

  send(message: NearMessage): void {
    if (message.type === "refuse") this.#connections.delete(message.key);
    if (this.#early === undefined) this.#worker.postMessage(message);
    else this.#early.push(message);
  }

  async run(heard: (message: FarMessage) => void): Promise<FarExit> {
    this.#worker.onmessage = ({ data }) => {
      // The runtime tells nobody that a worker has closed itself: it says so before.
      if (data === null) return this.#end({});
      if (data === listening) return this.#sendEarly();
      try {
        const message = readFarMessage(data);
        this.#note(message);
        heard(message);
      } catch (thrown) {
        this.#end({ error: toNetError(thrown, "control", this.name) });
      }
    };
    this.#worker.onerror = (event) => {
      event.preventDefault(); // else it would end this process, too
      const message = event.message || "ended by an error";
      this.#end({
        error: new NetError({ kind: "unexpected", op: "serve", address: this.name, message }),
      });
    };
    const exit = await this.#ended.promise;
    this.#worker.terminate();
    this.#whenEnded({ listens: this.#listens, connections: [...this.#connections.values()] });
    return exit;
  }

  kill(): void {
    this.#end({});
  }

  #sendEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const message of early) this.#worker.postMessage(message);
  }

  #note(message: FarMessage): void {
    if (message.type === "closed") this.#listens = false;
    else if (message.type === "ended") this.#connections.delete(message.key);
    else if (message.type === "accepted" && message.connection !== undefined) {
      this.#connections.set(message.key, message.connection);
    }
  }

  #end(exit: FarExit): void {
    this.#ended.resolve(exit);
  }
}
