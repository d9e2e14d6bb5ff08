/**
 * One question to the kernel over netlink(7), and its answer. Nothing leaves the machine.
 * @module
 */

import { NetError } from "../core/error.ts";
import { EAGAIN, errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { MSG_DONTWAIT, SOCK_CLOEXEC } from "./constants.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const NETLINK_SOCK_DIAG = 4;

/** The kernel makes the messages of a dump at most 32 KiB large (netlink_recvmsg). */
const messageBytes = 64 * 1024;

/** TCP_INFO makes 400 bytes of a socket: 160,000 of them, more than ports and limits allow. */
const maximumAnswerBytes = 64 * 1024 * 1024;

/**
 * Asks the kernel's routing (rtnetlink(7)). Synchronous: the kernel answers within `send`.
 *
 * @param request one whole message
 * @returns the first message of the answer, or more
 * @throws {NetError} what the system said; "unavailable" without FFI permission
 */
export function askRouting(request: Uint8Array<ArrayBuffer>): Uint8Array {
  return ask(NETLINK_ROUTE, request)[0] ?? new Uint8Array();
}

/**
 * Asks the kernel for its sockets (sock_diag(7)).
 *
 * @param request one whole message
 * @returns the datagrams of the answer, in order
 * @throws {NetError} what the system said (EPROTONOSUPPORT: a kernel without it); "unavailable"
 * without FFI permission, "limit" over 64 MiB
 */
export function askSockets(request: Uint8Array<ArrayBuffer>): readonly Uint8Array[] {
  return ask(NETLINK_SOCK_DIAG, request);
}

/**
 * One question, and all of its answer. A dump goes on within each `recv`, so that "nothing there"
 * (EAGAIN) is its end: no message needs to be understood here.
 */
function ask(protocol: number, request: Uint8Array<ArrayBuffer>): Uint8Array[] {
  const calls = libc();
  const fd = calls.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) throw errnoError("netlink");
  try {
    // Without bind or connect, send(2) goes to the kernel itself (nl_pid 0).
    if (calls.send(fd, request, request.length, 0) < 0) throw errnoError("netlink");
    const answers: Uint8Array[] = [];
    const buffer = new Uint8Array(messageBytes);
    for (let total = 0;;) {
      const count = calls.recv(fd, buffer, buffer.length, MSG_DONTWAIT);
      if (count < 0 && errno() === EAGAIN) return answers;
      if (count < 0) throw errnoError("netlink");
      total += count;
      if (total > maximumAnswerBytes) throw tooLong();
      answers.push(buffer.slice(0, count));
    }
  } finally {
    calls.close(fd);
  }
}

function tooLong(): NetError {
  const message = `an answer of more than ${maximumAnswerBytes} bytes`;
  return new NetError({ kind: "limit", op: "netlink", message });
}
