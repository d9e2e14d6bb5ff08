/**
 * `bind=`: which address and port of this machine an active endpoint comes from.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Peer } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { OptionRow, Options } from "../core/option.ts";
import { SocketOptionError } from "../sys/socket_options.ts";
import { interfaceIndex } from "../sys/procnet.ts";
import { inetPton } from "../wire/inet.ts";
import { encodeSockaddr } from "../wire/sockaddr.ts";
import { hostPort } from "./peer.ts";
import type { ResolvedHost } from "./resolve.ts";
import { sayTaken } from "./socket_options.ts";

/** Where a socket is bound before it connects. */
export interface SourceAddress {
  /** As written, for errors. */
  readonly text: string;
  /** Numeric, or undefined for any. */
  readonly host: string | undefined;
  readonly family: 4 | 6 | undefined;
  /** 0: the system picks. */
  readonly port: number;
}

/** The row of the option. */
export const sourceRow: OptionRow = {
  name: "bind",
  kind: "text",
  side: "active",
  phase: "bind",
  placeholder: "HOST[:PORT]",
  help: "the address of this machine to come from: 192.0.2.7, [::1]:5000 or :5000",
};

/**
 * Reads `bind=HOST`, `HOST:PORT`, `[HOST]:PORT` or `:PORT`. The host is numeric: a name would have
 * to be asked for, and may stand for addresses of others.
 *
 * @throws {NetError} kind "option"
 */
export function readSource(options: Options): SourceAddress | undefined {
  const text = options.text("bind");
  if (text === undefined) return undefined;
  const { host, port } = /^\[(?<host>[^\]]+)\](?::(?<port>\d+))?$/.exec(text)?.groups ??
    /^(?<host>[^:]*)(?::(?<port>\d+))?$/.exec(text)?.groups ?? { host: text, port: undefined };
  if (host === "" && port !== undefined) {
    return { text, host: undefined, family: undefined, port: portOf(text, port) };
  }
  const bytes = inetPton(host?.split("%")[0] ?? "");
  if (host === undefined || bytes === null) {
    throw fault(text, "not a numeric address of this machine", "write 192.0.2.7 or [::1]:5000");
  }
  const family = bytes.length === 4 ? 4 : 6;
  return { text, host, family, port: port === undefined ? 0 : portOf(text, port) };
}

function portOf(text: string, digits: string): number {
  const port = Number(digits);
  if (port > 65_535) throw fault(text, "a port is at most 65535");
  return port;
}

/** Says what a socket was bound to, with the port that the system picked. */
export function saySource(text: string, local: Peer, context: Context): void {
  sayTaken("bind", hostPort(local.host ?? "", local.port ?? 0), text, context);
}

/**
 * Those of the hosts that the source can reach: the ones of its family.
 *
 * @throws {NetError} kind "option" where none is left
 */
export function hostsFrom(
  source: SourceAddress | undefined,
  hosts: readonly ResolvedHost[],
): readonly ResolvedHost[] {
  if (source?.family === undefined) return hosts;
  const same = hosts.filter(({ family }) => family === source.family);
  if (same.length > 0) return same;
  const other = source.family === 4 ? 6 : 4;
  throw fault(source.text, `the peer has only IPv${other} addresses, and this is none`);
}

/**
 * A numeric host with its port as the kernel wants it.
 *
 * @param host with its zone where it has one: `fe80::1%eth0`
 * @throws {NetError} kind "address" where it is none
 */
export function inetSockaddr(host: string, port: number): Uint8Array {
  const [bare = host, zone] = host.split("%");
  if (!bare.includes(":")) return encodeSockaddr({ family: "inet", host: bare, port });
  // A zone is a name, or the number of an interface itself (RFC 4007 section 11).
  const scope = zone === undefined ? 0 : interfaceIndex(zone) ?? Number(zone);
  return encodeSockaddr({ family: "inet6", host: bare, port, flow: 0, scope });
}

/** Says which source could not be had: the rest of the line names the peer. */
export function sourceError(thrown: unknown, text: string, source: SourceAddress): NetError {
  if (thrown instanceof SocketOptionError) return thrown;
  const { kind, reason: message, code, cause } = toNetError(thrown, "connect", text);
  const hint = `bind=${source.text}`;
  const op = "connect";
  return new NetError({ kind, op, address: text, message, ...(code && { code }), hint, cause });
}

function fault(text: string, message: string, hint?: string): NetError {
  const address = `bind=${text}`;
  return new NetError({ kind: "option", op: "option", address, message, ...(hint && { hint }) });
}
