/**
 * `--heartbeat` of commands that listen, and the `--say` that goes with it: the rows of the flags.
 * @module
 */

import { parseHeartbeatOrNone } from "../address/heartbeat.ts";
import type { FlagRow } from "./flag.ts";

/** The flag of commands that listen; those that connect have it from their addresses' options. */
export const heartbeatFlag: FlagRow = {
  name: "heartbeat",
  kind: "text",
  placeholder: "every=D,misses=N",
  check: parseHeartbeatOrNone,
  help: "look for life: end a session whose peer gives no sign of it (see: plumb help heartbeat)",
};

/** What this side says of itself in a heartbeat. */
export const heartbeatSayFlag: FlagRow = {
  name: "say",
  kind: "text",
  placeholder: "KEY=VALUE",
  repeat: true,
  help: "with --heartbeat: say this of itself to the other plumb; may be repeated",
};
