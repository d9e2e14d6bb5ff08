/**
 * A reset that the peer sees at once.
 * @module
 */

import { libc } from "./libc.ts";

/** struct sockaddr of all zeros: sa_family is AF_UNSPEC (0). */
const unspecified = new Uint8Array(16);

/**
 * Breaks a TCP connection: the kernel sends RST and throws unsent data away (connect(2): AF_UNSPEC
 * dissolves the association; RFC 9293 3.10.5, ABORT). The descriptor stays open and unconnected.
 *
 * `resetOnClose` is not enough for a socket of the runtime: its close shuts the socket down first,
 * so that a FIN goes out before the RST, and Linux then tells the reader an orderly end.
 *
 * @returns false where the system refused, because the socket has gone or is not TCP
 * @throws {NetError} kind "unavailable" without FFI permission
 */
export function resetNow(fd: number): boolean {
  return libc().connect(fd, unspecified, unspecified.byteLength) === 0;
}
