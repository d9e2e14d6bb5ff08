/**
 * How much waits in the kernel's queues of a socket.
 * @module
 */

import { SIOCINQ, SIOCOUTQ, SIOCOUTQNSD } from "./constants.ts";
import { libc } from "./libc.ts";
import { socketNameMatches } from "./socket_name.ts";

/**
 * Bytes that were written and that the peer has not acknowledged (tcp(7), SIOCOUTQ); of a Unix
 * socket those that it has not read, of a datagram socket those not yet sent.
 *
 * @returns null where the system does not tell: the socket has gone, or is a listener
 * @throws {NetError} kind "unavailable" without FFI permission
 */
export function unacknowledgedBytes(fd: number): number | null {
  return ask(fd, SIOCOUTQ);
}

/**
 * The same for a stream socket, of which nothing is on its way any more once the connection is
 * gone: after a reset the kernel goes on counting what nobody will ever acknowledge.
 *
 * @returns null where the system does not tell, or the connection has gone
 * @throws {NetError} kind "unavailable" without FFI permission
 */
export function undeliveredBytes(fd: number): number | null {
  const count = unacknowledgedBytes(fd);
  if (!count) return count;
  return socketNameMatches(fd, "remote", () => true) === true ? count : null;
}

/**
 * Bytes of a TCP socket that were written and not sent even once (SIOCOUTQNSD): the peer's window,
 * or the network, has had no room for them.
 *
 * @returns null where the system does not tell
 * @throws {NetError} kind "unavailable" without FFI permission
 */
export function unsentBytes(fd: number): number | null {
  return ask(fd, SIOCOUTQNSD);
}

/**
 * Bytes that arrived and were not read (SIOCINQ); of a datagram socket the size of the next
 * message.
 *
 * @returns null where the system does not tell
 * @throws {NetError} kind "unavailable" without FFI permission
 */
export function unreadBytes(fd: number): number | null {
  return ask(fd, SIOCINQ);
}

/** Asked for every large read: one answer for all, taken out before the next question. */
const count = new Int32Array(1);

function ask(fd: number, request: number): number | null {
  return libc().ioctl(fd, request, count) < 0 ? null : count[0] ?? null;
}
