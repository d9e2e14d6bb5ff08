/**
 * The flags of `plumb ping`, and the one that it shares with what it pings.
 * @module
 */

import type { FlagRow } from "./flag.ts";

/** What a ping-pong peer says of itself besides what plumb knows. */
export const sayFlag: FlagRow = {
  name: "say",
  kind: "text",
  placeholder: "KEY=VALUE",
  repeat: true,
  help: "pingpong: say this of itself to the other side; may be repeated, 16 times at most",
};

/** Flags that only it reads. */
export const pingFlags: readonly FlagRow[] = [
  {
    name: "mode",
    kind: "choice",
    choices: ["connect", "echo", "pingpong"],
    help: "what to measure (default connect; echo for datagrams and processes)",
  },
  {
    name: "count",
    short: "c",
    kind: "integer",
    placeholder: "N",
    minimum: 1,
    maximum: 4_294_967_295,
    help: "end after N requests (default: without end)",
  },
  {
    name: "interval",
    kind: "duration",
    placeholder: "D",
    minimum: 1,
    help: "time from one request to the next (default 1s)",
  },
  {
    name: "timeout",
    kind: "duration",
    placeholder: "D",
    minimum: 1,
    help: "when a request counts as lost, and opening as failed (default 5s)",
  },
  {
    name: "size",
    kind: "size",
    placeholder: "BYTES",
    minimum: 1,
    maximum: 65_507,
    help: "echo: bytes of each request (default 56B)",
  },
  sayFlag,
];
