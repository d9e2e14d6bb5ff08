/**
 * The flags of commands that serve many: who is let in, how a server starts anew, who watches it.
 * @module
 */

import type { FlagRow } from "./flag.ts";

/** Flags of `serve` and of `relay` with a passive end. */
export const serverFlags: readonly FlagRow[] = [
  {
    name: "max-connections",
    kind: "integer",
    placeholder: "N",
    minimum: 1,
    help: "connections at a time (default 10000, or what the descriptor limit allows)",
  },
  {
    name: "max-per-peer",
    kind: "integer",
    placeholder: "N",
    minimum: 1,
    help: "connections of one address at a time (default 1000)",
  },
  {
    name: "when-full",
    kind: "choice",
    choices: ["wait", "reset"],
    standard: "wait",
    help: "at --max-connections: others wait in the backlog, or are reset (default wait)",
  },
  {
    name: "busy-message",
    kind: "text",
    placeholder: "TEXT",
    help: "send TEXT to whoever finds no place, and close",
  },
  {
    name: "allow",
    kind: "text",
    placeholder: "LIST",
    repeat: true,
    help: "let in these alone: 10.0.0.0/8,::1,@FILE; may be repeated; SIGHUP reads files again",
  },
  {
    name: "deny",
    kind: "text",
    placeholder: "LIST",
    repeat: true,
    help: "keep these out, whatever --allow says; as --allow",
  },
  {
    name: "accept-rate",
    kind: "text",
    placeholder: "N/s",
    help: "let in at most N connections a second (or 600/m); the others wait in the backlog",
  },
  {
    name: "rate-per-peer",
    kind: "text",
    placeholder: "N/s",
    help: "take at most N datagrams a second of one host (or 600/m); the others are dropped",
  },
  {
    name: "first-byte",
    kind: "duration",
    placeholder: "D",
    minimum: 1,
    help: "end a session whose peer has sent nothing after D",
  },
  {
    name: "stats",
    kind: "text",
    placeholder: "ADDR",
    help: "tell of this server over HTTP: /metrics (Prometheus), /healthz, / (live tally as JSON)",
  },
  {
    name: "takeover",
    kind: "text",
    placeholder: "PATH",
    help: "take the listeners over from the server at the Unix socket PATH, and wait there for " +
      "the next one: a restart that refuses nobody",
  },
  {
    name: "pid-file",
    kind: "text",
    placeholder: "PATH",
    help: "write the process id to PATH while it runs; refused while a live server's is there",
  },
];
