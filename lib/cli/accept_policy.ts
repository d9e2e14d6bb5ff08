/**
 * Flags of a server -> AcceptPolicy.
 * @module
 */

import { quote } from "../core/error.ts";
import type { AcceptPolicy, WhenFull } from "../service/policy.ts";
import type { Flags } from "./flag.ts";
import { usage } from "./normalise.ts";

/**
 * Reads what is said of accepting, without the access list: that one has files (access.ts).
 *
 * @param op the command, for the error line
 * @throws {NetError} kind "usage"
 */
export function acceptPolicyOf(flags: Flags, op: string): AcceptPolicy {
  // Not every server has all of them: a link has no datagrams, and no words for who is turned away.
  const textOf = (name: string) => flags.has(name) ? flags.text(name) : undefined;
  const rateOf = (name: string, what: string) => {
    const text = textOf(name);
    return text === undefined ? undefined : readRate(text, op, name, what);
  };
  const given = {
    maximumSessions: flags.number("max-connections"),
    maximumPerPeer: flags.number("max-per-peer"),
    whenFull: flags.text("when-full") as WhenFull | undefined,
    busyMessage: textOf("busy-message"),
    acceptRate: rateOf("accept-rate", "connections"),
    ratePerPeer: rateOf("rate-per-peer", "datagrams"),
    firstByteMs: flags.has("first-byte") ? flags.number("first-byte") : undefined,
    drainMs: flags.number("drain"),
  };
  if (given.busyMessage !== undefined && flags.source("when-full") === "flag") {
    throw usage(op, "--busy-message and --when-full exclude each other");
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

const perSecond: Readonly<Record<string, number>> = { s: 1, m: 1 / 60, h: 1 / 3600 };

/** Reads `100/s`, `600/m`, `1000/h`. @returns how many a second @throws {NetError} kind "usage" */
function readRate(text: string, op: string, flag: string, what: string): number {
  const [, count = "", unit = ""] = /^([1-9]\d{0,8})\/([smh])$/.exec(text) ?? [];
  const factor = perSecond[unit];
  if (factor !== undefined) return Number(count) * factor;
  const hint = /^[1-9]\d*$/.test(text) ? `write ${text}/s` : "write 100/s, 600/m or 1000/h";
  throw usage(op, `--${flag}: ${quote(text)} is no rate of ${what}`, hint);
}
