/**
 * The groups of flags that commands share.
 * @module
 */

import type { FlagRow } from "./flag.ts";

/** Flags that every command takes. */
export const sharedFlags: readonly FlagRow[] = [
  {
    name: "silent",
    short: "q",
    kind: "flag",
    help: "hide where it listens and why sessions end; never hides errors",
  },
  {
    name: "verbose",
    short: "v",
    kind: "flag",
    repeat: true,
    help: "say why things happen; twice (-vv): everything, with stack traces",
  },
  {
    name: "json",
    kind: "flag",
    help: "NDJSON: reports on standard output, events and errors on standard error",
  },
  {
    name: "log",
    kind: "text",
    placeholder: "FILE",
    help: "append what is said to FILE too, reasons included, whatever --silent says",
  },
  {
    name: "log-format",
    kind: "choice",
    choices: ["text", "json"],
    help: "how events are written, on standard error and in FILE (default: text; json with --json)",
  },
  {
    name: "color",
    kind: "choice",
    choices: ["auto", "always", "never"],
    standard: "auto",
    help: "colour on standard error (default auto: on a terminal, unless NO_COLOR is set)",
  },
  { name: "plan", kind: "flag", help: "print what would be done and open nothing" },
  {
    name: "limit",
    kind: "text",
    repeat: true,
    placeholder: "NAME=VALUE",
    help: "change a bound; may be repeated (see: plumb help limits)",
  },
  {
    name: "timeout",
    kind: "duration",
    placeholder: "D",
    minimum: 1,
    help: "time for resolving, all attempts and handshakes; never limits a session's life",
  },
  { name: "help", short: "h", kind: "flag", help: "show the help of the command" },
  { name: "version", kind: "flag", help: "show the version" },
];

/** Flags of the commands that join two ends: connect, listen, relay. */
export const sessionFlags: readonly FlagRow[] = [
  {
    name: "idle",
    kind: "duration",
    placeholder: "D",
    minimum: 1,
    help: "end a session when nothing moved for D",
  },
  {
    name: "lifetime",
    kind: "duration",
    placeholder: "D",
    minimum: 1,
    help: "end a session when it is D old",
  },
  {
    name: "eof-timeout",
    kind: "duration",
    placeholder: "D",
    help: "how long the other direction may go on after one has ended (default: without end)",
  },
  {
    name: "until-quiet",
    kind: "duration",
    placeholder: "D",
    help: "end D after the later of the end of input and the last byte",
  },
  {
    name: "replies",
    kind: "integer",
    placeholder: "N",
    minimum: 0,
    help: "end after N messages from the peer; fewer is exit status 4",
  },
  {
    name: "rate-limit",
    kind: "rate",
    placeholder: "R",
    minimum: 1,
    help: "at most R each way: 10MiB/s, 10Mbit/s",
  },
  { name: "hexdump", short: "x", kind: "flag", help: "show what passes on standard error" },
  {
    name: "record",
    kind: "text",
    placeholder: "PREFIX",
    help: "write what passes to PREFIX.a-b and PREFIX.b-a",
  },
  {
    name: "one-way",
    kind: "choice",
    choices: ["a-to-b", "b-to-a"],
    help: "carry one direction only",
  },
  {
    name: "buffer",
    kind: "choice",
    choices: ["none", "line", "block"],
    standard: "none",
    help: "when to write what was read (default none: at once)",
  },
  {
    name: "tally-every",
    kind: "duration",
    placeholder: "D",
    minimum: 1,
    help: "say every D how much has passed",
  },
];

/**
 * Those of them that a service has a use for. The others are about a second end and what it still
 * has to say; a service is none, and a flag that nothing reads must not be taken.
 */
export const serviceSessionFlags: readonly FlagRow[] = sessionFlags.filter(({ name }) =>
  ["idle", "lifetime", "rate-limit", "hexdump", "record", "tally-every"].includes(name)
);

/** How streams and datagrams are joined; commands with an end of each kind take it. */
export const frameFlag: FlagRow = {
  name: "frame",
  kind: "choice",
  choices: ["chunk", "line", "length"],
  standard: "chunk",
  help: "how a stream is cut into datagrams (default chunk: one read, one datagram)",
};

/** How long a server waits for its sessions when it is told to stop. */
export const drainFlag: FlagRow = {
  name: "drain",
  kind: "duration",
  placeholder: "D",
  standard: 10_000,
  help: "how long sessions may go on after SIGINT or SIGTERM (default 10s)",
};

/** Exposure of what acts on this machine (rule 10 of the contract). */
export const publicFlag: FlagRow = {
  name: "public",
  kind: "flag",
  help: "allow what acts on this machine to be reached from other machines",
};

/** Exit status of a child, for one-session commands with an `exec:` or `sh:` end. */
export const childStatusFlag: FlagRow = {
  name: "child-status",
  kind: "flag",
  help: "exit with the status of the child of exec: or sh:",
};

/** The shared `--timeout` with the default of commands that connect: 30 s. */
export const connectTimeoutFlag: FlagRow = {
  name: "timeout",
  kind: "duration",
  placeholder: "D",
  minimum: 1,
  standard: 30_000,
  help: "time for resolving, all attempts and handshakes (default 30s)",
};

/** The exit status says whether what was sent has arrived. */
export const confirmFlag: FlagRow = {
  name: "confirm",
  kind: "duration",
  placeholder: "D",
  bare: "30s",
  minimum: 1,
  help:
    "exit 0 only once all that was sent is acknowledged (tcp: by the peer's kernel, unix: read), " +
    "else 4; waits D at the end (default 30s)",
};
