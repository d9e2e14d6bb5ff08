/**
 * UDP echo: packets a second that come back, and how many did not. Once from one peer with 64 on
 * the way, once with a new peer for each packet, which is where servers that fork are at their end.
 * @module
 */

import { freeUdpPort, portOf, udpBound } from "../support/ports.ts";
import { root, run, start, startPlumb } from "../support/process.ts";
import { alternate, type Benchmark, type Contender, type Measured, ratio } from "./harness.ts";

const roundMs = 1_000;

/** Named after what it does. */
export const udp: Benchmark = {
  name: "udp",
  about: `UDP echo of 64 bytes, packets per second and losses, ${roundMs} ms a round`,
  tools: ["gcc", "socat", "ncat"],
  run: measure,
};

/** As short as it can be in the runtime: one receive, one send. */
const bareLoop = `
const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
console.log(socket.addr.port);
for (;;) {
  const [data, from] = await socket.receive();
  await socket.send(data, from);
}
`;

const nodeLoop = `
import { createSocket } from "node:dgram";
const socket = createSocket("udp4");
socket.on("message", (data, from) => socket.send(data, from.port, from.address));
socket.bind(0, "127.0.0.1", () => console.log(socket.address().port));
`;

async function measure(rounds: number, work: string): ReturnType<Benchmark["run"]> {
  const ends = `${work}/udp_ends`;
  const built = await run(["gcc", "-O2", "-o", ends, `${root}tests/bench/udp_ends.c`]);
  if (built.code !== 0) throw new Error(built.stderr);
  await Deno.writeTextFile(`${work}/bare.ts`, bareLoop);
  await Deno.writeTextFile(`${work}/node.ts`, nodeLoop);
  const deno = (file: string) =>
    start([Deno.execPath(), "run", "-A", "--no-check", "--unstable-net", `${work}/${file}`]);
  await using plumb = startPlumb(["serve", "echo", "udp://127.0.0.1:0"]);
  await using c = start([ends, "echo"]);
  await using bare = deno("bare.ts");
  await using node = deno("node.ts");
  const [socatPort, ncatPort] = [freeUdpPort(), freeUdpPort()];
  // -T: a child that nobody writes to ends, or the machine would be full of them.
  const listen = `UDP-LISTEN:${socatPort},bind=127.0.0.1,fork`;
  await using _socat = start(["socat", "-T", "0.2", listen, "EXEC:cat"]);
  // Its children outlive it, and each peer makes one: a bound on their lives, and few peers.
  const ncat = ["-u", "-l", "-k", "127.0.0.1", String(ncatPort), "-c", "exec timeout 30 cat"];
  await using _ncat = start(["ncat", ...ncat]);
  await Promise.all([udpBound(socatPort), udpBound(ncatPort)]);
  const printed = async (process: typeof c) => Number((await process.stdoutLine(/^\d+$/))[0]);
  const ports: ReadonlyArray<readonly [string, number]> = [
    ["plumb serve echo", portOf((await plumb.listening())[0] ?? "")],
    ["C recvfrom", await printed(c)],
    ["Deno.listenDatagram", await printed(bare)],
    ["node:dgram", await printed(node)],
    ["socat fork EXEC", socatPort],
    ["ncat -u -e", ncatPort],
  ];
  const measured: Measured[] = [];
  for (const kind of ["same", "fresh"] as const) {
    const losses = new Map<string, number[]>();
    const asked = kind === "same" ? ports : ports.filter(([, port]) => port !== ncatPort);
    const contenders = asked.map(([name, port]): Contender => ({
      name: labelOf(name, kind),
      measure: async () => {
        const { perSecond, lost } = await load(ends, port, kind);
        losses.set(name, [...losses.get(name) ?? [], lost]);
        return perSecond;
      },
    }));
    measured.push(...await alternate(contenders, rounds, "packets/s"));
    for (const [name, [, ...samples]] of losses) { // the first round warms up
      measured.push({ name: `${labelOf(name, kind)}: lost`, unit: "packets", samples });
    }
  }
  const against = (kind: Kind, other: string) =>
    ratio(measured, labelOf("plumb serve echo", kind), labelOf(other, kind));
  return {
    measured,
    claims: [
      {
        text: "plumb / Deno.listenDatagram, one peer",
        value: against("same", "Deno.listenDatagram"),
        target: { atLeast: 0.9 },
      },
      {
        text: "plumb / socat fork EXEC, a peer a packet",
        value: against("fresh", "socat fork EXEC"),
        target: { atLeast: 50 },
      },
    ],
  };
}

/** From one peer, or from a new one for each packet. */
type Kind = "same" | "fresh";

function labelOf(name: string, kind: Kind): string {
  return kind === "same" ? name : `${name}, new peers`;
}

async function load(ends: string, port: number, kind: Kind) {
  const { code, stdout, stderr } = await run([ends, "load", String(port), String(roundMs), kind]);
  if (code !== 0) throw new Error(stderr);
  const [echoed = 0, lost = 0, nanoseconds = 1] = stdout.trim().split(" ").map(Number);
  return { perSecond: echoed / nanoseconds * 1e9, lost };
}
