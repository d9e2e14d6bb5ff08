/**
 * `--heartbeat --reconnect --backoff --while-down --on-connect`: the rows of the flags.
 * @module
 */

import { lastingOptions } from "../address/lasting_rows.ts";
import type { FlagRow } from "./flag.ts";

/** No word of a bare one: as a flag it never stands without its value. */
const heartbeatHelp =
  "look for life: a connection whose peer gives no sign of it is ended or, with reconnect, made " +
  "anew (no: not looked for; see: plumb help heartbeat)";

/**
 * The rows of the flags: those of the options. Only `--reconnect` may stand without a value: one
 * that is optional is given with `=`, and `--heartbeat every=5s` is how everybody writes it.
 */
export const lastingFlags: readonly FlagRow[] = lastingOptions.map(({ side: _, bare, ...row }) => {
  if (row.name === "heartbeat") return { ...row, help: heartbeatHelp };
  return bare !== undefined && row.name === "reconnect" ? { ...row, bare } : row;
});
