/**
 * Two UDP clients that talk to each other.
 * @module
 */

import { bindOptions } from "../../lib/address/options.ts";
import { parseAddress } from "../../lib/address/parse.ts";
import { makeContext } from "../../lib/core/context.ts";
import { BroadcastGuard } from "../../lib/transport/broadcast.ts";
import { bindUdp } from "../../lib/transport/native_udp.ts";
import { hostPort } from "../../lib/transport/peer.ts";
import type { DatagramSocket } from "../../lib/transport/udp_descriptor.ts";
import { readUdpSettings, udpOptions } from "../../lib/transport/udp_options.ts";
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

/** Opens both on one loopback address, over sockets of the runtime or of our own. */
export function udpPair(host: string, open: typeof runtimeUdp = runtimeUdp): Promise<SessionPair> {
  const guard = new BroadcastGuard(false);
  const [a, b] = [new UdpSocket(open(host), guard), new UdpSocket(open(host), guard)];
  const options = { maximumMessage: maximumPayloadTo(host) };
  const near = new UdpSession(a, b.local, makeContext(), options);
  const far = new UdpSession(b, a.local, makeContext(), options);
  return Promise.resolve(pairOf(near, far));
}

function runtimeUdp(hostname: string): DatagramSocket {
  return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
}

/** A socket as `?freebind` selects it. */
export function nativeUdp(hostname: string): DatagramSocket {
  const address = parseAddress(`listen:udp://${hostPort(hostname, 0)}?freebind`);
  if (address.scheme !== "udp") throw new TypeError("not a udp address");
  const settings = readUdpSettings(bindOptions(address, udpOptions), "passive", address);
  return bindUdp(hostname, 0, settings, makeContext());
}
