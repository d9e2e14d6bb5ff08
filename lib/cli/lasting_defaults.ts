/**
 * `--heartbeat --reconnect --backoff --while-down --on-connect`: defaults of the options of the
 * same names, for every active end of a command. They become options of the addresses in the plan,
 * so that whatever opens an address needs to know of nothing else.
 * @module
 */

import { formatAddress } from "../address/format.ts";
import { switchedOff } from "../address/lasting.ts";
import { canLast } from "../address/lasting_rows.ts";
import type { Address } from "../core/address.ts";
import type { Flags } from "./flag.ts";
import { heartbeatOf } from "./heartbeat_value.ts";
import { lastingFlags } from "./lasting_flags.ts";
import { usage } from "./normalise.ts";

/** Those that mean something only where there is a next connection. */
const ofReconnect: ReadonlySet<string> = new Set(["backoff", "while-down"]);

/** An address with the defaults of the flags, and which options those are. */
export interface Defaulted {
  readonly address: Address;
  readonly fromFlags: ReadonlySet<string>;
}

/** Adds what the flags say and the address does not. An end that cannot last stays as it is. */
export function withDefaults(address: Address, flags: Flags): Defaulted {
  if (!canLast(address)) return { address, fromFlags: new Set() };
  const own = new Map(address.options.map(({ name, value }) => [name, value]));
  const given = lastingFlags
    .filter(({ name }) => !own.has(name) && flags.source(name) === "flag")
    .map(({ name }) => ({ name, value: valueOf(name, flags) }));
  const reconnect = own.has("reconnect")
    ? own.get("reconnect") !== switchedOff
    : given.some(({ name, value }) => name === "reconnect" && value !== switchedOff);
  const added = given.filter(({ name }) => reconnect || !ofReconnect.has(name));
  return {
    address: { ...address, options: [...address.options, ...added] },
    fromFlags: new Set(added.map(({ name }) => name)),
  };
}

function valueOf(name: string, flags: Flags): string | null {
  if (name !== "heartbeat") return flags.text(name) ?? null;
  return heartbeatOf("heartbeat", flags) ?? switchedOff;
}

/**
 * Refuses a flag that no end of the command takes: it would be accepted and do nothing.
 *
 * @param endpoints in the address language, defaults included
 * @throws {NetError} kind "usage"
 */
export function refuseUnused(
  op: string,
  flags: Flags,
  endpoints: readonly Address[],
): void {
  // Ends that listen have heartbeats as well, for each session.
  const isWatched = (name: string) => name === "heartbeat" && endpoints.some((end) => end.passive);
  const idle = lastingFlags.find(({ name }) =>
    flags.source(name) === "flag" && !isWatched(name) &&
    !endpoints.some((end) => canLast(end) && end.options.some((option) => option.name === name))
  );
  if (idle === undefined) return;
  const ends = endpoints.map((end) => formatAddress({ ...end, options: [] })).join(" and ");
  throw endpoints.some(canLast) && ofReconnect.has(idle.name)
    ? usage(op, `--${idle.name} goes with --reconnect`)
    : usage(op, `--${idle.name} is for ends that connect, which ${ends} cannot do again`);
}
