/**
 * One channel of a link between two processes of plumb, against two plain relays in series, which
 * carry the same bytes over as many sockets; and sealed, against `ssh -L`.
 * @module
 */

import { freeTcpPort, portOf, tcpListening } from "../support/ports.ts";
import { plumb, root, run, type RunningProcess, start, startPlumb } from "../support/process.ts";
import { hasSshd, Sshd } from "../support/sshd.ts";
import { alternate, type Benchmark, type Contender, ratio } from "./harness.ts";

const bytesPerRound = 512 * 1024 * 1024;
const tripsPerRound = 5_000;

/** How fast. */
export const linkThroughput: Benchmark = {
  name: "link-throughput",
  about: "one channel of a link, one way, 512 MiB a round, to a program that reads it",
  tools: ["gcc", "ssh"],
  run: throughput,
};

/** How soon. */
export const linkTrip: Benchmark = {
  name: "link-trip",
  about: `64 bytes through a link and back, median of ${tripsPerRound} a round`,
  tools: ["gcc", "ssh"],
  run: trips,
};

/** The ways to a port of this machine that are compared. */
async function waysTo(
  port: number,
  work: string,
  stack: AsyncDisposableStack,
): Promise<ReadonlyArray<readonly [string, number]>> {
  const target = `tcp://127.0.0.1:${port}`;
  const key = `${work}/key`;
  const made = await plumb(["link", "keygen", key]);
  if (made.code !== 0) throw new Error(made.stderr);
  const started = (args: readonly string[]) => stack.use(startPlumb(args));
  const at = async (process: RunningProcess) => (await process.listening())[0] ?? "";
  const relay = async (to: string) => await at(started(["relay", "listen:tcp://127.0.0.1:0", to]));
  const link = async (security: readonly string[]) => {
    const server = await at(
      started(["link", "listen:tcp://127.0.0.1:0", ...security, "--permit", target]),
    );
    const forward = `listen:tcp://127.0.0.1:0=${target}`;
    return await at(started(["link", server, ...security, "--forward", forward]));
  };
  const ways: [string, number][] = [
    ["two relays", portOf(await relay(await relay(target)))],
    ["link --no-seal", portOf(await link(["--no-seal"]))],
    ["link", portOf(await link(["--key-file", key]))],
  ];
  if (!hasSshd()) return ways;
  const sshd = stack.use(await Sshd.open());
  const local = freeTcpPort();
  const forward = `127.0.0.1:${local}:127.0.0.1:${port}`;
  const [ssh = "", ...rest] = sshd.ssh;
  stack.use(start([ssh, "-N", "-L", forward, ...rest], { stdin: "null" }));
  await tcpListening(local);
  return [...ways, ["ssh -L", local]];
}

async function compiled(work: string): Promise<string> {
  const ends = `${work}/ends`;
  const built = await run(["gcc", "-O2", "-o", ends, `${root}tests/bench/ends.c`]);
  if (built.code !== 0) throw new Error(built.stderr);
  return ends;
}

async function throughput(rounds: number, work: string): ReturnType<Benchmark["run"]> {
  const ends = await compiled(work);
  await using stack = new AsyncDisposableStack();
  const sink = stack.use(start([ends, "sink", "read"], { timeoutMs: 120_000 }));
  const ways = await waysTo(Number((await sink.stdoutLine(/^\d+$/))[0]), work, stack);
  let seen = 0;
  const send = async (port: number) => {
    const sent = await run([ends, "source", String(port), String(bytesPerRound)], {
      timeoutMs: 120_000,
    });
    if (sent.code !== 0) throw new Error(sent.stderr);
    const report = /^(\d+) (\d+)$/gm;
    await sink.stdoutMatches(report, ++seen);
    const [, bytes, nanoseconds] = [...sink.stdout.matchAll(report)][seen - 1] ?? [];
    if (Number(bytes) !== bytesPerRound) throw new Error(`only ${bytes} bytes arrived`);
    return Number(bytes) / Number(nanoseconds) * 1000;
  };
  const contenders: Contender[] = ways.map(([name, port]) => ({
    name,
    measure: () => send(port),
  }));
  const measured = await alternate(contenders, rounds, "MB/s");
  const hasSsh = ways.some(([name]) => name === "ssh -L");
  return {
    measured,
    claims: [
      {
        text: "link --no-seal / two relays",
        value: ratio(measured, "link --no-seal", "two relays"),
        target: { atLeast: 0.7 },
      },
      ...(hasSsh
        ? [{
          text: "link / ssh -L",
          value: ratio(measured, "link", "ssh -L"),
          target: { atLeast: 0.8 },
        }]
        : []),
    ],
  };
}

async function trips(rounds: number, work: string): ReturnType<Benchmark["run"]> {
  const ends = await compiled(work);
  await using stack = new AsyncDisposableStack();
  const echo = stack.use(start([ends, "echo"], { timeoutMs: 120_000 }));
  const ways = await waysTo(Number((await echo.stdoutLine(/^\d+$/))[0]), work, stack);
  const contenders: Contender[] = ways.map(([name, port]) => ({
    name,
    async measure() {
      const made = await run([ends, "trips", String(port), String(tripsPerRound)]);
      if (made.code !== 0) throw new Error(made.stderr);
      return Number(made.stdout) / 1000;
    },
  }));
  const measured = await alternate(contenders, rounds, "us");
  return {
    measured,
    claims: [
      {
        text: "link --no-seal / two relays",
        value: ratio(measured, "link --no-seal", "two relays"),
        target: { atMost: 1.6 },
      },
    ],
  };
}
