/**
 * A web server to be measured against or through, and the load of wrk.
 * @module
 */

import { run } from "../support/process.ts";

/** How long one round of wrk takes. */
export const seconds = 3;

/** One process, as plumb has one loop; a worker of its own would outlive a master that is killed. */
export function nginxConfig(work: string, port: number): string {
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

/** Requests a second over so many connections that are kept. @throws where one of them failed */
export async function requestsPerSecond(
  port: number,
  path: string,
  connections: number,
): Promise<number> {
  const { code, stdout, stderr } = await run([
    ...["wrk", "--threads", "1", "--connections", String(connections)],
    ...["--duration", `${seconds}s`, `http://127.0.0.1:${port}${path}`],
  ], { timeoutMs: 60_000 });
  if (code !== 0 || /Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout + stderr);
  return Number(/^Requests\/sec: +([\d.]+)$/m.exec(stdout)?.[1]);
}
