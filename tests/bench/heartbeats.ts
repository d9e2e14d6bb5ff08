/**
 * What heartbeats cost: processor time of a server whose clients are idle, with a heartbeat every
 * 5 s each way, beside the same server without. The clients are a process of their own.
 * @module
 */

import { portOf } from "../support/ports.ts";
import { plumbCommand, root, start, startPlumb } from "../support/process.ts";
import { type Benchmark, median } from "./harness.ts";

const connections = 5_000;
const heartbeat = "every=5s,misses=3";
const measuredMs = 20_000;

/** Named after what it does. */
export const heartbeats: Benchmark = {
  name: "heartbeats",
  about: `processor time of ${connections} idle connections with ${heartbeat}`,
  tools: [],
  async run(rounds) {
    const [beating, idle]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      idle.push(await measure(false));
      beating.push(await measure(true));
    }
    return {
      measured: [
        { name: "without", unit: "% of a core", samples: idle },
        { name: heartbeat, unit: "% of a core", samples: beating },
      ],
      claims: [{
        text: "% of one core for heartbeats of 5,000 connections",
        value: median(beating) - median(idle),
        target: { atMost: 5 },
      }],
    };
  },
};

/** @returns share of one core, in percent */
async function measure(isBeating: boolean): Promise<number> {
  const flags = isBeating ? ["--heartbeat", heartbeat] : [];
  await using server = startPlumb([
    ...["serve", "echo", "tcp://127.0.0.1:0", ...flags],
    ...["--limit", `connections-per-peer=${connections + 1}`],
  ]);
  const port = portOf((await server.listening())[0] ?? "");
  const options = plumbCommand.slice(1, -1);
  await using clients = start([
    Deno.execPath(),
    ...options,
    `${root}tests/bench/heartbeat_clients.ts`,
    String(port),
    String(connections),
    isBeating ? heartbeat : "",
  ], { timeoutMs: 120_000 });
  await clients.stdoutHas("connected");
  // Whatever came of opening them is collected by then.
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  const before = processorMs(server.pid);
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, measuredMs));
  const usedMs = processorMs(server.pid) - before;
  return 100 * usedMs / (performance.now() - startMs);
}

/** User and system time of a process (proc_pid_stat(5), fields 14 and 15), in ms. */
function processorMs(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
