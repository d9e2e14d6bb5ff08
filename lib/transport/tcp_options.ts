/**
 * Options of TCP endpoints.
 * @module
 */

import type { Options, OptionTable } from "../core/option.ts";

/** What `tcp://...?` takes. */
export const tcpOptions: OptionTable = [
  {
    name: "nodelay",
    kind: "flag",
    phase: "live",
    help: "send small writes at once, without Nagle's algorithm (default on: what was read is " +
      "written at once)",
  },
  { name: "keepalive", kind: "flag", phase: "live", help: "probe a silent peer (default off)" },
  {
    name: "backlog",
    kind: "integer",
    side: "passive",
    phase: "listen",
    minimum: 1,
    maximum: 65_535,
    help: "connections that wait to be accepted (default 511)",
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
  readonly keepalive: boolean | undefined;
}

/** Reads what applies to every connection of an endpoint. */
export function readTcpSettings(options: Options): TcpSettings {
  return { nodelay: options.flag("nodelay") ?? true, keepalive: options.flag("keepalive") };
}

/** Sets the options of a live connection. */
export function applyTcpSettings(conn: Deno.TcpConn, settings: TcpSettings): void {
  conn.setNoDelay(settings.nodelay);
  if (settings.keepalive !== undefined) conn.setKeepAlive(settings.keepalive);
}
