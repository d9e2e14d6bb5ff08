/**
 * One question to the kernel over netlink(7), and its answer. Nothing leaves the machine.
 * @module
 */

import { errnoError } from "./errno.ts";
import { libc } from "./libc.ts";
import { MSG_DONTWAIT, SOCK_CLOEXEC } from "./constants.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;

/** netlink(7): answers fit into 8 KiB unless they are dumps. */
const answerBytes = 8192;

/**
 * Asks the kernel's routing (rtnetlink(7)). Synchronous: the kernel answers within `send`.
 *
 * @param request one whole message
 * @returns the first message of the answer, or more
 * @throws {NetError} what the system said; "unavailable" without FFI permission
 */
export function askRouting(request: Uint8Array<ArrayBuffer>): Uint8Array {
  const calls = libc();
  const fd = calls.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) throw errnoError("netlink");
  try {
    // Without bind or connect, send(2) goes to the kernel itself (nl_pid 0).
    if (calls.send(fd, request, request.length, 0) < 0) throw errnoError("netlink");
    const answer = new Uint8Array(answerBytes);
    const count = calls.recv(fd, answer, answer.length, MSG_DONTWAIT);
    if (count < 0) throw errnoError("netlink");
    return answer.subarray(0, count);
  } finally {
    calls.close(fd);
  }
}
