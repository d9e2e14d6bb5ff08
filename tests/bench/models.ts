/**
 * Server models side by side: connections a second, work that needs a processor, the first byte
 * while spares last, and the memory of connections that do nothing.
 * @module
 */

import { freeTcpPort, portOf, tcpListening } from "../support/ports.ts";
import { atRest } from "./idle_memory.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { start, startPlumb } from "../support/process.ts";
import { alternate, type Benchmark, type Contender, median, ratio } from "./harness.ts";

const hostname = "127.0.0.1";
const models = ["loop", "iterative", "process", "prefork=2", "thread", "threads=2", "pool=8..8"];
const generous = ["--limit", "connections-per-peer=20000"];

/** One connection: a byte there and back. */
async function once(port: number): Promise<number> {
  const startMs = performance.now();
  using conn = await Deno.connect({ hostname, port });
  await conn.write(new Uint8Array(1));
  if (await conn.read(new Uint8Array(1)) !== 1) throw new Error("no echo");
  return performance.now() - startMs;
}

/** Connections a second of eight clients that take turns. */
async function rate(port: number, forMs: number): Promise<number> {
  const endMs = performance.now() + forMs;
  let count = 0;
  const client = async () => {
    while (performance.now() < endMs) {
      await once(port);
      count++;
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: 8 }, client));
  return count / (performance.now() - startMs) * 1_000;
}

async function withPlumb<T>(
  words: readonly string[],
  measure: (port: number, pid: number) => Promise<T>,
): Promise<T> {
  await using plumb = startPlumb(["serve", ...words, ...generous]);
  const port = portOf((await plumb.listening())[0] ?? "");
  await once(port);
  return await measure(port, plumb.pid);
}

function echoUnder(model: string): string[] {
  return ["echo", `tcp://${hostname}:0`, "--model", model];
}

async function withTool(command: (port: number) => readonly string[]): Promise<number> {
  const port = freeTcpPort();
  await using _tool = start(command(port));
  await tcpListening(port);
  return await rate(port, 1_500);
}

/** Connections a second, one run, one client. */
export const modelConnections: Benchmark = {
  name: "model-connections",
  about: "connections a second of each server model, beside socat's fork and ncat -k -e",
  tools: ["socat", "ncat"],
  async run(rounds) {
    const contenders: Contender[] = [
      ...models.map((model) => ({
        name: model,
        measure: () => withPlumb(echoUnder(model), (port) => rate(port, 1_500)),
      })),
      {
        name: "socat fork EXEC:cat",
        measure: () =>
          withTool((
            port,
          ) => ["socat", `TCP-LISTEN:${port},fork,reuseaddr,backlog=128`, "EXEC:cat"]),
      },
      {
        name: "ncat -k -e cat",
        measure: () =>
          withTool((port) => ["ncat", "-k", "-l", "-e", "/bin/cat", hostname, `${port}`]),
      },
    ];
    const measured = await alternate(contenders, rounds, "conn/s");
    const value = ratio(measured, "loop", "socat fork EXEC:cat");
    const claims = [{ text: "loop to socat's fork", value, target: { atLeast: 8 } }];
    return { measured, claims };
  },
};

/** Text whose upper case is work: two bytes a letter, no run of ASCII. */
const text = new TextEncoder().encode("\u00fc\u00df\u03b1\u0436 ".repeat(4_000));

async function upperThrough(port: number): Promise<number> {
  const repeats = 150;
  const startMs = performance.now();
  await Promise.all(Array.from({ length: 4 }, async () => {
    using conn = await Deno.connect({ hostname, port });
    const sending = (async () => {
      for (let n = 0; n < repeats; n++) {
        for (let at = 0; at < text.length;) at += await conn.write(text.subarray(at));
      }
      await conn.closeWrite();
    })();
    const buffer = new Uint8Array(256 * 1024);
    while (await conn.read(buffer) !== null);
    await sending;
  }));
  return 4 * repeats * text.length / 1e6 / (performance.now() - startMs) * 1_000;
}

/** A service that computes: more than one processor is of use. */
export const modelProcessors: Benchmark = {
  name: "model-processors",
  about: "serve upper --utf8 to four clients, in MB a second",
  tools: [],
  async run(rounds) {
    const contenders = ["loop", "prefork=2", "threads=2"].map((model) => ({
      name: model,
      measure: () => {
        const words = ["upper", "--utf8", `tcp://${hostname}:0`, "--model", model];
        return withPlumb(words, (port) => upperThrough(port));
      },
    }));
    const measured = await alternate(contenders, rounds, "MB/s");
    const claims = ["prefork=2", "threads=2"].map((model) => ({
      text: `${model} to loop`,
      value: ratio(measured, model, "loop"),
      target: { atLeast: 1 },
    }));
    return { measured, claims };
  },
};

/** The first byte of clients that come one by one, each to a process or thread that is ready. */
export const modelSpares: Benchmark = {
  name: "model-spares",
  about: "connect to first byte while spares last (--spare 4), in ms",
  tools: [],
  async run(rounds) {
    const contenders = ["process", "thread"].map((model) => ({
      name: model,
      measure: () =>
        withPlumb([...echoUnder(model), "--spare", "4"], async (port) => {
          const times: number[] = [];
          for (let n = 0; n < 10; n++) {
            await new Promise((resolve) => setTimeout(resolve, 250)); // until it is replaced
            times.push(await once(port));
          }
          return median(times);
        }),
    }));
    const measured = await alternate(contenders, rounds, "ms");
    const claims = measured.map(({ name, samples }) => ({
      text: `first byte of ${name}`,
      value: median(samples),
      target: { atMost: 5 },
    }));
    return { measured, claims };
  },
};

const idle = 5_000;

/** What a connection that does nothing costs the server. */
export const modelIdleMemory: Benchmark = {
  name: "model-idle-memory",
  about: `memory of ${idle} idle connections under loop, beyond the start`,
  tools: [],
  async run(rounds) {
    const measure = () =>
      withPlumb(echoUnder("loop"), async (port, pid) => {
        const before = holdings(pid);
        const conns: Deno.TcpConn[] = [];
        try {
          while (conns.length < idle) conns.push(await Deno.connect({ hostname, port }));
          await settle(pid, ({ sockets }) => sockets >= idle);
          await atRest();
          const after = holdings(pid);
          return (after.residentBytes - before.residentBytes) / idle / 1024;
        } finally {
          for (const conn of conns) conn.close();
        }
      });
    const measured = await alternate([{ name: "loop", measure }], rounds, "KiB each");
    const value = median(measured[0]?.samples ?? []);
    return { measured, claims: [{ text: "KiB a connection", value, target: { atMost: 8 } }] };
  },
};
