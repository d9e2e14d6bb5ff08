/**
 * What it costs to watch: processor time and memory of `plumb watch` with ten thousand targets on
 * loopback, each with an address of its own, every ten seconds: a thousand connections a second.
 * Beside it the least that the runtime's own API can do: connect and close.
 */

import { cpuMs } from "../support/clients.ts";
import { holdings } from "../support/descriptors.ts";
import { start, startPlumb } from "../support/process.ts";
import { type Benchmark, type Measured, median } from "./harness.ts";

const targets = 10_000;
const everySeconds = 10;
/** The first look at everything, and the lines that it makes, are not what is measured. */
const settleMs = 13_000;
const measureMs = 10_000;

/** Half a core is what the project allows itself. */
export const watching: Benchmark = {
  name: "watch",
  about: `processor time of watching ${targets} targets every ${everySeconds} s`,
  tools: [],
  async run(rounds, work) {
    using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
    void acceptAll(listener);
    const { port } = listener.addr;
    await Deno.writeTextFile(`${work}/targets.toml`, targetFile(port));
    await Deno.writeTextFile(`${work}/bare.ts`, bareClient(port));
    const plumb: { cpu: number; kibibytes: number }[] = [];
    const bare: number[] = [];
    for (let round = 0; round < rounds; round++) {
      plumb.push(await measurePlumb(`${work}/targets.toml`));
      bare.push(await measureBare(`${work}/bare.ts`));
    }
    const cpu = plumb.map((one) => one.cpu);
    const memory = plumb.map((one) => one.kibibytes);
    const measured: Measured[] = [
      { name: "plumb watch", unit: "ms/s", samples: cpu },
      { name: "Deno.connect and close", unit: "ms/s", samples: bare },
      { name: "plumb watch, memory", unit: "KiB/target", samples: memory },
    ];
    return {
      measured,
      claims: [
        { text: "cores", value: median(cpu) / 1_000, target: { atMost: 0.5 } },
        {
          text: "processor time, to connect and close",
          value: median(cpu) / median(bare),
          target: { atMost: 3 },
        },
        { text: "KiB of memory a target", value: median(memory), target: { atMost: 8 } },
      ],
    };
  },
};

function targetFile(port: number): string {
  return Array.from({ length: targets }, (_, at) => {
    return `[[target]]\naddress = "tcp://127.1.${at >> 8}.${at & 255}:${port}"\n`;
  }).join("");
}

async function measurePlumb(file: string): Promise<{ cpu: number; kibibytes: number }> {
  const words = ["watch", "--every", `${everySeconds}s`, "--json"];
  await using one = startPlumb([...words, "tcp://127.0.0.1:9"]);
  await using all = startPlumb([...words, "--file", file], { onStdout: () => {} });
  await wait(settleMs);
  const cpu = await cpuPerSecond(all.pid);
  const bytes = holdings(all.pid).residentBytes - holdings(one.pid).residentBytes;
  return { cpu, kibibytes: bytes / targets / 1024 };
}

async function measureBare(path: string): Promise<number> {
  await using bare = start([Deno.execPath(), "run", "--allow-net", path]);
  await wait(2_000);
  return await cpuPerSecond(bare.pid);
}

async function cpuPerSecond(pid: number): Promise<number> {
  const startMs = performance.now();
  const before = cpuMs(pid);
  await wait(measureMs);
  return (cpuMs(pid) - before) / (performance.now() - startMs) * 1_000;
}

function bareClient(port: number): string {
  return `let count = 0;
const startMs = performance.now();
setInterval(() => {
  for (; count < (performance.now() - startMs) * ${targets / everySeconds / 1_000}; count++) {
    const at = count % ${targets};
    Deno.connect({ hostname: \`127.1.\${at >> 8}.\${at & 255}\`, port: ${port} })
      .then((conn) => conn.close());
  }
}, 5);\n`;
}

/** A connection that has gone before it was accepted is an error of its own (facts of the runtime). */
async function acceptAll(listener: Deno.Listener): Promise<void> {
  for (;;) {
    try {
      (await listener.accept()).close();
    } catch (thrown) {
      if (thrown instanceof Deno.errors.BadResource || thrown instanceof Deno.errors.Interrupted) {
        return;
      }
    }
  }
}

function wait(delayMs: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, delayMs));
}
