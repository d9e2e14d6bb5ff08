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
import { isMulticast, joinByRuntime, joinGroup } from "./multicast.ts";
import { membershipsOf } from "./multicast_options.ts";
import { inetPeer } from "./peer.ts";
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
  const settings = readUdpSettings(options, "active", address);
  const zone = address.zone;
  const text = inetPeer("udp", address.host, address.port, zone).text;
  // Nothing answers when a datagram socket "connects": only the system's preference can choose.
  const [{ host, family } = { host: "", family: 4 }] = await resolveHost(address.host, context);
  const remote = inetPeer("udp", host, address.port, zone);
  const guard = new BroadcastGuard(settings.broadcast);
  guard.check(host, remote.text);
  const socket = new UdpSocket(
    open(family === 6 ? "::" : "0.0.0.0", 0, settings, text),
    guard,
    zone,
  );
  try {
    applyUdpSettings(socket.descriptor, socket.local.host ?? "", settings, text, context);
  } catch (thrown) {
    socket.abort();
    throw toNetError(thrown, "connect", text);
  }
  // A group or a broadcast address answers nothing: those who are behind it do.
  const hasMany = isMulticast(host) || (settings.broadcast && guard.isBroadcast(host));
  const anyPeer = settings.anyPeer ?? (hasMany ? "take" : "off");
  const cuts = !settings.socket.some(({ name }) => name === "mtu-discover");
  return new UdpSession(socket, remote, context, {
    maximumMessage: maximumPayloadTo(host),
    anyPeer,
    survivesTooLong: cuts,
  });
}

async function listen(request: OpenRequest<InetAddress>): Promise<readonly Passive[]> {
  const { address, options, context } = request;
  const settings = readUdpSettings(options, "passive", address);
  const { text } = inetPeer("udp", address.host, address.port, address.zone);
  const guard = new BroadcastGuard(settings.broadcast);
  const binder = {
    open: (hostname: string, port: number) => open(hostname, port, settings, text),
    portOf: (socket: Deno.DatagramConn) => (socket.addr as Deno.NetAddr).port,
  };
  const sockets: UdpSocket[] = [];
  try {
    for (const socket of await bindEach(address, binder, context)) {
      const zone = address.zone ?? settings.multicast.interface?.name;
      const datagrams = new UdpSocket(socket, guard, zone);
      sockets.push(datagrams);
      const { descriptor } = datagrams;
      const { hostname } = socket.addr as Deno.NetAddr;
      applyUdpSettings(descriptor, hostname, settings, text, context);
      for (const wanted of membershipsOf(hostname, settings.multicast)) {
        if (descriptor === null) await joinByRuntime(socket, wanted);
        else joinGroup(descriptor, wanted);
      }
    }
  } catch (thrown) {
    for (const socket of sockets) socket.abort();
    throw toNetError(thrown, "listen", text);
  }
  return sockets.map((datagrams) => ({ kind: "datagrams", datagrams }));
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
    // Bound to the group itself, a socket gets that group's datagrams and no others.
    reuseAddress: settings.reuseaddr ?? isMulticast(hostname),
    loopback: settings.multicast.loop,
  });
}
