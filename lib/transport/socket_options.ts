/**
 * Socket options of endpoints: rows for the table of a transport, reading them, setting them.
 * @module
 */

import { ValueError } from "../address/fault.ts";
import { formatDuration, parseDuration } from "../address/units.ts";
import type { Context } from "../core/context.ts";
import type { SocketOptionSetting } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { OptionPhase, OptionRow, Options } from "../core/option.ts";
import { systemInterfaces } from "../sys/interfaces.ts";
import { valueKinds } from "../sys/option_row.ts";
import type { KeepaliveValue, SocketOptionValue } from "../sys/option_value.ts";
import { interfaceIndex } from "../sys/procnet.ts";
import {
  applySocketOption,
  checkSocketOption,
  readSocketOption,
  socketOption,
  SocketOptionError,
} from "../sys/socket_options.ts";

const keepaliveText = { bare: "on", placeholder: "IDLE/INTERVAL/COUNT", check: readKeepalive };

/** Rows of a transport's table for options that the kernel's table has. */
export function socketOptionRows(
  names: readonly string[],
  side?: "active" | "passive",
): readonly OptionRow[] {
  return names.map((name) => {
    const { value, phase, help, minimum = 0, maximum } = socketOption(name);
    return {
      name,
      kind: valueKinds[value],
      phase,
      help,
      minimum,
      ...(maximum === undefined ? {} : { maximum }),
      ...(side === undefined ? {} : { side }),
      ...(value === "keepalive" ? keepaliveText : {}),
      ...(value === "bytes" ? { placeholder: "HEX" } : {}),
    };
  });
}

/** The row `backlog` of a transport. @param usual what it is where it is not given, in words */
export function backlogRow(usual: string): OptionRow {
  return {
    name: "backlog",
    kind: "integer",
    side: "passive",
    phase: "listen",
    minimum: -1,
    maximum: 65_535,
    help:
      `connections that wait to be accepted; -1: the most that the system grants (default ${usual})`,
  };
}

/** Options that were given, with their values. */
export type SocketSettings = ReadonlyArray<{
  readonly name: string;
  readonly value: SocketOptionValue;
  /** What was written in the address, where that is another name of it: what is said names it. */
  readonly written?: string;
}>;

/** The names of settings, as they were written. */
export function writtenNames(settings: SocketSettings): readonly string[] {
  return settings.map(({ name, written = name }) => written);
}

/**
 * Reads those of the named options that were given, and refuses what no kernel would take before
 * anything is opened.
 *
 * @throws {NetError} kind "option" for a value that is out of range or in no whole units, an
 * interface that the machine has not
 */
export function readSocketSettings(options: Options, names: readonly string[]): SocketSettings {
  return names.flatMap((name) => {
    const value = readOne(options, name);
    if (value === undefined) return [];
    checkSocketOption(name, value);
    if (name === "bindtodevice") checkInterface(name, String(value));
    return [{ name, value }];
  });
}

/** @throws {NetError} kind "option" where the machine has no such interface */
export function checkInterface(option: string, name: string): void {
  if (interfaceIndex(name) !== null) return;
  throw new NetError({
    kind: "option",
    op: "option",
    address: `${option}=${name}`,
    message: "no such interface",
    hint: `there are ${systemInterfaces().map((one) => one.name).join(", ")}`,
  });
}

/**
 * Settings as plain values, to travel to whoever accepts; only those of sockets whose value is one
 * word are needed there.
 */
export function plainSettings(settings: SocketSettings): readonly SocketOptionSetting[] {
  return settings.flatMap(({ name, value }) => typeof value === "object" ? [] : [{ name, value }]);
}

/** Those of one or several phases. */
export function settingsOf(settings: SocketSettings, ...phases: OptionPhase[]): SocketSettings {
  return settings.filter(({ name }) => phases.includes(socketOption(name).phase));
}

