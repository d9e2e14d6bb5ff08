/**
 * The small web server of the course: files of a folder, and services of text.
 * @module
 */

import { realpath, stat } from "node:fs/promises";
import { Hono } from "hono";
import { toNetError } from "../core/error.ts";
import type { HandlerSetup, OpenedService } from "./handler.ts";
import { apiRoutes } from "./http_api.ts";
import { HttpError } from "./http_error.ts";
import type { FetchHandler } from "./http_fetch.ts";
import { HttpServer } from "./http_server.ts";
import { staticResponse } from "./http_static.ts";
import type { RequestTarget } from "./http_target.ts";

/** What routes get beside the request. */
interface Bindings {
  readonly target: RequestTarget;
}

/** Opens the service. @throws {NetError} where the folder is none, or may not be read */
export async function openHttp(setup: HandlerSetup): Promise<OpenedService> {
  const { context, subject, idleMs, lifetimeMs } = setup;
  const root = subject === undefined ? null : await folder(subject);
  const server = new HttpServer(routes(root, setup), context, {
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
  });
  return {
    handle: (session, within, info) => server.serve(session, within, info),
    [Symbol.asyncDispose]: () => Promise.resolve(server.dispose()),
  };
}

/** @param root a real path, or null where no files are served */
function routes(root: string | null, { context }: HandlerSetup): FetchHandler {
  const { clock, limits } = context;
  const app = new Hono<{ Bindings: Bindings }>();
  app.route("/api", apiRoutes(clock, limits));
  app.all("*", ({ env, req }) => {
    if (root === null) throw new HttpError(404, "no files are served here");
    return staticResponse(root, env.target, req.raw, clock.wall());
  });
  // Thrown on: what an error looks like is one question for all of the server.
  app.onError((thrown) => {
    throw thrown;
  });
  return async (request, target) => await app.fetch(request, { target });
}

async function folder(path: string): Promise<string> {
  try {
    const root = await realpath(path);
    // By way of its own entry: where it may not be entered, every file would be a 404 that nobody
    // can explain. access(2) of the runtime asks for the user's id, which needs --allow-sys.
    await stat(`${root}/.`);
    return root;
  } catch (thrown) {
    throw toNetError(thrown, "serve", path);
  }
}
