/**
 * The routes of `/api`: the business part of the course's web server, each a function of text.
 * @module
 */

import { concatenate } from "../core/bytes.ts";
import { Hono } from "hono";
import type { Clock } from "../core/clock.ts";
import type { Limits } from "../core/limits.ts";
import { HttpError } from "./http_error.ts";
import { answerType, bodyType, readText, textResponse, textTypeOf } from "./http_text.ts";

/** What a service of text is: it is given what was sent, and gives what is answered. */
type TextFunction = (text: string) => string;

/** The services that are sent a text. */
const functions: Readonly<Record<string, TextFunction>> = {
  upper: (text) => text.toUpperCase(),
  echo: (text) => text,
};

/** Makes the routes. @param limits `body` bounds what a request may hold */
export function apiRoutes(clock: Clock, limits: Limits): Hono {
  const routes = new Hono();
  for (const [name, answer] of Object.entries(functions)) {
    routes.post(`/${name}`, async ({ req: { raw } }) => {
      const contentType = raw.headers.get("content-type") ?? undefined;
      // Before the body: who takes no answer, or sends what is not read, need not send it.
      const type = answerType(accepts(raw), textTypeOf(contentType));
      const sent = bodyType(contentType);
      const text = readText(sent, await readBody(raw, limits.body));
      return textResponse(type, "text", answer(text));
    });
    routes.all(`/${name}`, () => refuseMethod("POST"));
  }
  routes.get("/time", ({ req: { raw } }) => {
    const now = new Date(clock.wall()).toISOString();
    return textResponse(answerType(accepts(raw), null), "text", now);
  });
  routes.all("/time", () => refuseMethod("GET, HEAD"));
  routes.all("/*", () => {
    throw new HttpError(404, "no such service");
  });
  return routes;
}

function accepts(request: Request): string | undefined {
  return request.headers.get("accept") ?? undefined;
}

function refuseMethod(allowed: string): never {
  throw new HttpError(405, `the method must be one of ${allowed}`, { "Allow": allowed });
}

/**
 * Reads a body whole.
 *
 * @throws {HttpError} 413 over the limit: at once where the length is announced, 415 where encoded
 */
async function readBody(request: Request, maximum: number): Promise<Uint8Array> {
  // Nothing here decompresses: a small body would become a large one.
  if ((request.headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity") {
    throw new HttpError(415, "send the body without encoding", { "Accept-Encoding": "identity" });
  }
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > maximum) throw tooLarge(maximum);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > maximum) throw tooLarge(maximum);
    chunks.push(chunk);
  }
  return concatenate(chunks);
}

function tooLarge(maximum: number): HttpError {
  return new HttpError(413, `more than ${maximum} bytes (limit body)`);
}
