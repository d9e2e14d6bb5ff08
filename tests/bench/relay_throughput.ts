/**
 * One-way TCP through a relay, against socat as it comes and with the buffer that suits it best.
 * @module
 */

import { freeTcpPort, portOf, tcpListening } from "../support/ports.ts";
import { root, run, type RunningProcess, start, startPlumb } from "../support/process.ts";
import { alternate, type Benchmark, type Contender, ratio } from "./harness.ts";

const bytesPerRound = 1024 * 1024 * 1024;

/** Between programs that read what they are sent. */
export const relayThroughput: Benchmark = {
  name: "relay-throughput",
  about: "one-way TCP relay, 1 GiB a round, to a program that reads it",
  tools: ["gcc", "socat"],
  run: (rounds, work) => measure(rounds, work, "read"),
};

/** The same with a receiver that costs nothing: the relay alone decides. */
export const relayThroughputLean: Benchmark = {
  name: "relay-throughput-lean",
  about: "the same, to a sink that lets the kernel throw it away",
  tools: ["gcc", "socat"],
  run: (rounds, work) => measure(rounds, work, "discard"),
};

async function measure(
  rounds: number,
  work: string,
  sinkMode: "read" | "discard",
): ReturnType<Benchmark["run"]> {
  const ends = `${work}/ends`;
  const compiled = await run(["gcc", "-O2", "-o", ends, `${root}tests/bench/ends.c`]);
  if (compiled.code !== 0) throw new Error(compiled.stderr);
  await using sink = start([ends, "sink", sinkMode], { timeoutMs: 120_000 });
  const sinkPort = Number((await sink.stdoutLine(/^\d+$/))[0]);
  const throughput = throughputOf(ends, sink);

  await using plumb = startPlumb(
    ["relay", "listen:tcp://127.0.0.1:0", `tcp://127.0.0.1:${sinkPort}`],
  );
  const plumbPort = portOf((await plumb.listening())[0] ?? "");
  const [bigPort, defaultPort] = [freeTcpPort(), freeTcpPort()];
  const target = `TCP:127.0.0.1:${sinkPort}`;
  const listen = (port: number) => `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`;
  await using _big = start(["socat", "-b", "262144", listen(bigPort), target]);
  await using _default = start(["socat", listen(defaultPort), target]);
  await Promise.all([tcpListening(bigPort), tcpListening(defaultPort)]);

  const contenders: Contender[] = [
    { name: "no relay", measure: () => throughput(sinkPort) },
    { name: "plumb relay", measure: () => throughput(plumbPort) },
    { name: "socat -b 262144", measure: () => throughput(bigPort) },
    { name: "socat", measure: () => throughput(defaultPort) },
  ];
  const measured = await alternate(contenders, rounds, "MB/s");
  return {
    measured,
    claims: [
      {
        text: "plumb / socat -b 262144",
        value: ratio(measured, "plumb relay", "socat -b 262144"),
        target: { atLeast: 0.9 },
      },
      {
        text: "plumb / socat",
        value: ratio(measured, "plumb relay", "socat"),
        target: { atLeast: 1.3 },
      },
    ],
  };
}

/** Sends a round to a port, and reads off the sink how fast it arrived, in MB/s. */
function throughputOf(ends: string, sink: RunningProcess): (port: number) => Promise<number> {
  let seen = 0;
  return async (port) => {
    const sent = await run([ends, "source", String(port), String(bytesPerRound)], {
      timeoutMs: 120_000,
    });
    if (sent.code !== 0) throw new Error(sent.stderr);
    const report = /^(\d+) (\d+)$/gm;
    seen++;
    await sink.stdoutMatches(report, seen);
    const [, bytes, nanoseconds] = [...sink.stdout.matchAll(report)][seen - 1] ?? [];
    if (Number(bytes) !== bytesPerRound) throw new Error(`only ${bytes} bytes arrived`);
    return Number(bytes) / Number(nanoseconds) * 1000;
  };
}
