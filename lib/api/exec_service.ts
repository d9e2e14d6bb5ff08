/**
 * `serve exec`: each session is the standard input and output of a process of its own.
 * @module
 */

import type { HandlerService } from "../service/handler.ts";

/** A process for each session: what inetd does (inetd(8), "nowait"). */
export const execService: HandlerService = {
  name: "exec",
  summary: "a process for each session: its standard input and output are the connection",
  rfc: null,
  port: null,
  stream: true,
  datagram: false,
  options: [],
  actsOnMachine: true,
  descriptorsPerSession: 5, // and three pipes, and the process's own
  subject: {
    name: "CMD",
    summary: "exec: the command with its arguments, as one word",
    required: true,
    matches: () => true,
  },
  // Transports are loaded only here: processes that serve something else start without them.
  open: async (setup) => (await import("./exec_sessions.ts")).openExec(setup),
};
