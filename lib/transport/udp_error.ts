/**
 * What goes wrong with one datagram, in words.
 * @module
 */

import type { Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { errnoError, errnoName } from "../sys/errno.ts";
import type { DeliveryError } from "../sys/error_queue.ts";

/** IP header without options, and UDP's (RFC 791, RFC 8200, RFC 768). */
const headerBytes = { inet: 28, inet6: 48 } as const;

/** The payload that fits in one packet of `mtu` bytes to a host. */
export function payloadOf(mtu: number, host: string): number {
  return mtu - (host.includes(":") ? headerBytes.inet6 : headerBytes.inet);
}

/** A datagram that is longer than the buffer it was to be put in. */
export function tooLong(peer: Peer, length: number, room: number): NetError {
  return new NetError({
    kind: "too-large",
    op: "receive",
    address: peer.text,
    message: `a datagram of ${length} bytes came, at most ${room} are taken here`,
    blame: "remote",
  });
}

/** A datagram that no packet carries. */
export function tooLongToSend(peer: Peer, length: number, most: number): NetError {
  const message = `${length} bytes do not fit in one datagram of at most ${most}`;
  return new NetError({ kind: "too-large", op: "send", address: peer.text, message });
}

/** A datagram that must not be cut into fragments, and is too long for the way. */
export function tooLongForPath(peer: Peer, length: number, mtu: number | undefined): NetError {
  const most = mtu === undefined
    ? "what goes out in one piece"
    : `one packet of ${mtu} bytes, which carries ${payloadOf(mtu, peer.host ?? "")}`;
  return new NetError({
    kind: "too-large",
    op: "send",
    address: peer.text,
    message: `${length} bytes do not fit in ${most}`,
    hint: "without mtu-discover it would be sent in fragments",
    code: "EMSGSIZE",
  });
}

/** What ICMP said of a datagram. */
export function deliveryError({ number, mtu }: DeliveryError, peer: Peer): NetError {
  const code = errnoName(number);
  const init = { op: "send", address: peer.text, blame: "remote", code } as const;
  if (code === "EMSGSIZE") {
    const most = payloadOf(mtu, peer.host ?? "");
    return new NetError({
      ...init,
      kind: "too-large",
      message: `a datagram was too long for the path, which takes ${mtu} bytes (${most} of data)`,
    });
  }
  const { reason: message } = errnoError("send", number);
  // All else that ICMP knows (RFC 792, RFC 4443) is some way of not getting there.
  return new NetError({
    ...init,
    kind: code === "ECONNREFUSED" ? "refused" : "unreachable",
    message,
  });
}
