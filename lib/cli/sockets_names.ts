/**
 * Hosts and services by name, for `--names`: the addresses of rows -> names, each asked for once.
 * @module
 */

import { serviceName } from "../address/ports.ts";
import type { Context } from "../core/context.ts";
import { unmapHost } from "../transport/peer.ts";
import { nameOfHost } from "../transport/reverse.ts";
import type { SocketEnd } from "../wire/procnet.ts";
import type { SocketRow } from "./sockets_row.ts";

/** Questions under way at once: a name server that is slow makes each of them wait. */
const atOnce = 16;

/** How an end is shown by name. */
export type NameEnd = (row: SocketRow, side: "local" | "remote") => string;

/** As it is, without any name. */
export function numericEnd(row: SocketRow, side: "local" | "remote"): string {
  return row[side];
}

/**
 * Looks up every host that the rows have.
 *
 * @throws the signal's reason once it aborts
 */
export async function namesOf(rows: readonly SocketRow[], context: Context): Promise<NameEnd> {
  const hosts = new Set(
    rows.flatMap(({ inet }) => inet === null ? [] : [inet.local.host, inet.remote.host]),
  );
  const names = new Map<string, string>();
  const waiting = [...hosts].filter((host) => host !== "0.0.0.0" && host !== "::");
  const ask = async () => {
    for (let host = waiting.pop(); host !== undefined; host = waiting.pop()) {
      const name = await nameOfHost(unmapHost(host), context);
      if (name !== null) names.set(host, name);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
  return (row, side) => {
    const end = row.inet?.[side];
    return end === undefined ? row[side] : named(row[side], end, names.get(end.host));
  };
}

/** Puts names where the numbers were, so that wildcards, brackets and zones stay as they are. */
function named(text: string, { host, port }: SocketEnd, hostName: string | undefined): string {
  const numeric = host.includes(":") ? `[${host}]` : host;
  const withHost = hostName === undefined ? text : text.replace(numeric, () => hostName);
  const service = serviceName(port);
  return service === undefined ? withHost : withHost.replace(/:\d+$/, () => `:${service}`);
}
