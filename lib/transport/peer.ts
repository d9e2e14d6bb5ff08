/**
 * Ends of internet sockets as they are shown.
 * @module
 */

import type { Peer } from "../core/contract.ts";

/**
 * `::ffff:192.0.2.1` is an IPv4 peer of a dual-stack socket (RFC 4291 section 2.5.5.2) and is shown
 * as such: people, access lists and logs know it by that name.
 */
export function unmapHost(host: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1] ?? host;
}

/** `host:port` with brackets where they are needed: `[::1]:80`. */
export function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * One end of an internet socket, from what the runtime says of it.
 *
 * @param zone of a link-local address, which the runtime does not tell: without it the text would
 * name no end that could be connected to
 */
export function inetPeer(scheme: string, hostname: string, port: number, zone?: string): Peer {
  const bare = unmapHost(hostname);
  const host = zone === undefined || bare.includes("%") ? bare : `${bare}%${zone}`;
  return { scheme, text: `${scheme}://${hostPort(host, port)}`, host, port };
}
