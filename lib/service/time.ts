/**
 * Time (RFC 868): seconds since 1900 as four bytes.
 * @module
 */

import type { ServiceRow } from "./contract.ts";
import { OnceMachine } from "./once.ts";

/** Seconds from 1900-01-01 to 1970-01-01, both 00:00 UTC (RFC 868 gives this very number). */
const secondsTo1970 = 2_208_988_800;

/**
 * Seconds since 1900-01-01 00:00 UTC, big-endian. RFC 868 says that "this base will serve until
 * the year 2036": at 2036-02-07 06:28:16 UTC the 32 bits are used up, and it counts from 0 again.
 *
 * @param wallMs milliseconds since 1970
 */
export function timeBytes(wallMs: number): Uint8Array {
  const bytes = new Uint8Array(4);
  // setUint32 takes the number modulo 2^32, which is the wrap.
  new DataView(bytes.buffer).setUint32(0, Math.floor(wallMs / 1000) + secondsTo1970);
  return bytes;
}

/** The time service, RFC 868. */
export const time: ServiceRow = {
  name: "time",
  summary: "says the seconds since 1900 as 32 bits, then ends (wraps in February 2036)",
  rfc: "RFC 868",
  port: 37,
  stream: true,
  datagram: true,
  options: [],
  make: (setup) => new OnceMachine(setup, () => timeBytes(setup.clock.wall())),
};
