/**
 * The flags of `plumb serve announce`.
 * @module
 */

import type { FlagRow } from "./flag.ts";

/** The name of the service. */
export const announceName = "announce";

/** Flags that only it reads. */
export const announceFlags: readonly FlagRow[] = [
  {
    name: "every",
    kind: "duration",
    placeholder: "D",
    minimum: 1,
    help: "announce: time between two messages (default 1s)",
  },
  {
    name: "text",
    kind: "text",
    placeholder: "TEXT",
    help: "announce: the message, with {host} {pid} {seq} {time} (default host={host} n={seq})",
  },
  {
    name: "count",
    kind: "integer",
    placeholder: "N",
    minimum: 1,
    help: "announce: end after N messages to each address (default: without end)",
  },
];
