/**
 * One datagram to a named receiver.
 * @module
 */

import { MSG_DONTWAIT, MSG_NOSIGNAL } from "./constants.ts";
import { EAGAIN, EINTR, errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import type { Again } from "./socket.ts";

/**
 * Sends a datagram from a socket that is not connected (sendto(2)).
 *
 * @param sockaddr raw name of the receiver
 * @param text the receiver in the address language, for errors
 * @returns "again" where the receiver's queue (or our own) is full
 * @throws {NetError} with the system's code: ECONNREFUSED, ENOENT, EMSGSIZE ...
 */
export function sendTo(
  fd: number,
  data: Uint8Array,
  sockaddr: Uint8Array,
  text: string,
): Again | undefined {
  const calls = libc();
  const [bytes, name] = [unshared(data), unshared(sockaddr)];
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  for (;;) {
    if (calls.sendto(fd, bytes, bytes.length, flags, name, name.length) >= 0) return undefined;
    const number = errno();
    if (number === EAGAIN) return "again";
    if (number !== EINTR) throw errnoError("send", number, text);
  }
}

/** A view of shared memory is not for FFI; everything else goes out as it lies. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? bytes as Uint8Array<ArrayBuffer>
    : new Uint8Array(bytes);
}
