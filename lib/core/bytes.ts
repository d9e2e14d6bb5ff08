/**
 * What is done with bytes everywhere and belongs to no protocol.
 * @module
 */

/** One array with all the parts, in order; copies, also where there is one part only. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
