/**
 * `udp://host:port`: datagrams over IPv4 and IPv6, multicast and broadcast included.
 * @module
 */

import type { InetAddress } from "../core/address.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { OpenRequest, Passive, Transport } from "../core/transport.ts";
import { bindEach } from "./bind.ts";
import { BroadcastGuard } from "./broadcast.ts";
import { isMulticast, joinGroup } from "./multicast.ts";
import { hostPort, inetPeer } from "./peer.ts";
import { resolveHost } from "./resolve.ts";
import { applyUdpSettings, readUdpSettings, udpOptions, type UdpSettings } from "./udp_options.ts";
import { UdpSession } from "./udp_session.ts";
import { maximumPayloadTo, UdpSocket } from "./udp_socket.ts";

/** The transport of `udp://`. */
export const udpTransport: Transport<InetAddress> = {
  scheme: "udp",
  // sys: the broadcast addresses of this machine's networks
  permissions: ["net", "sys"],
  network: true,
  options: udpOptions,
  help: {
    forms: ["udp://HOST:PORT", "udp://GROUP:PORT"],
    summary: "UDP; a group as host is multicast, and joined when listening",
    examples: [
      "udp://127.0.0.1:514",
      "listen:udp://:0",
      "listen:udp://239.1.2.3:5000?interface=lo",
    ],
  },
  connect,
  listen,
};

async function connect(request: OpenRequest<InetAddress>): Promise<Duplex> {
  const { address, options, context } = request;
  const settings = readUdpSettings(options, "active");
  const text = `udp://${hostPort(address.host, address.port)}`;
  if (address.zone !== undefined) throw zoneError(text);
  // Nothing answers when a datagram socket "connects": only the system's preference can choose.
  const [{ host, family } = { host: "", family: 4 }] = await resolveHost(address.host, context);
  const remote = inetPeer("udp", host, address.port);
  const guard = new BroadcastGuard(settings.broadcast);
  guard.check(host, remote.text);
  const socket = open(family === 6 ? "::" : "0.0.0.0", 0, settings, text);
  try {
    applyUdpSettings(socket, settings, text, context);
  } catch (thrown) {
    socket.close();
    throw toNetError(thrown, "connect", text);
  }
  return new UdpSession(new UdpSocket(socket, guard), remote, maximumPayloadTo(host), context);
}

async function listen(request: OpenRequest<InetAddress>): Promise<readonly Passive[]> {
  const { address, options, context } = request;
  const settings = readUdpSettings(options, "passive");
  const text = `udp://${hostPort(address.host, address.port)}`;
  if (address.zone !== undefined) throw zoneError(text);
  const guard = new BroadcastGuard(settings.broadcast);
  const binder = {
    open: (hostname: string, port: number) => open(hostname, port, settings, text),
    portOf: (socket: Deno.DatagramConn) => (socket.addr as Deno.NetAddr).port,
  };
  const sockets = await bindEach(address, binder, context);
  try {
    for (const socket of sockets) {
      applyUdpSettings(socket, settings, text, context);
      const { hostname } = socket.addr as Deno.NetAddr;
      const own = isMulticast(hostname) ? [hostname] : [];
      for (const group of [...own, ...settings.join]) {
        await joinGroup(socket, group, settings.interface);
      }
    }
  } catch (thrown) {
    for (const socket of sockets) socket.close();
    throw toNetError(thrown, "listen", text);
  }
  return sockets.map((socket) => {
    return { kind: "datagrams", datagrams: new UdpSocket(socket, guard) };
  });
}

function open(
  hostname: string,
  port: number,
  settings: UdpSettings,
  text: string,
): Deno.DatagramConn {
  if (Deno.listenDatagram === undefined) {
    throw new NetError({
      kind: "unavailable",
      op: "open",
      address: text,
      message: "this project's Deno configuration has no datagram sockets",
      hint: 'add "unstable": ["net"] to deno.json, or run with --unstable-net',
    });
  }
  return Deno.listenDatagram({
    transport: "udp",
    hostname,
    port,
    // Bound to the group itself, a socket gets that group's datagrams and no others. Bound to any
    // address it would get every group that anyone on this machine has joined (IP_MULTICAST_ALL).
    reuseAddress: settings.reuseaddr ?? isMulticast(hostname),
    loopback: settings.multicastLoop,
  });
}

function zoneError(text: string): NetError {
  return new NetError({
    kind: "unavailable",
    op: "open",
    address: text,
    message: "the runtime cannot send datagrams to an address with a zone",
    hint: "name the interface by interface= for multicast, or use a global address",
  });
}
