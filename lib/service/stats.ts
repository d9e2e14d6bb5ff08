/**
 * What a server says of itself over HTTP: `/metrics` for Prometheus, `/healthz` for those who send
 * it clients, `/` for people and programs.
 * @module
 */

import { Hono } from "hono";
import type { Context } from "../core/context.ts";
import type { OpenedService } from "./handler.ts";
import { HttpError } from "./http_error.ts";
import { HttpServer } from "./http_server.ts";
import type { StatsSource } from "./stats_figures.ts";
import { metricsOf } from "./stats_metrics.ts";

/** Makes the endpoint ready. */
export function openStats(source: StatsSource, context: Context): OpenedService {
  const app = new Hono();
  const metrics = metricsOf(source);
  const noStore = { "Cache-Control": "no-store" };
  app.get("/metrics", async ({ body }) => {
    const text = await metrics.metrics();
    return body(text, 200, { ...noStore, "Content-Type": metrics.contentType });
  });
  app.get("/healthz", ({ text }) => {
    const { isDraining } = source.server();
    return text(isDraining ? "draining\n" : "ok\n", isDraining ? 503 : 200, noStore);
  });
  app.get("/", ({ json }) => json(liveTally(source, context.clock.wall()), 200, noStore));
  app.all("*", ({ req }) => {
    if (req.method === "GET" || req.method === "HEAD") throw new HttpError(404, "no such page");
    throw new HttpError(405, "the method must be GET or HEAD", { "Allow": "GET, HEAD" });
  });
  app.onError((thrown) => {
    throw thrown;
  });
  const server = new HttpServer(async (request) => await app.fetch(request), context);
  return {
    handle: (session, within, info) => server.serve(session, within, info),
    [Symbol.asyncDispose]: () => Promise.resolve(server.dispose()),
  };
}

/** The live tally as one object; keys as everywhere in `--json`. */
function liveTally(source: StatsSource, wallMs: number): Record<string, unknown> {
  const { tally, open, bound, isDraining, refusals, endings, workers } = source.server();
  const { accepted, refused, ended, cut, failed, bytesIn, bytesOut, durationMs } = tally;
  return {
    event: "tally",
    schema: 1,
    time: new Date(wallMs).toISOString(),
    sessions: open,
    maximumSessions: bound,
    draining: isDraining,
    accepted,
    refused,
    ended,
    cut,
    failed,
    bytesIn,
    bytesOut,
    durationMs: Math.round(durationMs),
    refusals,
    reasons: Object.fromEntries(endings),
    ...(workers && { workers }),
    ...source.machine(),
  };
}
