/**
 * Options of UDP endpoints.
 * @module
 */

import type { InetAddress } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import type { Options, OptionTable } from "../core/option.ts";
import { AF_INET, AF_INET6 } from "../sys/constants.ts";
import { applySocketOption } from "../sys/socket_options.ts";
import { broadcastThrough, ownGroupsOnly, sendThrough } from "./multicast.ts";
import { multicastRows, type MulticastSettings, readMulticast } from "./multicast_options.ts";
import {
  applySocketSettings,
  confirmSettings,
  flagsGiven,
  readSocketSettings,
  settingsOf,
  socketOptionRows,
  type SocketSettings,
} from "./socket_options.ts";
import { readSource, type SourceAddress, sourceRow } from "./source_address.ts";

/**
 * What the kernel takes on a datagram socket. Not here: `recverr`, which plumb switches on by
 * itself, and `rcvtimeo`, `sndtimeo`: nothing of plumb's blocks in the kernel.
 */
const commonNames = [
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
  "ip-options",
  "bindtodevice",
  "freebind",
  "transparent",
  "reuseport",
] as const;

/** About receiving from whoever sends. */
const passiveNames = ["v6only"] as const;

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
    name: "any-peer",
    kind: "choice",
    choices: ["take", "follow", "off"],
    bare: "take",
    side: "active",
    help: "take answers from other addresses than the peer's, and say from where (default for a " +
      "group and for broadcast); follow: send on to whoever answered first, as TFTP does",
  },
  ...multicastRows,
  sourceRow,
  ...socketOptionRows(commonNames),
  ...socketOptionRows(passiveNames, "passive"),
];

/** Whose answers a client takes. */
export type AnyPeer = "take" | "follow" | "off";

/** The values of one endpoint's options. */
export interface UdpSettings {
  readonly broadcast: boolean;
  readonly reuseaddr: boolean | undefined;
  readonly anyPeer: AnyPeer | undefined;
  readonly multicast: MulticastSettings;
  /** Where a client is bound, where that was said. */
  readonly source: SourceAddress | undefined;
  readonly socket: SocketSettings;
  /** What was given of options that are set by other means than `applySocketSettings`. */
  readonly elsewhere: SocketSettings;
}

const flags = ["broadcast", "multicast-loop"];

/** Reads the options of one side. @throws {NetError} kind "option", as `readMulticast` */
export function readUdpSettings(
  options: Options,
  side: "active" | "passive",
  address: InetAddress,
): UdpSettings {
  return {
    broadcast: options.flag("broadcast") ?? false,
    reuseaddr: side === "passive" ? options.flag("reuseaddr") : undefined,
    anyPeer: side === "active" ? options.text("any-peer") as AnyPeer | undefined : undefined,
    multicast: readMulticast(options, side, address),
    source: side === "active" ? readSource(options) : undefined,
    elsewhere: flagsGiven(options, side === "active" ? flags : [...flags, "reuseaddr"]),
    socket: readSocketSettings(
      options,
      side === "active" ? commonNames : [...commonNames, ...passiveNames],
    ),
  };
}

/** Names of what must be set before bind(2), and so on a socket of our own. */
export function nativeUdpNames({ socket }: UdpSettings): readonly string[] {
  return settingsOf(socket, "bind").map(({ name }) => name);
}

/**
 * Sets the kernel's options on a socket that is bound.
 *
 * @param fd null where it cannot be reached: an error if anything was asked for
 * @param host what it is bound to
 * @throws {NetError} as `applySocketSettings`
 */
export function applyUdpSettings(
  fd: number | null,
  host: string,
  settings: UdpSettings,
  text: string,
  context: Context,
): void {
  const { broadcast, multicast: { interface: on, loop }, socket } = settings;
  const family = host.includes(":") ? AF_INET6 : AF_INET;
  // First, so that the option multicast-all has the last word.
  if (fd !== null) ownGroupsOnly(fd, family);
  applySocketSettings(fd, settingsOf(socket, "connect", "live"), text, context);
  // The runtime sets it for one family, and a dual-stack socket sends to groups of both.
  if (fd !== null && !loop) applySocketOption(fd, "multicast-loop", false);
  confirmSettings(fd, settings.elsewhere, text, context);
  if (on === undefined) return;
  if (fd === null) throw withoutDescriptor("interface");
  sendThrough(fd, family, on);
  if (broadcast) broadcastThrough(fd, on);
  const { name, index } = on;
  const said = `${text}: interface is ${name} (number ${index})`;
  context.log.write("info", "option", said, { name: "interface", value: name, index });
}

function withoutDescriptor(address: string): NetError {
  return new NetError({
    kind: "unavailable",
    op: "option",
    address,
    message: "the socket's descriptor cannot be reached",
    hint: "choosing an interface needs --allow-ffi",
  });
}
