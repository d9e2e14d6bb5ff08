/**
 * The options of active addresses that are about time, as rows: what help, flags and completions
 * need of them, without any transport.
 * @module
 */

import { defaultHeartbeat, formatHeartbeat, parseHeartbeatOrNone } from "./heartbeat.ts";
import { forEver, parseBackoff, parseReconnect, parseWhileDown } from "./lasting.ts";
import type { Address, Scheme } from "../core/address.ts";
import type { OptionTable } from "../core/option.ts";

/** The options; only the active side reads them. */
export const lastingOptions: OptionTable = [
  {
    name: "heartbeat",
    kind: "text",
    side: "active",
    placeholder: "every=D,misses=N",
    bare: formatHeartbeat(defaultHeartbeat),
    check: parseHeartbeatOrNone,
    help:
      "look for life: a connection whose peer gives no sign of it is ended or, with reconnect, made " +
      "anew (bare: every=5s,misses=3; no: not this end; see: plumb help heartbeat)",
  },
  {
    name: "reconnect",
    kind: "text",
    side: "active",
    placeholder: "N",
    bare: forEver,
    check: parseReconnect,
    help:
      "connect again whenever it cannot or is lost; give up after N failures in a row, counted anew " +
      "after 10s up (bare: never give up; no: not this end); --timeout is for each attempt",
  },
  {
    name: "backoff",
    kind: "text",
    side: "active",
    placeholder: "D..D",
    check: parseBackoff,
    help: "with reconnect: range of the delays between attempts (default 200ms..30s)",
  },
  {
    name: "while-down",
    kind: "text",
    side: "active",
    placeholder: "hold[=SIZE]|drop|fail",
    check: parseWhileDown,
    help: "with reconnect: what becomes of bytes while it is down (default hold=64KiB)",
  },
  {
    name: "on-connect",
    kind: "text",
    side: "active",
    placeholder: "FILE",
    help: "what each connection begins with: the file is read and sent anew each time",
  },
];

/** What has no second connection: the process's own streams and descriptors, and files. */
export const madeOnce: ReadonlySet<Scheme> = new Set(["stdio", "fd", "file"]);

/** True for an active address that can be opened again. */
export function canLast({ scheme, passive }: Pick<Address, "scheme" | "passive">): boolean {
  return !passive && !madeOnce.has(scheme);
}
