/**
 * Setting and reading socket options by the names that addresses use for them.
 * @module
 */

import { NetError } from "../core/error.ts";
import { AF_INET, AF_INET6, SO_DOMAIN, SOL_SOCKET } from "./constants.ts";
import { getIntegerOption, getOption, setOption } from "./option.ts";
import type { OptionPlace } from "./option_row.ts";
import { type SocketOption, socketOptionTable } from "./option_table.ts";
import {
  decodeOption,
  encodeOption,
  type KeepaliveValue,
  type OptionEncoding,
  type SocketOptionValue,
} from "./option_value.ts";

const rows: ReadonlyMap<string, SocketOption> = new Map(
  socketOptionTable.map((row) => [row.name, row]),
);

/** The row of an option. @throws {NetError} kind "option" for a name that there is not */
export function socketOption(name: string): SocketOption {
  const row = rows.get(name);
  if (row === undefined) throw refusal(name, "no such socket option");
  return row;
}

/**
 * Sets an option and reads back what the kernel took: it may round, cap or double what was given
 * (socket(7) on SO_RCVBUF), and that is what people should see.
 *
 * @param value durations in milliseconds, sizes in bytes
 * @returns the value in force now
 * @throws {NetError} kind "option" where the value is of the wrong type or out of range,
 * "unavailable" where the kernel refuses it or without FFI permission, "permission" where a
 * privilege is missing
 */
export function applySocketOption(
  fd: number,
  name: string,
  value: SocketOptionValue,
): SocketOptionValue {
  const row = socketOption(name);
  checkSocketOption(name, value);
  const plain = row.value === "keepalive" ? applyKeepalive(fd, value) : value;
  const bytes = encodeOption(row.value, plain);
  if (typeof bytes === "string") throw refusal(name, bytes);
  for (const place of placesOf(fd, row)) {
    attempt(name, () => setOption(fd, place.level, place.number, bytes));
  }
  return readSocketOption(fd, name);
}

/**
 * Looks at a value without a socket: its type, and the range that every kernel keeps.
 *
 * @throws {NetError} kind "option"
 */
export function checkSocketOption(name: string, value: SocketOptionValue): void {
  const row = socketOption(name);
  if (row.access === "read") throw refusal(name, "can only be read");
  if (typeof value === "object") {
    for (const [part, of] of keepaliveParts) {
      if (value[part] !== undefined) checkSocketOption(of, value[part]);
    }
    if (row.value === "keepalive") return;
  }
  const bytes = encodeOption(row.value, value);
  if (typeof bytes === "string") throw refusal(name, bytes);
  if (typeof value !== "number") return;
  const { minimum = 0, maximum = Infinity } = row;
  const unit = durations.has(row.value) ? " ms" : "";
  if (value < minimum) throw refusal(name, `is at least ${minimum}${unit}`);
  if (value > maximum) throw refusal(name, `is at most ${maximum}${unit}`);
}

const durations: ReadonlySet<OptionEncoding> = new Set<OptionEncoding>([
  "seconds",
  "milliseconds",
  "microseconds",
  "timeval",
  "linger",
]);

/** Reads an option. @throws {NetError} as `applySocketOption` */
export function readSocketOption(fd: number, name: string): SocketOptionValue {
  const row = socketOption(name);
  const [place] = placesOf(fd, row);
  const value = readOptionAt(fd, name, place, place.value ?? row.value);
  return row.value === "keepalive" && value === true ? readKeepalive(fd) : value;
}

/**
 * Reads the option of a row at one of its places: a dual-stack socket has two values.
 *
 * @throws {NetError} as `applySocketOption`
 */
export function readOptionAt(
  fd: number,
  name: string,
  place: OptionPlace,
  encoding: OptionEncoding,
): SocketOptionValue {
  const bytes = attempt(name, () => getOption(fd, place.level, place.number, longestValue));
  return decodeOption(encoding, bytes);
}

/** Names have at most 16 bytes, options of the IPv4 header 40; TCP_INFO is longer and grows. */
const longestValue = 512;

/** The three options behind `keepalive=30s/5s/3`: set before it is switched on, or its timer runs. */
const keepaliveParts = [
  ["idleMs", "keepidle"],
  ["intervalMs", "keepintvl"],
  ["count", "keepcnt"],
] as const;

/** Sets the parts that are given. @returns whether keepalive itself is on */
function applyKeepalive(fd: number, value: SocketOptionValue): SocketOptionValue {
  if (typeof value !== "object") return value;
  for (const [part, name] of keepaliveParts) {
    const given = value[part];
    if (given !== undefined) applySocketOption(fd, name, given);
  }
  return true;
}

function readKeepalive(fd: number): KeepaliveValue {
  return Object.fromEntries(
    keepaliveParts.map(([part, name]) => [part, readSocketOption(fd, name)]),
  );
}

/** A place, with its own encoding where it has one. */
interface Place extends OptionPlace {
  readonly value?: OptionEncoding;
}

/**
 * Where a socket has an option. An IPv6 socket has both places, as a dual-stack one sends IPv4
 * packets too, whose header is made from the IPv4 option.
 */
function placesOf(fd: number, row: SocketOption): readonly [Place, ...Place[]] {
  if (row.ip6 === undefined) return [row.at];
  const family = attempt(row.name, () => getIntegerOption(fd, SOL_SOCKET, SO_DOMAIN));
  const { value } = row.ip6;
  const six = value === undefined ? row.ip6.at : { ...row.ip6.at, value };
  if (family === AF_INET6) return [six, row.at];
  if (family === AF_INET) return [row.at];
  throw refusal(row.name, "only for internet sockets");
}

/** Says which option it was. */
function attempt<T>(name: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (!(thrown instanceof NetError) || !refusals.has(thrown.code ?? "")) throw thrown;
    // ENOENT is of congestion controls only, and "no such file" would be a riddle.
    const isUnknown = thrown.code === "ENOENT";
    throw refusal(name, isUnknown ? "the kernel has none of this name" : thrown.reason, thrown);
  }
}

/** What setsockopt(2) says of a value or of a socket that has not the option. */
const refusals: ReadonlySet<string> = new Set([
  "EADDRNOTAVAIL",
  "EDOM",
  "EINVAL",
  "EISCONN",
  "ENODEV",
  "ENOENT",
  "ENOPROTOOPT",
  "ENOTCONN",
  "EOPNOTSUPP",
  "EPERM",
  "EACCES",
  "ERANGE",
]);

/** A socket option that cannot be had. */
export class SocketOptionError extends NetError {
  override readonly name = "SocketOptionError";
}

function refusal(name: string, message: string, cause?: NetError): NetError {
  return new SocketOptionError({
    // What the kernel alone can know is no usage error: a socket is open by then.
    kind: cause === undefined
      ? "option"
      : cause.kind === "permission"
      ? "permission"
      : "unavailable",
    op: `option ${name}`,
    message,
    ...(cause?.code && { code: cause.code }),
    cause,
  });
}
