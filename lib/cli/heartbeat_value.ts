/**
 * `--heartbeat` and the `--say` that goes with it -> the text of a heartbeat.
 * @module
 */

import { parseHeartbeatOrNone, sayingPart } from "../address/heartbeat.ts";
import { switchedOff } from "../address/lasting.ts";
import { NetError } from "../core/error.ts";
import { readSayings } from "../wire/peer_facts.ts";
import type { Flags } from "./flag.ts";
import { usage } from "./normalise.ts";

/**
 * The heartbeat that the flags ask for, as one text: it goes into addresses and to other processes.
 *
 * @param isOthersSay true where `--say` is for something else
 * @returns undefined without one, and for `no`
 * @throws {NetError} kind "usage" for `--say` without it, or what cannot be said
 */
export function heartbeatOf(
  op: string,
  flags: Flags,
  isOthersSay = false,
): string | undefined {
  const text = flags.source("heartbeat") === undefined ? undefined : flags.text("heartbeat");
  const said = isOthersSay ? [] : flags.list("say");
  const none = text === undefined || text === switchedOff;
  if (said.length === 0) return none ? undefined : text;
  if (none) throw usage(op, "--say goes with --heartbeat");
  const parts = Object.entries(readSayings(said)).map(([name, value]) => sayingPart(name, value));
  const whole = [text, ...parts].join(",");
  try {
    parseHeartbeatOrNone(whole);
  } catch (thrown) {
    if (!(thrown instanceof NetError)) throw thrown;
    throw usage(op, `--say: ${thrown.reason}`, thrown.hint);
  }
  return whole;
}
