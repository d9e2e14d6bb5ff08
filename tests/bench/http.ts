/**
 * HTTP requests per second, beside nginx and the runtime's own server: one file of 1 KiB, and one
 * answer from memory, over 32 connections that are kept.
 * @module
 */

import { freeTcpPort, portOf, tcpListening } from "../support/ports.ts";
import { run, start, startPlumb } from "../support/process.ts";
import { alternate, type Benchmark, type Contender } from "./harness.ts";

const connections = 32;
const seconds = 3;

/** The figures are reported and no target is set: nginx is a program of another kind. */
export const http: Benchmark = {
  name: "http",
  about: `HTTP requests per second, ${connections} connections kept, ${seconds} s a round`,
  tools: ["wrk", "nginx"],
  run: measure,
};

async function measure(rounds: number, work: string): ReturnType<Benchmark["run"]> {
  const [nginxPort, barePort] = [freeTcpPort(), freeTcpPort()];
  await Deno.mkdir(`${work}/site`);
  await Deno.writeTextFile(`${work}/site/page.html`, "x".repeat(1024));
  await Deno.writeTextFile(`${work}/nginx.conf`, nginxConfig(work, nginxPort));
  await Deno.writeTextFile(`${work}/bare.ts`, bareServer(barePort));
  await using _nginx = start(["nginx", "-p", work, "-e", `${work}/error.log`, "-c", "nginx.conf"]);
  await using _bare = start([Deno.execPath(), "run", "--allow-net", `${work}/bare.ts`]);
  await using plumb = startPlumb(["serve", "http", `${work}/site`, "tcp://127.0.0.1:0"]);
  const plumbPort = portOf((await plumb.listening())[0] ?? "");
  await Promise.all([tcpListening(nginxPort), tcpListening(barePort)]);

  const contenders: Contender[] = [
    { name: "plumb, a file", measure: () => requestsPerSecond(plumbPort, "/page.html") },
    { name: "nginx, a file", measure: () => requestsPerSecond(nginxPort, "/page.html") },
    { name: "plumb, /api/time", measure: () => requestsPerSecond(plumbPort, "/api/time") },
    { name: "Deno.serve, bare", measure: () => requestsPerSecond(barePort, "/") },
  ];
  const measured = await alternate(contenders, rounds, "req/s");
  return { measured, claims: [] };
}

/** One process, as plumb has one loop; a worker of its own would outlive a master that is killed. */
function nginxConfig(work: string, port: number): string {
  return `daemon off; master_process off; pid ${work}/nginx.pid; user root;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path ${work}/body; proxy_temp_path ${work}/proxy;
  fastcgi_temp_path ${work}/fastcgi; uwsgi_temp_path ${work}/uwsgi; scgi_temp_path ${work}/scgi;
  types { text/html html; }
  server { listen 127.0.0.1:${port}; root ${work}/site; }
}
`;
}

function bareServer(port: number): string {
  return `Deno.serve({ hostname: "127.0.0.1", port: ${port}, onListen: () => {} },
  () => new Response(JSON.stringify({ text: new Date().toISOString() })));\n`;
}

async function requestsPerSecond(port: number, path: string): Promise<number> {
  const { code, stdout, stderr } = await run([
    ...["wrk", "--threads", "1", "--connections", String(connections)],
    ...["--duration", `${seconds}s`, `http://127.0.0.1:${port}${path}`],
  ], { timeoutMs: 60_000 });
  if (code !== 0 || /Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout + stderr);
  return Number(/^Requests\/sec: +([\d.]+)$/m.exec(stdout)?.[1]);
}
