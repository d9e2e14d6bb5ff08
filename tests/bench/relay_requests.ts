/**
 * Small requests through a TCP relay, over few connections and over many that are busy at once:
 * nginx answers, wrk asks.
 * @module
 */

import { freeTcpPort, portOf, tcpListening } from "../support/ports.ts";
import { start, startPlumb } from "../support/process.ts";
import { find } from "../support/tools.ts";
import { alternate, type Benchmark, type Contender, ratio } from "./harness.ts";
import { nginxConfig, requestsPerSecond, seconds } from "./web_load.ts";

const few = 8;
const many = 200;

/** haproxy is a program of another kind: reported where it is there, and no target. */
export const relayRequests: Benchmark = {
  name: "relay-requests",
  about: `requests per second through a TCP relay, ${few} and ${many} connections, ${seconds} s`,
  tools: ["wrk", "nginx", "socat"],
  run: measure,
};

async function measure(rounds: number, work: string): ReturnType<Benchmark["run"]> {
  const [nginxPort, socatPort, haproxyPort] = [freeTcpPort(), freeTcpPort(), freeTcpPort()];
  await Deno.mkdir(`${work}/site`);
  await Deno.writeTextFile(`${work}/site/page.html`, "x".repeat(64));
  await Deno.writeTextFile(`${work}/nginx.conf`, nginxConfig(work, nginxPort));
  await Deno.writeTextFile(`${work}/haproxy.cfg`, haproxyConfig(haproxyPort, nginxPort));
  await using _nginx = start(["nginx", "-p", work, "-e", `${work}/error.log`, "-c", "nginx.conf"]);
  await tcpListening(nginxPort);
  const to = `127.0.0.1:${nginxPort}`;
  await using plumb = startPlumb(["relay", "listen:tcp://127.0.0.1:0", `tcp://${to}`]);
  const plumbPort = portOf((await plumb.listening())[0] ?? "");
  const socatListen = `TCP-LISTEN:${socatPort},bind=127.0.0.1,fork,reuseaddr,backlog=1024`;
  await using _socat = start(["socat", socatListen, `TCP:${to}`]);
  await tcpListening(socatPort);
  const hasHaproxy = find("haproxy") !== null;
  await using peers = new AsyncDisposableStack();
  if (hasHaproxy) {
    peers.use(start(["haproxy", "-q", "-db", "-f", `${work}/haproxy.cfg`]));
    await tcpListening(haproxyPort);
  }
  const through = (name: string, port: number): Contender[] =>
    [few, many].map((connections) => ({
      name: `${name}, ${connections}`,
      measure: () => requestsPerSecond(port, "/page.html", connections),
    }));
  const contenders = [
    ...through("plumb relay", plumbPort),
    ...through("socat fork", socatPort),
    ...(hasHaproxy ? through("haproxy, one thread", haproxyPort) : []),
  ];
  const measured = await alternate(contenders, rounds, "req/s");
  return {
    measured,
    claims: [
      {
        text: `${many} connections / ${few} connections`,
        value: ratio(measured, `plumb relay, ${many}`, `plumb relay, ${few}`),
        target: { atLeast: 0.5 },
      },
      {
        text: `plumb / socat fork, ${many} connections`,
        value: ratio(measured, `plumb relay, ${many}`, `socat fork, ${many}`),
        target: { atLeast: 1 },
      },
    ],
  };
}

function haproxyConfig(port: number, to: number): string {
  return `global
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 50s
  timeout server 50s
listen relay
  bind 127.0.0.1:${port}
  server web 127.0.0.1:${to}
`;
}
