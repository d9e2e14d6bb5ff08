/**
 * The flags of `plumb link`: those of both sides, of the client, of the server.
 * @module
 */

import { forEver, parseBackoff, parseReconnect } from "../address/lasting.ts";
import type { FlagRow } from "./flag.ts";
import { connectTimeoutFlag, drainFlag, publicFlag, sessionFlags } from "./flags.ts";
import { serverFlags } from "./server_flags.ts";

const bothFlags: readonly FlagRow[] = [
  {
    name: "key-file",
    kind: "text",
    placeholder: "FILE",
    help: "the key that both sides share, 32 bytes that nobody else may read",
  },
  {
    name: "no-seal",
    kind: "flag",
    help: "seal nothing: on loopback, Unix sockets and exec alone; a key still says who may come",
  },
  {
    name: "heartbeat",
    kind: "text",
    placeholder: "every=D,misses=N",
    help: "when a silent carrier is dead (default every=5s,misses=3; also grace=D)",
  },
  publicFlag,
];

/** Flags that only a client reads. */
export const linkClientFlags: readonly FlagRow[] = [
  {
    name: "forward",
    kind: "text",
    placeholder: "LISTEN=TARGET",
    repeat: true,
    help: "listen here, and have the server connect to TARGET for each connection; may be repeated",
  },
  {
    name: "reverse",
    kind: "text",
    placeholder: "LISTEN=TARGET",
    repeat: true,
    help: "have the server listen, and connect to TARGET from here; may be repeated",
  },
  {
    name: "identity",
    kind: "text",
    placeholder: "NAME",
    help:
      "who this client is: the newest of a name takes over (default: from host, user and what " +
      "is asked for)",
  },
  {
    name: "backoff",
    kind: "text",
    placeholder: "D..D",
    check: parseBackoff,
    help: "range of the delays between attempts to get through (default 200ms..30s)",
  },
  {
    name: "reconnect",
    kind: "text",
    placeholder: "N",
    bare: forEver,
    check: parseReconnect,
    help: "give up after N failed attempts in a row (default: never)",
  },
  connectTimeoutFlag,
];

/** Those of accepting that say nothing to a link: it has no datagrams, and answers in its own way. */
const senseless: ReadonlySet<string> = new Set(["rate-per-peer", "busy-message", "first-byte"]);

/** Flags that only a server reads. */
export const linkServerFlags: readonly FlagRow[] = [
  {
    name: "permit",
    kind: "text",
    placeholder: "ADDR",
    repeat: true,
    help: "what clients may have opened: tcp://db:5432, tcp://db:*, listen:tcp://:8080; may be " +
      "repeated (default: nothing)",
  },
  {
    name: "retain",
    kind: "duration",
    placeholder: "D",
    minimum: 1,
    help: "how long a session waits for a client whose carrier was lost (default 5m)",
  },
  ...serverFlags.filter(({ name }) => !senseless.has(name)),
];

/** All of them. */
export const linkFlags: readonly FlagRow[] = [
  ...bothFlags,
  ...linkClientFlags,
  ...linkServerFlags,
  drainFlag,
  ...sessionFlags.filter(({ name }) => name === "tally-every"),
];
