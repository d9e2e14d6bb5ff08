/**
 * What a service tells its manager: sd_notify(3), without libsystemd.
 * @module
 */

import { AF_UNIX, SOCK_DGRAM } from "./constants.ts";
import { errnoError } from "./errno.ts";
import { libc } from "./libc.ts";
import { sendTo } from "./send_to.ts";
import { type Again, NativeSocket } from "./socket.ts";

/** clock_gettime(2). */
const CLOCK_MONOTONIC = 1;

/**
 * Sends one state to the manager.
 *
 * @param sockaddr raw name of NOTIFY_SOCKET; a name there that begins with `@` is abstract
 * @param state assignments, one a line: `READY=1`
 * @returns "again" where the manager has not yet read what it was told before
 * @throws {NetError} with the system's code: the manager has gone, or is not there
 */
export function notifyManager(sockaddr: Uint8Array, state: string): Again | undefined {
  using socket = NativeSocket.open({ family: AF_UNIX, type: SOCK_DGRAM, address: "NOTIFY_SOCKET" });
  return sendTo(socket.fd, new TextEncoder().encode(state), sockaddr, "NOTIFY_SOCKET");
}

/** Microseconds of CLOCK_MONOTONIC, as MONOTONIC_USEC wants them with RELOADING=1. */
export function monotonicMicroseconds(): bigint {
  const time = new BigInt64Array(2); // struct timespec: seconds, nanoseconds
  if (libc().clock_gettime(CLOCK_MONOTONIC, time) < 0) throw errnoError("clock_gettime");
  return (time[0] ?? 0n) * 1_000_000n + (time[1] ?? 0n) / 1_000n;
}
