/**
 * `udp://host:port`: datagrams over IPv4 and IPv6, multicast and broadcast included.
 * @module
 */

import type { InetAddress } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { toNetError } from "../core/error.ts";
import type { OpenRequest, Passive, Transport } from "../core/transport.ts";
import { attachFilter } from "../sys/socket_filter.ts";
import { bindEach } from "./bind.ts";
import { BroadcastGuard } from "./broadcast.ts";
import { groupFilter } from "./group_filter.ts";
import { isMulticast, joinByRuntime, joinGroup } from "./multicast.ts";
import { membershipsOf } from "./multicast_options.ts";
import { bindUdp } from "./native_udp.ts";
import { inetPeer } from "./peer.ts";
import { resolveHost } from "./resolve.ts";
import { requireRuntimeDatagrams } from "./runtime_datagrams.ts";
import { hostsFrom, saySource, type SourceAddress, sourceError } from "./source_address.ts";
import type { DatagramSocket } from "./udp_descriptor.ts";
import {
  applyUdpSettings,
  nativeUdpNames,
  readUdpSettings,
  udpOptions,
  type UdpSettings,
} from "./udp_options.ts";
import { UdpSession } from "./udp_session.ts";
import { maximumPayloadTo, UdpSocket } from "./udp_socket.ts";
import { checkZone, isLinkLocal } from "./zone.ts";

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
  const { source } = settings;
  const hosts = hostsFrom(source, await resolveHost(address.host, context));
  const [{ host, family } = { host: "", family: 4 }] = hosts;
  const remote = inetPeer("udp", host, address.port, zone);
  const guard = new BroadcastGuard(settings.broadcast);
  guard.check(host, remote.text);
  const own = source?.host ?? (family === 6 ? "::" : "0.0.0.0");
  const bound = openFrom(own, source, settings, text, context);
  const socket = new UdpSocket(bound, guard, zone);
  try {
    applyUdpSettings(socket.descriptor, socket.local.host ?? "", settings, text, context);
    if (source !== undefined) saySource(text, socket.local, context);
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
  const { options, context } = request;
  const settings = readUdpSettings(options, "passive", request.address);
  const { zone } = request.address;
  const on = zone ?? settings.multicast.interface?.name;
  // The interface of a link-local address is a part of what is bound, however it was written.
  const isZoned = on !== undefined && isLinkLocal(request.address.host);
  const address = isZoned ? { ...request.address, zone: on } : request.address;
  const { text } = inetPeer("udp", address.host, address.port, address.zone);
  const isBoundToDevice = settings.socket.some(({ name }) => name === "bindtodevice");
  checkZone(address, isBoundToDevice, { op: "listen", address: text });
  const guard = new BroadcastGuard(settings.broadcast);
  const binder = {
    open: (hostname: string, port: number) => open(hostname, port, settings, text, context),
    portOf: (socket: DatagramSocket) => (socket.addr as Deno.NetAddr).port,
  };
  // All at once: from here on each socket has an owner that can close it.
  const bound = (await bindEach(address, binder, context)).map((socket) => {
    return { socket, datagrams: new UdpSocket(socket, guard, on) };
  });
  try {
    for (const { socket, datagrams: { descriptor } } of bound) {
      const { hostname } = socket.addr as Deno.NetAddr;
      applyUdpSettings(descriptor, hostname, settings, text, context);
      await joinAll(socket, descriptor, settings, text, context);
    }
  } catch (thrown) {
    for (const { datagrams } of bound) datagrams.abort();
    throw toNetError(thrown, "listen", text);
  }
  return bound.map(({ datagrams }) => ({ kind: "datagrams", datagrams }));
}

/** Joins the groups of one socket. @throws {NetError} as `joinGroup` */
async function joinAll(
  socket: DatagramSocket,
  descriptor: number | null,
  settings: UdpSettings,
  text: string,
  { log }: Context,
): Promise<void> {
  const { hostname } = socket.addr as Deno.NetAddr;
  const { multicast } = settings;
  const memberships = membershipsOf(hostname, multicast);
  if (descriptor !== null && hostname.includes(":") && memberships.length > 0) {
    const takesAll = settings.socket.some(({ name, value }) => name === "multicast-all" && value);
    if (!takesAll) attachFilter(descriptor, groupFilter(memberships));
  }
  for (const wanted of memberships) {
    if (descriptor !== null) joinGroup(descriptor, wanted);
    else await joinByRuntime(socket as Deno.DatagramConn, wanted); // the other kind has one
    const { group, on, sources } = wanted;
    const where = on === undefined ? "where the route leads" : `on ${on.name}`;
    const from = sources.length === 0 ? "" : `, from ${sources.join(" ")}`;
    const said = `${text}: joined ${group} ${where}${from}`;
    log.write("info", "join", said, { address: text, group, interface: on?.name ?? null, sources });
  }
}

/** Opens a client's socket. @throws {NetError} which names the source, where one was asked for */
function openFrom(
  own: string,
  source: SourceAddress | undefined,
  settings: UdpSettings,
  text: string,
  context: Context,
): DatagramSocket {
  try {
    return open(own, source?.port ?? 0, settings, text, context);
  } catch (thrown) {
    if (source === undefined) throw toNetError(thrown, "connect", text);
    throw sourceError(thrown, text, source);
  }
}

function open(
  hostname: string,
  port: number,
  settings: UdpSettings,
  text: string,
  context: Context,
): DatagramSocket {
  const native = nativeUdpNames(settings);
  if (native.length > 0) {
    context.log.write("info", "native", `${text}: a socket of our own, for ${native.join(", ")}`);
    return bindUdp(hostname, port, settings, context);
  }
  requireRuntimeDatagrams(text);
  return Deno.listenDatagram({
    transport: "udp",
    hostname,
    port,
    // Bound to the group itself, a socket gets that group's datagrams and no others.
    reuseAddress: settings.reuseaddr ?? isMulticast(hostname),
    loopback: settings.multicast.loop,
  });
}
