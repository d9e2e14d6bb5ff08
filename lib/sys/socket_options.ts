/**
 * Setting and reading socket options by the names that addresses use for them.
 * @module
 */

import { NetError } from "../core/error.ts";
import { AF_INET, AF_INET6, SO_DOMAIN, SOL_SOCKET } from "./constants.ts";
import { getIntegerOption, getOption, setOption } from "./option.ts";
import { type OptionPlace, type SocketOption, socketOptionTable } from "./option_table.ts";
import {
  decodeOption,
  encodeOption,
  type KeepaliveValue,
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
 * @throws {NetError} kind "option" where the value is of the wrong type or the system refuses it,
 * "permission" where a privilege is missing, "unavailable" without FFI permission
 */
export function applySocketOption(
  fd: number,
  name: string,
  value: SocketOptionValue,
): SocketOptionValue {
  const row = socketOption(name);
  if (row.access === "read") throw refusal(name, "can only be read");
  const plain = row.value === "keepalive" ? applyKeepalive(fd, value) : value;
  const bytes = encodeOption(row.value, plain);
  if (typeof bytes === "string") throw refusal(name, bytes);
  for (const place of placesOf(fd, row)) {
    attempt(name, () => setOption(fd, place.level, place.number, bytes));
  }
  return readSocketOption(fd, name);
}

/** Reads an option. @throws {NetError} as `applySocketOption` */
export function readSocketOption(fd: number, name: string): SocketOptionValue {
  const row = socketOption(name);
  const [place] = placesOf(fd, row);
  const bytes = attempt(name, () => getOption(fd, place.level, place.number, longestValue));
  const value = decodeOption(row.value, bytes);
  return row.value === "keepalive" && value === true ? readKeepalive(fd) : value;
}

/** Names of interfaces and congestion controls have at most 16 bytes; structures here too. */
const longestValue = 16;

/** The three options behind `keepalive=30s/5s/3`: set before it is switched on, or its timer runs. */
const keepaliveParts = [
  ["idleMs", "keepalive-idle"],
  ["intervalMs", "keepalive-interval"],
  ["count", "keepalive-count"],
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

/**
 * Where a socket has an option. An IPv6 socket has both places, as a dual-stack one sends IPv4
 * packets too, whose header is made from the IPv4 option.
 */
function placesOf(fd: number, row: SocketOption): readonly [OptionPlace, ...OptionPlace[]] {
  if (row.at6 === undefined) return [row.at];
  const family = attempt(row.name, () => getIntegerOption(fd, SOL_SOCKET, SO_DOMAIN));
  if (family === AF_INET6) return [row.at6, row.at];
  if (family === AF_INET) return [row.at];
  throw refusal(row.name, "only for internet sockets");
}

/** Says which option it was, and whose fault: a value that the system refuses is the user's. */
function attempt<T>(name: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (!(thrown instanceof NetError) || !refusals.has(thrown.code ?? "")) throw thrown;
    throw refusal(name, thrown.reason, thrown);
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

function refusal(name: string, message: string, cause?: NetError): NetError {
  return new NetError({
    kind: cause?.kind === "permission" ? "permission" : "option",
    op: `option ${name}`,
    message,
    ...(cause?.code && { code: cause.code }),
    cause,
  });
}
