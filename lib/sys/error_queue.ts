/**
 * The error queue of datagram sockets: which datagram could not be delivered, and why (ip(7),
 * IP_RECVERR; ipv6(7), IPV6_RECVERR).
 * @module
 */

import { AF_INET6, IPPROTO_IP, IPPROTO_IPV6, MSG_DONTWAIT, MSG_ERRQUEUE } from "./constants.ts";
import { EAGAIN, EINTR, errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { setOption } from "./option.ts";

const IP_RECVERR = 11;
const IPV6_RECVERR = 25;

/** One datagram that did not arrive. */
export interface DeliveryError {
  /** errno of it: ECONNREFUSED for a closed port, EHOSTUNREACH, EMSGSIZE ... */
  readonly number: number;
  /** Raw sockaddr of who should have got it. */
  readonly destination: Uint8Array;
  /** Where it was too long (EMSGSIZE): the most bytes of a packet that the path takes. */
  readonly mtu: number;
  /** True where this machine refused it, and no ICMP message of others did. */
  readonly local: boolean;
}

/** Has the kernel keep what ICMP says of datagrams. @throws {NetError} as `setOption` */
export function queueErrors(fd: number, family: number): void {
  // A dual-stack socket sends IPv4 packets too, whose errors have a switch of their own.
  setOption(fd, IPPROTO_IP, IP_RECVERR, 1);
  if (family === AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
}

/** SO_EE_ORIGIN_LOCAL (linux/errqueue.h). */
const originLocal = 1;
/** sizeof(struct cmsghdr): length, level, type. */
const controlHeadBytes = 16;

/** `struct msghdr` and what it points to, made once: an error storm must not become garbage. */
class ErrorMessage {
  readonly name = new Uint8Array(128);
  readonly control = new Uint8Array(512);
  readonly header = new Uint8Array(56);
  readonly #view = new DataView(this.header.buffer);
  readonly #controlView = new DataView(this.control.buffer);
  // What was sent is not wanted back, but recvmsg(2) wants a place for it.
  readonly #payload = new Uint8Array(1);
  readonly #vector = new Uint8Array(16);

  constructor() {
    const vector = new DataView(this.#vector.buffer);
    vector.setBigUint64(0, addressOf(this.#payload), true);
    vector.setBigUint64(8, 1n, true);
    this.#view.setBigUint64(0, addressOf(this.name), true);
    this.#view.setBigUint64(16, addressOf(this.#vector), true);
    this.#view.setBigUint64(24, 1n, true);
    this.#view.setBigUint64(32, addressOf(this.control), true);
  }

  /** The kernel has written lengths over those of the call before. */
  reset(): void {
    this.#view.setUint32(8, this.name.length, true);
    this.#view.setBigUint64(40, BigInt(this.control.length), true);
  }

  read(): DeliveryError | undefined {
    const destination = this.name.slice(0, this.#view.getUint32(8, true));
    const end = Number(this.#view.getBigUint64(40, true));
    const view = this.#controlView;
    for (let at = 0; at + controlHeadBytes <= end;) {
      const length = Number(view.getBigUint64(at, true));
      if (length < controlHeadBytes) return undefined;
      const [level, type] = [view.getInt32(at + 8, true), view.getInt32(at + 12, true)];
      const isError = (level === IPPROTO_IP && type === IP_RECVERR) ||
        (level === IPPROTO_IPV6 && type === IPV6_RECVERR);
      if (isError && length >= controlHeadBytes + 16) {
        // struct sock_extended_err: errno, origin, type, code, padding, info, data
        const error = at + controlHeadBytes;
        return {
          number: view.getUint32(error, true),
          destination,
          mtu: view.getUint32(error + 8, true),
          local: view.getUint8(error + 4) === originLocal,
        };
      }
      at += Math.ceil(length / 8) * 8; // CMSG_ALIGN
    }
    return undefined;
  }
}

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

let message: ErrorMessage | undefined;

/**
 * Takes the oldest entry of the queue. The last one clears the socket's pending error, too, which
 * would otherwise fail the next send or receive, whoever it is about.
 *
 * @returns null where there is none
 * @throws {NetError} with the system's code; kind "unavailable" without FFI permission
 */
export function takeDeliveryError(fd: number): DeliveryError | null {
  message ??= new ErrorMessage();
  for (;;) {
    message.reset();
    if (libc().recvmsg(fd, message.header, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
      const error = message.read();
      if (error !== undefined) return error;
      continue; // a time stamp, or what a later kernel may put there
    }
    const number = errno();
    if (number === EAGAIN) return null;
    if (number !== EINTR) throw errnoError("recvmsg", number);
  }
}
