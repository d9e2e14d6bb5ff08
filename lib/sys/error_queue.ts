/**
 * The error queue of datagram sockets: which datagram could not be delivered, and why (ip(7),
 * IP_RECVERR; ipv6(7), IPV6_RECVERR).
 * @module
 */

import { AF_INET6, IPPROTO_IP, IPPROTO_IPV6, MSG_DONTWAIT, MSG_ERRQUEUE } from "./constants.ts";
import { EAGAIN, EINTR, errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { Message } from "./message.ts";
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

/** What was sent is not wanted back, but recvmsg(2) wants a place for it. */
const nowhere = new Uint8Array(1);

function deliveryErrorIn(message: Message): DeliveryError | undefined {
  const error = message.control(IPPROTO_IP, IP_RECVERR) ??
    message.control(IPPROTO_IPV6, IPV6_RECVERR);
  if (error === null || error.byteLength < 16) return undefined;
  // struct sock_extended_err: errno, origin, type, code, padding, info, data
  return {
    number: error.getUint32(0, true),
    destination: message.name.slice(0, message.nameLength),
    mtu: error.getUint32(8, true),
    local: error.getUint8(4) === originLocal,
  };
}

/** Made once: an error storm must not become garbage. */
let message: Message | undefined;

/**
 * Takes the oldest entry of the queue. The last one clears the socket's pending error, too, which
 * would otherwise fail the next send or receive, whoever it is about.
 *
 * @returns null where there is none
 * @throws {NetError} with the system's code; kind "unavailable" without FFI permission
 */
export function takeDeliveryError(fd: number): DeliveryError | null {
  message ??= new Message({ name: 128, control: 512 });
  for (;;) {
    message.prepare(nowhere);
    if (libc().recvmsg(fd, message.header, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
      const error = deliveryErrorIn(message);
      if (error !== undefined) return error;
      continue; // a time stamp, or what a later kernel may put there
    }
    const number = errno();
    if (number === EAGAIN) return null;
    if (number !== EINTR) throw errnoError("recvmsg", number);
  }
}
