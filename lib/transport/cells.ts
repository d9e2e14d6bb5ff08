/**
 * Small cells of shared memory for reads that wait.
 *
 * A read that waits needs a buffer. Measured with 5,000 idle connections, KiB each beyond an
 * accepted connection: own buffer of 1 byte 4.5, of 4 KiB 7.6, a 64-byte cell of a shared slab
 * 4.0. Nearly all of the 4.0 is the runtime's own pending operation. A cell is as large as a small
 * request, so that one is still passed on in one piece; a full cell means that more is waiting.
 * @module
 */

/** Bytes of one cell. */
export const cellBytes = 256;

const cellsPerSlab = 256;
const free: Uint8Array<ArrayBuffer>[] = [];

/** Takes a cell; its content is what the last user left. */
export function takeCell(): Uint8Array<ArrayBuffer> {
  const cell = free.pop();
  if (cell !== undefined) return cell;
  const slab = new ArrayBuffer(cellBytes * cellsPerSlab);
  for (let at = cellBytes; at < slab.byteLength; at += cellBytes) {
    free.push(new Uint8Array(slab, at, cellBytes));
  }
  return new Uint8Array(slab, 0, cellBytes);
}

/**
 * Gives a cell back. Only once the read into it has settled: the runtime writes into the memory
 * until then, also after the connection was closed.
 */
export function giveCell(cell: Uint8Array<ArrayBuffer>): void {
  free.push(cell);
}
