/**
 * Two UDP clients that talk to each other.
 * @module
 */

import { makeContext } from "../../lib/core/context.ts";
import { BroadcastGuard } from "../../lib/transport/broadcast.ts";
import { UdpSession } from "../../lib/transport/udp_session.ts";
import { maximumPayloadTo, UdpSocket } from "../../lib/transport/udp_socket.ts";
import type { ContractTraits } from "./duplex_contract.ts";
import { pairOf, type SessionPair } from "./pair.ts";

/** What UDP gives: messages up to a bound, and nothing else. */
export function udpTraits(host: string): ContractTraits {
  return {
    messages: true,
    halfClose: false,
    resets: false,
    backpressure: false,
    maximumMessage: maximumPayloadTo(host),
    readable: false,
    unacknowledged: false,
  };
}

/** Opens both on one loopback address. */
export function udpPair(host: string): Promise<SessionPair> {
  const guard = new BroadcastGuard(false);
  const open = () =>
    new UdpSocket(Deno.listenDatagram({ transport: "udp", hostname: host, port: 0 }), guard);
  const [a, b] = [open(), open()];
  const options = { maximumMessage: maximumPayloadTo(host) };
  const near = new UdpSession(a, b.local, makeContext(), options);
  const far = new UdpSession(b, a.local, makeContext(), options);
  return Promise.resolve(pairOf(near, far));
}
