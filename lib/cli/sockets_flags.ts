/**
 * Flags of `plumb sockets`: which sockets, and what of them.
 * @module
 */

import type { FlagRow } from "./flag.ts";

/** Every flag that is given must hold. */
export const socketsFlags: readonly FlagRow[] = [
  { name: "listening", kind: "flag", help: "what waits for peers: LISTEN, unconnected UDP" },
  { name: "tcp", kind: "flag", help: "TCP" },
  { name: "udp", kind: "flag", help: "UDP" },
  { name: "unix", kind: "flag", help: "Unix sockets: stream, datagram, SEQPACKET" },
  {
    name: "port",
    kind: "integer",
    placeholder: "N",
    minimum: 1,
    maximum: 65_535,
    help: "with this port at either end",
  },
  { name: "pid", kind: "integer", placeholder: "P", minimum: 1, help: "held by this process" },
  {
    name: "process",
    kind: "text",
    placeholder: "NAME",
    help: "held by a process of this name",
  },
  {
    name: "state",
    kind: "text",
    placeholder: "S",
    repeat: true,
    help: "in this state (estab, time-wait, CLOSE_WAIT ...); may be repeated",
  },
  { name: "names", kind: "flag", help: "hosts and services by name" },
  {
    name: "summary",
    kind: "flag",
    help: "counts by state, what each means, what helps where some pile up",
  },
  { name: "watch", kind: "flag", help: "one connection through its states until it is gone" },
  { name: "info", kind: "flag", help: "queues and TCP_INFO in words" },
  {
    name: "timeout",
    kind: "duration",
    placeholder: "D",
    minimum: 1,
    help: "how long --names may take (default 5s), or --watch waits for a connection",
  },
];
