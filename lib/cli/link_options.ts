/**
 * Flags of `plumb link` that both sides read -> options.
 * @module
 */

import { parseHeartbeat } from "../address/heartbeat.ts";
import type { LinkSecurityOptions } from "../api/link_carrier.ts";
import type { LinkHeartbeat } from "../link/session_options.ts";
import { readKeyFile } from "../sys/key_file.ts";
import type { Flags } from "./flag.ts";
import { usage } from "./normalise.ts";

/**
 * Reads `--heartbeat`: the part of its grammar that a link has a use for. It beats in frames of its
 * own, and always knows the round trip.
 *
 * @returns undefined where it was not given
 * @throws {NetError} kind "usage"
 */
export function linkHeartbeatOf(flags: Flags): LinkHeartbeat | undefined {
  const text = flags.text("heartbeat");
  if (text === undefined) return undefined;
  const other = /(?:^|,)(?!(?:every|misses|grace)=)([a-z]+)=/.exec(text)?.[1];
  if (other !== undefined) {
    throw usage("link", `--heartbeat: ${other} is not for a link`, "it takes every, misses, grace");
  }
  const { everyMs, misses, graceMs } = parseHeartbeat(text);
  return { everyMs, misses, graceMs };
}

/**
 * Reads the key.
 *
 * @throws {NetError} kind "permission" where others can read the file, and others
 */
export function linkSecurityOf(flags: Flags): LinkSecurityOptions {
  const path = flags.text("key-file");
  return {
    ...(path === undefined ? {} : { key: readKeyFile(path) }),
    seal: flags.flag("no-seal") !== true,
  };
}
