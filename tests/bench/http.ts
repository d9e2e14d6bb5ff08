/**
 * HTTP requests per second, beside nginx and the runtime's own server: one file of 1 KiB, and one
 * answer from memory, over 32 connections that are kept.
 * @module
 */

import { freeTcpPort, portOf, tcpListening } from "../support/ports.ts";
import { start, startPlumb } from "../support/process.ts";
import { alternate, type Benchmark, type Contender } from "./harness.ts";
import { nginxConfig, requestsPerSecond, seconds } from "./web_load.ts";

const connections = 32;

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

  const load = (port: number, path: string) => requestsPerSecond(port, path, connections);
  const contenders: Contender[] = [
    { name: "plumb, a file", measure: () => load(plumbPort, "/page.html") },
    { name: "nginx, a file", measure: () => load(nginxPort, "/page.html") },
    { name: "plumb, /api/time", measure: () => load(plumbPort, "/api/time") },
    { name: "Deno.serve, bare", measure: () => load(barePort, "/") },
  ];
  const measured = await alternate(contenders, rounds, "req/s");
  return { measured, claims: [] };
}

function bareServer(port: number): string {
  return `Deno.serve({ hostname: "127.0.0.1", port: ${port}, onListen: () => {} },
  () => new Response(JSON.stringify({ text: new Date().toISOString() })));\n`;
}
