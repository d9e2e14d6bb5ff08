/**
 * `plumb ping` in the command table.
 * @module
 */

import type { CommandRow } from "./command.ts";
import { pingFlags } from "./ping_flags.ts";

/** Its row. */
export const pingRow: CommandRow = {
  name: "ping",
  summary: "round trips to an address, their distribution and what got lost",
  details: [
    "--mode connect (the default for streams) times the opening of a connection, which the " +
    "peer's kernel answers; echo (the default for datagrams and processes) wants an echo " +
    "service and compares every byte; pingpong wants another plumb (plumb serve pingpong, or " +
    "--heartbeat mode=pingpong), which also tells its clock and what it says of itself.",
    "A request is sent every --interval, whether or not the one before was answered: an answer " +
    "that is late does not hide how long its successors would have waited. The jitter is the " +
    "mean difference between one round trip and the next.",
    "Exit status 0 where any answer came, 6 where an echo differed, 3 where nothing was " +
    "reached, 4 where a connection was open and nothing came back or it was lost.",
  ],
  positionals: [{ name: "ADDR", kind: "address", summary: "the peer", required: true }],
  flags: pingFlags,
  examples: [
    { line: "plumb ping tcp://db:5432 -c 4", summary: "how long connecting takes" },
    { line: "plumb ping --mode echo :7007 --interval 10ms", summary: "a port that echoes" },
    { line: "plumb ping --mode pingpong tcp://h:7", summary: "both clocks, and what h says" },
  ],
  logs: true,
  load: () => import("./commands/ping.ts"),
};
