/**
 * `--heartbeat --reconnect --backoff --while-down --on-connect`: the rows of the flags.
 * @module
 */

import { lastingOptions } from "../address/lasting_rows.ts";
import type { FlagRow } from "./flag.ts";

/**
 * The rows of the flags: those of the options. Only `--reconnect` may stand without a value: one
 * that is optional is given with `=`, and `--heartbeat every=5s` is how everybody writes it.
 */
export const lastingFlags: readonly FlagRow[] = lastingOptions.map(({ side: _, bare, ...row }) =>
  bare !== undefined && row.name === "reconnect" ? { ...row, bare } : row
);
