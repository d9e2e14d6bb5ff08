/**
 * A watch over HTTP: `/` for people, `/events` that keeps the page live, `/api/targets` for
 * programs, `/metrics` for Prometheus, `/healthz`.
 * @module
 */

import { Hono } from "hono";
import type { Context } from "../core/context.ts";
import type { OpenedService } from "./handler.ts";
import { HttpError } from "./http_error.ts";
import { KnownHosts } from "./http_host.ts";
import { HttpServer } from "./http_server.ts";
import { WatchFeed } from "./watch_feed.ts";
import { watchMetrics } from "./watch_metrics.ts";
import { pagePolicy, watchPage } from "./watch_page.ts";
import { targetFields, type WatchSource } from "./watch_source.ts";

/** What `openWatchWeb` needs. */
export interface WatchWebOptions {
  /** Names that it answers to besides numeric addresses and `localhost`. */
  readonly hosts?: readonly string[];
}

const noStore = { "Cache-Control": "no-store" };

/** Makes the endpoint ready; disposing ends the streams of those who look. */
export function openWatchWeb(
  source: WatchSource,
  context: Context,
  { hosts = [] }: WatchWebOptions = {},
): OpenedService {
  const known = new KnownHosts(hosts);
  const feed = new WatchFeed(source, context);
  const app = routes(source, feed, context);
  const server = new HttpServer(async (request) => {
    known.check(request.headers);
    return await app.fetch(request);
  }, context);
  return {
    handle: (session, within, info) => server.serve(session, within, info),
    [Symbol.asyncDispose]() {
      feed[Symbol.dispose]();
      server.dispose();
      return Promise.resolve();
    },
  };
}

function routes(source: WatchSource, feed: WatchFeed, context: Context): Hono {
  const app = new Hono();
  const metrics = watchMetrics(source);
  app.get("/", (c) => {
    return c.html(watchPage, 200, { ...noStore, "Content-Security-Policy": pagePolicy });
  });
  app.get("/events", ({ body, req }) => {
    // A proxy that collects answers before it passes them on would make old news of it.
    const headers = { ...noStore, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };
    // Hono answers HEAD by GET, and would forget the stream.
    if (req.method === "HEAD") return body(null, 200, headers);
    const stream = feed.open();
    if (stream !== null) return body(stream, 200, headers);
    const message = "too many look already (limit watch-viewers)";
    throw new HttpError(503, message, { "Retry-After": "30" });
  });
  app.get("/api/targets", ({ json }) => {
    const targets = Array.from(source.targets, targetFields);
    const time = new Date(context.clock.wall()).toISOString();
    return json({ schema: 1, time, counts: source.counts, targets }, 200, noStore);
  });
  app.get("/metrics", async ({ body }) => {
    const text = await metrics.metrics();
    return body(text, 200, { ...noStore, "Content-Type": metrics.contentType });
  });
  app.get("/healthz", ({ text }) => text("ok\n", 200, noStore));
  app.all("*", ({ req }) => {
    if (req.method === "GET" || req.method === "HEAD") throw new HttpError(404, "no such page");
    throw new HttpError(405, "the method must be GET or HEAD", { "Allow": "GET, HEAD" });
  });
  app.onError((thrown) => {
    throw thrown;
  });
  return app;
}
