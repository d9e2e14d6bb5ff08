/**
 * Options of UDP endpoints.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Options, OptionTable } from "../core/option.ts";
import { inetDescriptor } from "./inet_descriptor.ts";
import { type MulticastInterface, multicastInterface, sendThrough } from "./multicast.ts";
import {
  applySocketSettings,
  readSocketSettings,
  socketOptionRows,
  type SocketSettings,
} from "./socket_options.ts";

/** What the kernel takes on a datagram socket at any time. */
const liveNames = [
  "multicast-ttl",
  "multicast-all",
  "rcvbuf",
  "sndbuf",
  "ttl",
  "tos",
  "mark",
  "priority",
  "dontroute",
  "mtu-discover",
  "busy-poll",
] as const;

/** What `udp://...?` takes. */
export const udpOptions: OptionTable = [
  {
    name: "broadcast",
    kind: "flag",
    help: "allow sending to a broadcast address (default off: refused before sending)",
  },
  {
    name: "reuseaddr",
    kind: "flag",
    side: "passive",
    phase: "bind",
    help: "several sockets receive the same broadcast or multicast (default on for a group)",
  },
  {
    name: "interface",
    kind: "text",
    placeholder: "NAME",
    help: "the interface of multicast, in and out, by name or address (default: by route)",
  },
  {
    name: "join",
    kind: "text",
    side: "passive",
    repeat: true,
    placeholder: "GROUP",
    help: "receive a multicast group; a group as host is joined without it",
  },
  {
    name: "multicast-loop",
    kind: "flag",
    phase: "live",
    help: "members on this machine receive what is sent from here (default on)",
  },
  ...socketOptionRows(liveNames),
];

/** The values of one endpoint's options. */
export interface UdpSettings {
  readonly broadcast: boolean;
  readonly reuseaddr: boolean | undefined;
  readonly interface: MulticastInterface | undefined;
  readonly join: readonly string[];
  readonly multicastLoop: boolean;
  readonly socket: SocketSettings;
}

/** Reads the options of one side. @throws {NetError} where there is no such interface */
export function readUdpSettings(options: Options, side: "active" | "passive"): UdpSettings {
  const named = options.text("interface");
  return {
    broadcast: options.flag("broadcast") ?? false,
    reuseaddr: side === "passive" ? options.flag("reuseaddr") : undefined,
    interface: named === undefined ? undefined : multicastInterface(named),
    join: side === "passive" ? options.list("join") : [],
    multicastLoop: options.flag("multicast-loop") ?? true,
    socket: readSocketSettings(options, liveNames),
  };
}

/** Sets the kernel's options on a socket. @throws {NetError} as `applySocketSettings` */
export function applyUdpSettings(
  socket: Deno.DatagramConn,
  settings: UdpSettings,
  text: string,
  context: Context,
): void {
  const wantsDescriptor = settings.socket.length > 0 || settings.interface !== undefined;
  if (!wantsDescriptor) return;
  const addr = socket.addr as Deno.NetAddr;
  const fd = inetDescriptor(addr, null);
  applySocketSettings(fd, settings.socket, text, context);
  if (settings.interface !== undefined) {
    sendThrough(fd, addr.hostname.includes(":"), settings.interface);
  }
}
