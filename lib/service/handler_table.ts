/**
 * Every handler service. Adding one is a file and a row here; the file itself is loaded when the
 * service is opened, so that `serve echo` does not pay for the packages of `serve http`.
 * @module
 */

import type { HandlerService } from "./handler.ts";

const http: HandlerService = {
  name: "http",
  summary: "a small web server: files of a folder, and /api/upper, /api/echo, /api/time",
  rfc: "RFC 9110",
  port: 80,
  stream: true,
  datagram: false,
  options: [],
  actsOnMachine: false,
  descriptorsPerSession: 2, // and the file that is sent
  subject: {
    name: "DIR",
    summary: "http: the folder whose files are served; without it, none",
    required: false,
    matches: (word) => /^[./]/.test(word) || !word.includes(":"),
  },
  open: async (setup) => (await import("./http.ts")).openHttp(setup),
};

/** The handler services by the name that `plumb serve` takes; without a prototype. */
export const handlerServices: Readonly<Record<string, HandlerService>> = Object.freeze(
  Object.assign(Object.create(null), { http }),
);
