/**
 * Options of TCP endpoints.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Options, OptionTable } from "../core/option.ts";
import { inetDescriptor } from "./inet_descriptor.ts";
import {
  applySocketSettings,
  readSocketSettings,
  socketOptionRows,
  type SocketSettings,
} from "./socket_options.ts";

/**
 * What the kernel takes on a live connection. On a listener they are set once, and every accepted
 * connection inherits them.
 *
 * Not here, since they would be accepted and do nothing: `rcvtimeo` and `sndtimeo` (the runtime's
 * sockets do not block), `v6only`, `bind`, `syncnt` (too late once the runtime has made its
 * socket), a `linger` over 0 (its close would block the whole runtime).
 */
const liveNames = [
  "keepalive",
  "user-timeout",
  "rcvbuf",
  "sndbuf",
  "ttl",
  "tos",
  "oobinline",
  "cork",
  "mark",
  "priority",
  "congestion",
  "notsent-lowat",
  "linger2",
  "dontroute",
  "mtu-discover",
  "window-clamp",
  "busy-poll",
] as const;

/** Not inherited by accepted connections. */
const activeNames = ["quickack"] as const;

/** `maxseg` takes effect in the handshake only, which for a listener is still to come. */
const passiveNames = ["defer-accept", "fastopen", "maxseg"] as const;

/** What `tcp://...?` takes. */
export const tcpOptions: OptionTable = [
  {
    name: "nodelay",
    kind: "flag",
    phase: "live",
    help: "send small writes at once, without Nagle's algorithm (default on: what was read is " +
      "written at once)",
  },
  {
    name: "linger",
    kind: "duration",
    phase: "live",
    minimum: 0,
    maximum: 0,
    help: "0s: close with a reset, and throw away what was not sent",
  },
  ...socketOptionRows(liveNames),
  ...socketOptionRows(activeNames, "active"),
  ...socketOptionRows(passiveNames, "passive"),
  {
    name: "backlog",
    kind: "integer",
    side: "passive",
    phase: "listen",
    minimum: -1,
    maximum: 65_535,
    help: "connections that wait to be accepted; -1: the most that the system grants (default 511)",
  },
  {
    name: "reuseaddr",
    kind: "flag",
    side: "passive",
    phase: "bind",
    help: "bind while connections of a server before it are in TIME_WAIT (default on)",
  },
  {
    name: "reuseport",
    kind: "flag",
    side: "passive",
    phase: "bind",
    help: "several processes listen on the same port and share its connections",
  },
];

/** The values of one endpoint's options, read once so that a listener reads them when it opens. */
export interface TcpSettings {
  readonly nodelay: boolean;
  /** True where closing is a reset. */
  readonly resetOnClose: boolean;
  readonly socket: SocketSettings;
}

/** Reads what applies to the connections of one side. */
export function readTcpSettings(options: Options, side: "active" | "passive"): TcpSettings {
  const names = [...liveNames, ...(side === "active" ? activeNames : passiveNames)];
  return {
    nodelay: options.flag("nodelay") ?? true,
    resetOnClose: options.number("linger") !== undefined,
    socket: readSocketSettings(options, names),
  };
}

/**
 * Sets the kernel's options on a connection or on a listener.
 *
 * @param remote null for a listener
 * @throws {NetError} as `applySocketSettings`
 */
export function applyTcpSettings(
  settings: TcpSettings,
  local: Deno.NetAddr,
  remote: Deno.NetAddr | null,
  text: string,
  context: Context,
): void {
  if (settings.socket.length === 0) return;
  applySocketSettings(inetDescriptor(local, remote), settings.socket, text, context);
}
