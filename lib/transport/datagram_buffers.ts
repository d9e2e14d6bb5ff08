/**
 * Buffers that any UDP datagram fits in, shared by all sockets.
 * @module
 */

/** More than the longest payload (65,527 bytes over IPv6), so that nothing is ever cut. */
const bufferBytes = 65_536;

/** More waiting sockets than this are rare, and their buffers are left to the collector. */
const kept = 16;
const free: Uint8Array<ArrayBuffer>[] = [];

/** Takes a buffer for one receive. */
export function takeBuffer(): Uint8Array<ArrayBuffer> {
  return free.pop() ?? new Uint8Array(bufferBytes);
}

/** Gives it back, once the receive has settled. */
export function giveBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (free.length < kept) free.push(buffer);
}