function readOne(options: Options, name: string): SocketOptionValue | undefined {
  const { value } = socketOption(name);
  if (value === "flag") return options.flag(name);
  if (valueKinds[value] !== "text") return options.number(name);
  const text = options.text(name);
  return value === "keepalive" && text !== undefined ? readKeepalive(text) : text;
}

/**
 * `on`, `off`, or `30s/5s/3`: silence before the first probe, time between probes, probes without
 * an answer until the connection is dead; what is left out stays as the system has it.
 *
 * @throws {ValueError} where it is none of these
 */
export function readKeepalive(text: string): boolean | KeepaliveValue {
  if (text === "on") return true;
  if (text === "off") return false;
  const [idle, interval, count, ...rest] = text.split("/");
  if (text === "" || rest.length > 0 || (count !== undefined && !/^\d{1,3}$/.test(count))) {
    throw new ValueError(text, 0, "no keepalive", "write 30s/5s/3, on or off");
  }
  return {
    ...(idle ? { idleMs: parseDuration(idle) } : {}),
    ...(interval ? { intervalMs: parseDuration(interval) } : {}),
    ...(count === undefined ? {} : { count: Number(count) }),
  };
}

/**
 * Sets options on a descriptor and says what the kernel made of them.
 *
 * @param fd of an open socket; null where it could not be found
 * @param text the endpoint in the address language
 * @throws {NetError} kind "option" where the system refuses one, "unavailable" without FFI
 */
export function applySocketSettings(
  fd: number | null,
  settings: SocketSettings,
  text: string,
  context: Context,
): void {
  for (const { name, value, written = name } of settings) {
    if (fd === null) {
      throw new NetError({
        kind: "unavailable",
        op: "option",
        address: name,
        message: "the socket's descriptor cannot be reached",
        hint: "socket options need --allow-ffi",
      });
    }
    sayTaken(written, applyOne(fd, name, value, text), text, context);
  }
}

/**
 * Says what the system made of an option.
 *
 * @param taken as it was read back; null where that is not known
 * @param text the endpoint in the address language
 */
export function sayTaken(
  name: string,
  taken: SocketOptionValue | null,
  text: string,
  { log }: Pick<Context, "log">,
): void {
  const shown = taken !== null && typeof taken === "object"
    ? formatKeepalive(taken)
    : String(taken);
  log.write("info", "option", `${text}: ${name} is ${shown}`, { name, value: taken });
}

/** As it is written in an address: `30s/5s/3`. */
function formatKeepalive({ idleMs, intervalMs, count }: KeepaliveValue): string {
  const time = (ms: number | undefined) => ms === undefined ? "" : formatDuration(ms);
  return [time(idleMs), time(intervalMs), count ?? ""].join("/").replace(/\/+$/, "");
}

/** Those that were given of options which are flags and set elsewhere, by the runtime's own API. */
export function flagsGiven({ given }: Options, names: readonly string[]): SocketSettings {
  return given.filter(({ name }) => names.includes(name));
}

/**
 * Reads back what was set elsewhere, compares, and says what the kernel has.
 *
 * @param fd null where it could not be found, as without FFI: then nothing can be read
 * @throws {NetError} kind "unavailable" where the kernel has another value
 */
export function confirmSettings(
  fd: number | null,
  settings: SocketSettings,
  text: string,
  context: Context,
): void {
  if (fd === null) return;
  for (const { name, value } of settings) {
    const taken = readSocketOption(fd, name);
    if (taken !== value) {
      const message = `${value} was asked for, and the system has ${taken}`;
      const op = `option ${name}`;
      throw new SocketOptionError({ kind: "unavailable", op, address: text, message });
    }
    sayTaken(name, taken, text, context);
  }
}

function applyOne(fd: number, name: string, value: SocketOptionValue, address: string) {
  try {
    return applySocketOption(fd, name, value);
  } catch (thrown) {
    if (!(thrown instanceof SocketOptionError)) throw thrown;
    const { kind, op, reason: message, code, cause } = thrown;
    throw new SocketOptionError({ kind, op, address, message, ...(code && { code }), cause });
  }
}
