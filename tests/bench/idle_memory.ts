/**
 * Memory of relayed connections that do nothing: resident memory of `plumb relay` beyond its start,
 * for each side of each connection. Once with connections that never carried a byte, once after
 * each has carried some both ways, which is when buffers are most easily kept by mistake.
 * @module
 */

import { holdings, settle } from "../support/descriptors.ts";
import { portOf } from "../support/ports.ts";
import { startPlumb } from "../support/process.ts";
import { type Benchmark, median } from "./harness.ts";

const connections = 2000;

/** Named after what it does. */
export const idleMemory: Benchmark = {
  name: "idle-memory",
  about: `memory of ${connections} idle relayed connections`,
  tools: [],
  async run(rounds) {
    const names = ["never used", "after 64 bytes each way"];
    const samples: Array<readonly number[]> = [];
    for (let round = 0; round < rounds; round++) samples.push(await measure());
    const measured = names.map((name, index) => ({
      name,
      unit: "KiB/side",
      samples: samples.map((pair) => pair[index] ?? NaN),
    }));
    return {
      measured,
      claims: measured.map(({ name, samples }) => ({
        text: `KiB a side, ${name}`,
        value: median(samples),
        target: { atMost: 8 },
      })),
    };
  },
};

/** A server gives memory back once nothing has moved for a second (lib/cli/rest.ts). */
export function atRest(): Promise<void> {
  return new Promise((wake) => setTimeout(wake, 4_000));
}

async function measure(): Promise<number[]> {
  using target = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using plumb = startPlumb([
    "relay",
    "listen:tcp://127.0.0.1:0",
    `tcp://127.0.0.1:${target.addr.port}`,
    "--limit",
    `connections-per-peer=${connections + 1}`,
  ]);
  const port = portOf((await plumb.listening())[0] ?? "");
  const start = holdings(plumb.pid);
  const perSide = () =>
    (holdings(plumb.pid).residentBytes - start.residentBytes) / (2 * connections) / 1024;
  const pairs: Array<{ near: Deno.TcpConn; far: Deno.TcpConn }> = [];
  try {
    while (pairs.length < connections) {
      const near = await Deno.connect({ hostname: "127.0.0.1", port });
      // In turn, so that each far end is that of its near end.
      pairs.push({ near, far: await target.accept() });
    }
    await settle(plumb.pid, (now) => now.sockets >= start.sockets + 2 * connections);
    await atRest();
    const unused = perSide();
    const message = new Uint8Array(64);
    for (const { near, far } of pairs) {
      await Promise.all([near.write(message), far.write(message)]);
      const into = new Uint8Array(128);
      await Promise.all([near.read(into), far.read(into.subarray(64))]);
    }
    await atRest();
    return [unused, perSide()];
  } finally {
    for (const { near, far } of pairs) {
      near.close();
      far.close();
    }
  }
}
