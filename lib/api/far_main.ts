/**
 * The entry of far processes and far threads. A process knows by its argument, a thread by its
 * name, that it is one; anywhere else loading this module does nothing.
 *
 * One module for both, reached by its own URL: bundled into one file with the program, that URL is
 * the program's, whose entry looks for the same two signs first (cli/run.ts).
 * @module
 */

import { makeContext } from "../core/context.ts";
import { toNetError } from "../core/error.ts";
import type { Log } from "../core/log.ts";
import {
  type FarMessage,
  farToJson,
  type NearMessage,
  readNearMessage,
} from "../service/control.ts";
import { type FarControl, type FarWork, serveFar, settled } from "../service/far.ts";
import { farArgument, listening, threadKind } from "../service/far_sign.ts";
import { serveTasks } from "../service/pool_worker.ts";
import { LineReader } from "../stream/read.ts";
import { setInherited } from "../sys/share.ts";
import { SharedListener } from "../transport/shared_listener.ts";
import { Connections } from "./connections.ts";
import { openTask, readTask } from "./far_task.ts";
import { loadSessions } from "./pool_session.ts";
import { rehearse } from "./rehearsal.ts";

/** Where this module is: what `new Worker` and a child process are started with. */
export const farEntry: string = import.meta.url;

/** What a worker thread has that the main thread has not; its types are those of browsers. */
interface WorkerScope {
  postMessage?(message: unknown): void;
  onmessage?: ((event: MessageEvent) => void) | null;
  close?(): void;
}

const scope = globalThis as unknown as WorkerScope;
const kind = threadKind() ?? (Deno.args[0] === farArgument ? "process" : null);

if (kind === "far") {
  void serveFar(threadControl(), openWork).finally(() => {
    scope.postMessage?.(null); // nothing else tells the server
    scope.close?.();
  });
} else if (kind === "pool") {
  serveTasks(loadSessions);
} else if (kind === "process") {
  // What ends the server's terminal or group must not end its sessions before the server says so.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) {
    Deno.addSignalListener(signal, () => {});
  }
  void serveFar(processControl(), openWork).then((status) => Deno.exit(status));
}

type Start = Extract<NearMessage, { type: "start" }>;

async function openWork(
  { task: json, sockets }: Start,
  log: Log,
  say: (text: string) => void,
): Promise<FarWork> {
  const task = readTask(json);
  const context = makeContext({ log, limits: task.limits });
  // Inherited once is enough: the children of `exec` must not hold the port.
  for (const { descriptor } of sockets) setInherited(descriptor, false);
  const connections = new Connections();
  const opened = await openTask(task, context, say, connections);
  const shared = new SharedListener(sockets, context);
  // Threads start quick enough without. What cannot be rehearsed is only slower.
  if (kind === "process") {
    await rehearse(context).catch((thrown) => {
      log.write("debug", "rehearsal", `no rehearsal: ${toNetError(thrown, "rehearse").message}`);
    });
  }
  const { firstByteMs, busyMessage } = task;
  return {
    context,
    listener: {
      local: shared.local,
      async accept() {
        const incoming = await shared.accept();
        if (incoming === null) return null;
        const connection = kind === "far" ? incoming.identity() : undefined;
        return settled(await incoming.settle(context), incoming.at, connection);
      },
      [Symbol.asyncDispose]: () => shared[Symbol.asyncDispose](),
    },
    locals: sockets.map(({ local }) => local),
    handle: opened.handle,
    once: task.once,
    retry: () => void connections.retryNow(),
    ...(firstByteMs === undefined ? {} : { firstByteMs }),
    ...(busyMessage === undefined ? {} : { busyMessage }),
    [Symbol.asyncDispose]: async () => {
      await shared[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}

function threadControl(): FarControl {
  const queue: (NearMessage | Error)[] = [];
  let wake = () => {};
  scope.onmessage = ({ data }) => {
    try {
      queue.push(readNearMessage(data));
    } catch (thrown) {
      queue.push(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
    wake();
  };
  scope.postMessage?.(listening);
  return {
    send: (message) => scope.postMessage?.(farToJson(message)),
    async receive() {
      while (queue.length === 0) await new Promise<void>((resolve) => wake = resolve);
      const message = queue.shift();
      if (message instanceof Error) throw message;
      return message ?? null;
    },
  };
}

function processControl(): FarControl {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const remote = { scheme: "stdio", text: "-" };
  const lines = new LineReader({ remote, read: (into) => Deno.stdin.read(into) });
  return {
    send(message: FarMessage) {
      // Waits where the server is behind: what it has not read yet is bounded by the pipe.
      const bytes = encoder.encode(`${JSON.stringify(farToJson(message))}\n`);
      try {
        for (let sent = 0; sent < bytes.length;) {
          sent += Deno.stdout.writeSync(bytes.subarray(sent));
        }
      } catch {
        // The server has gone, which its end of this process' input tells as well.
      }
    },
    async receive() {
      const line = await lines.readLine();
      return line === null ? null : readNearMessage(JSON.parse(decoder.decode(line)));
    },
  };
}
