/**
 * A web server without a listener: sessions come from plumb's own accept loop, and node:http, which
 * is given each as a connection, reads and writes the protocol.
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { toNetError } from "../core/error.ts";
import type { SessionOutcome } from "./contract.ts";
import type { DriveOptions } from "./drive.ts";
import { type BrokenBody, HttpConnection } from "./http_connection.ts";
import { HttpError } from "./http_error.ts";
import {
  type FetchHandler,
  hasBody,
  hasFaultyFraming,
  requestOf,
  sendResponse,
} from "./http_fetch.ts";
import { errorType, textResponse } from "./http_text.ts";
import type { SessionInfo } from "./policy.ts";

/** What node's parser says is answered with (`clientError`); anything else is 400. */
const parserStatus: Readonly<Record<string, 413 | 431>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/**
 * On every answer that does not say otherwise: a file is what its type says, and pages load nothing
 * from elsewhere.
 */
const security: Readonly<Record<string, string>> = {
  "Content-Security-Policy": "default-src 'self'",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Serves HTTP/1.1 on sessions that it is handed. */
export class HttpServer {
  readonly #handler: FetchHandler;
  readonly #context: Context;
  readonly #bounds: DriveOptions;
  readonly #server: Server;
  readonly #connections = new Map<unknown, HttpConnection>();
  /** The server's wish to end, once it is known. */
  #draining: AbortSignal | undefined;
  readonly #drain = () => {
    for (const connection of this.#connections.values()) connection.drain();
  };

  /**
   * @param context its limits bound every request
   * @param bounds what the user allows each session
   */
  constructor(handler: FetchHandler, context: Context, bounds: DriveOptions = {}) {
    this.#bounds = bounds;
    this.#handler = handler;
    this.#context = context;
    this.#server = createServer({
      maxHeaderSize: context.limits.header,
      insecureHTTPParser: false,
      requireHostHeader: true,
    });
    // Times are kept here, on the context's clock; node's are for sockets of its own.
    this.#server.headersTimeout = this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = this.#server.timeout = 0;
    // By default node would drop header fields after the 2000th silently, also `Content-Length`.
    this.#server.maxHeadersCount = 0;
    // Deno 2.9 ends a connection after each answer where the server does not listen itself; node
    // does not. Without this there would be no keep-alive.
    Object.defineProperty(this.#server, "listening", { value: true });
    // Not in the declared types: a client that ends its sending still gets its answer.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    this.#server.on("request", (incoming, outgoing) => this.#request(incoming, outgoing, false));
    // The client waits for leave to send its body: a route that refuses it never gives that.
    this.#server.on("checkContinue", (incoming, outgoing) => {
      this.#request(incoming, outgoing, true);
    });
    this.#server.on("connect", (_incoming, socket) => this.#connections.get(socket)?.refuse(405));
    this.#server.on("clientError", (error: Error & { readonly code?: string }, socket) => {
      const { code = "" } = error;
      // Broken connections are told here too; the stream knows of them already.
      if (code.startsWith("HPE_")) this.#connections.get(socket)?.refuse(parserStatus[code] ?? 400);
    });
  }

  /** Serves one session. */
  async serve(session: Duplex, context: Context, info: SessionInfo): Promise<SessionOutcome> {
    this.#follow(info.draining);
    const own = { ...this.#context, log: context.log };
    const connection = new HttpConnection(session, own, this.#bounds);
    info.watch?.(connection.stream);
    this.#connections.set(connection.stream, connection);
    try {
      const over = connection.run();
      // Any duplex stream will do for node:http; the declared type asks for more than it uses.
      this.#server.emit("connection", connection.stream as unknown as Socket);
      return await over;
    } finally {
      this.#connections.delete(connection.stream);
    }
  }

  /** Forgets the server that it belonged to. */
  dispose(): void {
    this.#draining?.removeEventListener("abort", this.#drain);
  }

  /** Listens once for all connections: a signal is slow to forget one of thousands of listeners. */
  #follow(draining: AbortSignal | undefined): void {
    if (draining === undefined || draining === this.#draining) return;
    this.#draining?.removeEventListener("abort", this.#drain);
    this.#draining = draining;
    draining.addEventListener("abort", this.#drain, { once: true });
  }

  #request(incoming: IncomingMessage, outgoing: ServerResponse, expects: boolean): void {
    const connection = this.#connections.get(incoming.socket);
    if (connection === undefined) return void outgoing.destroy();
    incoming.once("end", () => connection.bodyEnded());
    connection.request(hasBody(incoming) ? incoming : null, async (broken) => {
      if (outgoing.destroyed) return;
      const leave = () => {
        if (expects) outgoing.writeContinue();
      };
      const response = await this.#answer(incoming, leave, broken);
      if (outgoing.destroyed) return await response.body?.cancel();
      // The rest of a body that nobody wanted would otherwise be read to its end.
      const isLast = connection.isLast || this.#draining?.aborted === true ||
        hasFaultyFraming(incoming) || (hasBody(incoming) && !incoming.complete);
      const sending = sendResponse(outgoing, response, isLast, connection.over);
      await sending.catch((thrown) => this.#say(thrown));
    });
  }

  async #answer(
    incoming: IncomingMessage,
    beforeBody: () => void,
    broken: Promise<BrokenBody>,
  ): Promise<Response> {
    try {
      const { header } = this.#context.limits;
      const { request, target } = requestOf(incoming, header, beforeBody, broken);
      return secured(await this.#handler(request, target));
    } catch (thrown) {
      return secured(this.#refusal(thrown, incoming.headers.accept));
    }
  }

  #refusal(thrown: unknown, accept: string | undefined): Response {
    if (thrown instanceof HttpError) {
      const { status, message, headers } = thrown;
      return textResponse(errorType(accept), "error", message, status, headers);
    }
    this.#say(thrown);
    return textResponse(errorType(accept), "error", "something failed here", 500);
  }

  #say(thrown: unknown): void {
    const error = toNetError(thrown, "serve");
    this.#context.log.write("error", "http-error", error.message, { error: thrown });
  }
}

function secured(response: Response): Response {
  const { headers } = response;
  for (const [name, value] of Object.entries(security)) {
    if (!headers.has(name)) headers.set(name, value);
  }
  return response;
}
