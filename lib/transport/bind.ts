/**
 * Binding an internet address to listen on: every address that its name has, on one port.
 * @module
 */

import type { InetAddress } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import { systemCode } from "../core/error.ts";
import { bindError } from "./holder.ts";
import { resolveHost } from "./resolve.ts";

/** How a socket is bound; `Deno.listen` and `Deno.listenDatagram` both fit. */
export interface Binder<S extends { close(): void }> {
  /** Binds, or throws at once. */
  open(hostname: string, port: number): S;
  portOf(socket: S): number;
}

/** How often a port that the system picked for the first address may be taken on the others. */
const portRetries = 8;

/**
 * Binds every address of a host on the same port. With port 0 the first one picks; where that port
 * is taken on another address, all are closed and a new one is picked.
 *
 * An empty host is one dual-stack socket on `[::]`, or 0.0.0.0 where the kernel has no IPv6: one
 * socket rather than two, so that one line and one port say it all.
 *
 * @throws {NetError} kind "resolve", "in-use", "unavailable", "permission"; nothing stays open
 */
export async function bindEach<S extends { close(): void }>(
  address: InetAddress,
  binder: Binder<S>,
  context: Context,
): Promise<readonly S[]> {
  if (address.host === "") return [bindAny(address, binder)];
  const host = address.zone === undefined ? address.host : `${address.host}%${address.zone}`;
  const hosts = await resolveHost(host, context);
  context.signal.throwIfAborted();
  return bindHosts(address, hosts.map(({ host }) => host), binder);
}

/** As `bindEach`, for hosts that are numeric already. */
export function bindHosts<S extends { close(): void }>(
  address: InetAddress,
  hosts: readonly string[],
  binder: Binder<S>,
): readonly S[] {
  for (let left = address.port === 0 ? portRetries : 0;; left--) {
    try {
      return bindAll(address, hosts, binder);
    } catch (thrown) {
      if (left === 0 || hosts.length === 1 || systemCode(thrown) !== "EADDRINUSE") throw thrown;
    }
  }
}

function bindAny<S extends { close(): void }>(address: InetAddress, binder: Binder<S>): S {
  try {
    return binder.open("::", address.port);
  } catch (thrown) {
    const code = systemCode(thrown) ?? "";
    // EADDRNOTAVAIL: IPv6 is there but switched off (net.ipv6.conf.all.disable_ipv6).
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") {
      throw bindError({ ...address, host: "" }, thrown);
    }
  }
  try {
    return binder.open("0.0.0.0", address.port);
  } catch (thrown) {
    throw bindError({ ...address, host: "0.0.0.0" }, thrown);
  }
}

function bindAll<S extends { close(): void }>(
  address: InetAddress,
  hosts: readonly string[],
  binder: Binder<S>,
): readonly S[] {
  const sockets: S[] = [];
  let port = address.port;
  for (const host of hosts) {
    try {
      const socket = binder.open(host, port);
      sockets.push(socket);
      port = binder.portOf(socket);
    } catch (thrown) {
      for (const socket of sockets) socket.close();
      throw bindError({ ...address, host }, thrown);
    }
  }
  return sockets;
}
