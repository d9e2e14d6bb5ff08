/**
 * Request and answer of node:http <-> Request and Response of the web, which routes are written in.
 * Bodies stream both ways, and no faster than they are taken.
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { onAbort } from "../core/abort.ts";
import type { BrokenBody } from "./http_connection.ts";
import { HttpError } from "./http_error.ts";
import { readTarget, type RequestTarget } from "./http_target.ts";

/** What answers requests. It must not throw. */
export type FetchHandler = (request: Request, target: RequestTarget) => Promise<Response>;

/** What is sent whole: asking for a body as a stream costs more than all the rest of an answer. */
const smallAnswer = 16 * 1024;

const brokenBody: Readonly<Record<BrokenBody, string>> = {
  400: "the body cannot be read",
  408: "the body took too long (limit body-time)",
};

/** Methods that no Request can have (Fetch standard: forbidden), and no route here. */
const forbidden: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** What is answered; the parser lets 0.9 and 2.0 pass as well. */
const versions: ReadonlySet<string> = new Set(["1.0", "1.1"]);

/** A name, an IPv4 address or one in brackets, and a port (RFC 3986 section 3.2.2); or nothing. */
const hostForm = /^(?:(?:[\w.~!$&'()*+,;=%-]*|\[[0-9A-Fa-fv:.]+\])(?::\d*)?)$/;

/**
 * Makes the request.
 *
 * @param headerLimit most bytes of all header fields together
 * @param beforeBody called before the first byte of the body is wanted
 * @param broken resolves with a status where the rest of the body will not come
 * @throws {HttpError} for what has no meaning: 400, 405, 431, 501, 505
 */
export function requestOf(
  incoming: IncomingMessage,
  headerLimit: number,
  beforeBody: () => void,
  broken: Promise<BrokenBody>,
): { readonly request: Request; readonly target: RequestTarget } {
  const { method = "", url = "" } = incoming;
  if (forbidden.has(method)) {
    throw new HttpError(405, "method not allowed", { "Allow": "GET, HEAD" });
  }
  if (!versions.has(incoming.httpVersion)) throw new HttpError(505, "send HTTP/1.1 or 1.0");
  if (hasFaultyFraming(incoming)) throw new HttpError(400, "HTTP/1.0 has no Transfer-Encoding");
  const coding = incoming.headers["transfer-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "chunked") throw codingError(coding);
  const target = readTarget(url);
  if (target === null) throw new HttpError(400, "a malformed request target");
  const headers = headersOf(incoming.rawHeaders, headerLimit);
  const body = hasBody(incoming) && method !== "GET" && method !== "HEAD"
    ? bodyOf(incoming, beforeBody, broken)
    : null;
  // The origin is of no meaning: which host was asked for is in the headers.
  const request = new Request(`http://localhost${target.path}${target.query}`, {
    method,
    headers,
    body,
  });
  return { request, target };
}

/**
 * True where who passed the request on may have seen another end of it: HTTP/1.0 has no
 * Transfer-Encoding, and the connection has to end with the answer (RFC 9112 section 6.1).
 */
export function hasFaultyFraming({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === "1.0" && headers["transfer-encoding"] !== undefined;
}

/** True where a body follows the head (RFC 9112 section 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/**
 * Nothing here decompresses, and what is not understood must not be taken for the content (RFC 9112
 * section 6.1). Where the end of the body cannot be told it is 400 (section 6.3).
 */
function codingError(coding: string): HttpError {
  const status = /,[ \t]*chunked$/i.test(coding) ? 501 : 400;
  return new HttpError(status, "the only Transfer-Encoding is chunked");
}

function headersOf(raw: readonly string[], limit: number): Headers {
  const headers = new Headers();
  let size = 0;
  let hosts = 0;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = "", value = ""] = raw.slice(at, at + 2);
    size += name.length + value.length + 4; // ": " and CRLF
    if (name.toLowerCase() === "host") {
      hosts++;
      // RFC 9112 section 3.2: a server must answer 400.
      if (!hostForm.test(value)) throw new HttpError(400, "a malformed Host");
    }
    headers.append(name, value);
  }
  if (size > limit) throw new HttpError(431, `more than ${limit} bytes of headers (limit header)`);
  // Two hosts: two servers behind one proxy could each believe another (RFC 9112 section 3.2).
  if (hosts > 1) throw new HttpError(400, "more than one Host");
  return headers;
}

/**
 * The iterator is never told to return: that would destroy the connection, with it the answer that
 * says why the rest of the body is not wanted.
 */
function bodyOf(
  incoming: IncomingMessage,
  beforeBody: () => void,
  broken: Promise<BrokenBody>,
): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (chunks === undefined) beforeBody();
      chunks ??= incoming[Symbol.asyncIterator]();
      let next: IteratorResult<Uint8Array> | BrokenBody;
      try {
        next = await Promise.race([chunks.next(), broken]);
      } catch {
        throw new HttpError(400, "the body broke off"); // whatever broke it: nobody reads the answer
      }
      if (typeof next === "number") throw new HttpError(next, brokenBody[next]);
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  }, { highWaterMark: 0 });
}

/**
 * Sends the answer; resolves when it is handed on, or the client has gone.
 *
 * @param isLast the connection ends after it
 * @param over aborts when nothing can be sent any more
 * @throws what the body throws; the connection is cut then
 */
export async function sendResponse(
  outgoing: ServerResponse,
  response: Response,
  isLast: boolean,
  over: AbortSignal,
): Promise<void> {
  const { headers, status } = response;
  if (isLast) outgoing.setHeader("Connection", "close");
  for (const [name, value] of headers) outgoing.appendHeader(name, value);
  outgoing.writeHead(status);
  // Listened for from the start: an answer is closed once.
  const closed = whenTold(outgoing, ["close"], over);
  if (Number(headers.get("Content-Length") ?? Infinity) <= smallAnswer) {
    outgoing.end(await wholeBody(outgoing, response));
  } else {
    if (response.body !== null) await sendBody(outgoing, response.body, over);
    outgoing.end();
  }
  await closed;
}

async function wholeBody(outgoing: ServerResponse, response: Response): Promise<Uint8Array> {
  try {
    return await response.bytes();
  } catch (thrown) {
    outgoing.destroy();
    throw thrown;
  }
}

async function sendBody(
  outgoing: ServerResponse,
  body: ReadableStream<Uint8Array>,
  over: AbortSignal,
): Promise<void> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (outgoing.destroyed) return await reader.cancel();
      if (!outgoing.write(value)) await whenTold(outgoing, ["drain", "close"], over);
    }
  } catch (thrown) {
    outgoing.destroy();
    throw thrown;
  }
}

/**
 * Waits for one of some events, or the end of the connection: an answer that never got its turn is
 * never closed. Not a race of promises: that of the connection lives as long as it is kept, and
 * would keep something of every answer.
 */
function whenTold(
  outgoing: ServerResponse,
  events: readonly ("close" | "drain")[],
  over: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    let forget = () => {};
    const told = () => {
      for (const event of events) outgoing.off(event, told);
      forget();
      resolve();
    };
    for (const event of events) outgoing.on(event, told);
    forget = onAbort(over, told);
  });
}
