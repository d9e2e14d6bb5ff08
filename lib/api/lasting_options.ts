/**
 * What a connection does over time, as options of active addresses: `?reconnect&backoff=1s..60s`.
 * No transport reads them: they are about the connections that it makes one after the other.
 * @module
 */

import {
  type BackoffRange,
  defaultWhileDown,
  parseBackoff,
  parseReconnect,
  parseWhileDown,
  switchedOff,
  type WhileDown,
} from "../address/lasting.ts";
import { formatAddress } from "../address/format.ts";
import { type HeartbeatSpec, parseHeartbeatOrNone } from "../address/heartbeat.ts";
import { bindOptions } from "../address/options.ts";
import type { Address, Scheme } from "../core/address.ts";
import { AddressError } from "../core/error.ts";
import type { Options, OptionTable } from "../core/option.ts";
import { transports } from "../transport/table.ts";
import { lastingOptions, madeOnce } from "../address/lasting_rows.ts";

/** Schemes whose active addresses take these options. */
export const lastingSchemes: readonly Scheme[] = Object.values(transports)
  .filter(({ scheme, connect }) => connect !== undefined && !madeOnce.has(scheme))
  .map(({ scheme }) => scheme);

export { lastingOptions };

const tables = new Map<Scheme, OptionTable>();

/** Every option of a scheme: those of its transport, and these where it can last. */
export function optionTableOf(scheme: Scheme): OptionTable {
  const known = tables.get(scheme);
  if (known !== undefined) return known;
  const own = transports[scheme]?.options ?? [];
  const table = madeOnce.has(scheme) ? own : [...own, ...lastingOptions];
  tables.set(scheme, table);
  return table;
}

const names: ReadonlySet<string> = new Set(lastingOptions.map(({ name }) => name));

/** How a connection lasts. */
export interface Lasting {
  /** How each connection is watched. */
  readonly heartbeat?: HeartbeatSpec;
  readonly reconnect?: {
    /** Failures in a row that end it; Infinity: none. */
    readonly attempts: number;
    readonly backoff?: BackoffRange;
    readonly whileDown: WhileDown;
  };
  /** Path of what each connection begins with. */
  readonly onConnect?: string;
}

/** An address without these options, and what they say. */
export interface LastingAddress {
  /** What the transport is given. */
  readonly bare: Address;
  readonly lasting: Lasting;
}

/**
 * Takes these options off an address.
 *
 * @returns null where it has none, which costs next to nothing: a relay asks for each session
 * @throws {AddressError} kind "option": on a passive address or one that cannot be opened again, a
 * value that cannot be read, `backoff` or `while-down` without `reconnect`
 */
export function lastingOf(address: Address): LastingAddress | null {
  if (!address.options.some(({ name }) => names.has(name))) return null;
  const options = bindOptions(address, optionTableOf(address.scheme));
  const bare = { ...address, options: address.options.filter(({ name }) => !names.has(name)) };
  const lasting = readLasting(options);
  const alone = ["backoff", "while-down"].find((name) => options.text(name) !== undefined);
  if (alone !== undefined && options.text("reconnect") === undefined) {
    throw withoutReconnect(address, alone);
  }
  return { bare, lasting };
}

/** Reads all of them. */
export function readLasting(options: Options): Lasting {
  const [heartbeat, reconnect, backoff, whileDown, onConnect] = [
    options.text("heartbeat"),
    options.text("reconnect"),
    options.text("backoff"),
    options.text("while-down"),
    options.text("on-connect"),
  ];
  const attempts = reconnect === undefined ? null : parseReconnect(reconnect);
  const again = attempts === null ? undefined : {
    attempts,
    ...(backoff === undefined ? {} : { backoff: parseBackoff(backoff) }),
    whileDown: whileDown === undefined ? defaultWhileDown : parseWhileDown(whileDown),
  };
  const beat = heartbeat === undefined ? null : parseHeartbeatOrNone(heartbeat);
  return {
    ...(beat === null ? {} : { heartbeat: beat }),
    ...(again === undefined ? {} : { reconnect: again }),
    ...(onConnect === undefined ? {} : { onConnect }),
  };
}

function withoutReconnect(address: Address, name: string): AddressError {
  const text = formatAddress(address);
  const hint = `add reconnect, or reconnect=${switchedOff} where that is what you mean`;
  return new AddressError(text, text.indexOf(name), `${name} goes with reconnect`, hint, "option");
}
