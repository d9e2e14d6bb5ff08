/**
 * Options of TCP endpoints.
 * @module
 */

import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import type { SocketOptionSetting } from "../core/contract.ts";
import type { OptionPhase, Options, OptionTable } from "../core/option.ts";
import { IPPROTO_TCP, TCP_NODELAY } from "../sys/constants.ts";
import { setOption } from "../sys/option.ts";
import { inetDescriptor } from "./inet_descriptor.ts";
import { multicastInterface } from "./multicast.ts";
import {
  applySocketSettings,
  backlogRow,
  confirmSettings,
  flagsGiven,
  plainSettings,
  readSocketSettings,
  settingsOf,
  socketOptionRows,
  type SocketSettings,
  writtenNames,
} from "./socket_options.ts";
import { readSource, type SourceAddress, sourceRow } from "./source_address.ts";

/**
 * What both sides take. Set on a listener, every accepted connection inherits it.
 *
 * Not here, since they would be accepted and do nothing: `rcvtimeo` and `sndtimeo`. Nothing of
 * plumb's blocks in the kernel.
 */
const commonNames = [
  "keepalive",
  "keepidle",
  "keepintvl",
  "keepcnt",
  "user-timeout",
  "linger",
  "rcvbuf",
  "sndbuf",
  "rcvlowat",
  "notsent-lowat",
  "ttl",
  "tos",
  "mark",
  "priority",
  "mtu-discover",
  "dontroute",
  "maxseg",
  "window-clamp",
  "congestion",
  "syncnt",
  "linger2",
  "oobinline",
  "cork",
  "busy-poll",
  "bindtodevice",
  "freebind",
  "transparent",
] as const;

/** Not inherited by accepted connections, or about connecting. */
const activeNames = [
  "quickack",
  "fastopen-connect",
  "ip-options",
  "reuseaddr",
  "reuseport",
  "bind-address-no-port",
] as const;

/** About accepting. */
const passiveNames = ["defer-accept", "fastopen", "v6only"] as const;

/** What `tcp://...?` takes. */
export const tcpOptions: OptionTable = [
  {
    name: "nodelay",
    kind: "flag",
    phase: "live",
    help: "send small writes at once, without Nagle's algorithm (default on: what was read is " +
      "written at once)",
  },
  {
    name: "interface",
    kind: "text",
    phase: "bind",
    placeholder: "NAME",
    help: "only traffic of this interface, by name or by one of its addresses: bindtodevice",
  },
  sourceRow,
  ...socketOptionRows(commonNames),
  ...socketOptionRows(activeNames, "active"),
  ...socketOptionRows(passiveNames, "passive"),
  backlogRow("511"),
  {
    name: "reuseaddr",
    kind: "flag",
    side: "passive",
    phase: "bind",
    help: "bind while connections of a server before it are in TIME_WAIT (default on)",
  },
  {
    name: "reuseport",
    kind: "flag",
    side: "passive",
    phase: "bind",
    help: "several processes listen on the same port and share its connections",
  },
];

/** The values of one endpoint's options, read once so that a listener reads them when it opens. */
export interface TcpSettings {
  readonly nodelay: boolean;
  /** True where closing is a reset. */
  readonly resetOnClose: boolean;
  /** How long closing waits for what was written, where that was said. */
  readonly lingerMs: number | undefined;
  /** Where a connection comes from, where that was said. */
  readonly source: SourceAddress | undefined;
  readonly socket: SocketSettings;
  /** What was given of options that are set by other means than `applyTcpSettings`. */
  readonly elsewhere: SocketSettings;
}

/**
 * Reads what applies to the connections of one side.
 *
 * @throws {NetError} kind "option" for what cannot be had on any machine, or on this one
 */
export function readTcpSettings(options: Options, side: "active" | "passive"): TcpSettings {
  // A relay reads them for each session that it opens, mostly with nothing given. Asking for forty
  // by name each time was garbage that kept 2 KiB a side of an idle relay's memory.
  if (options.given.length > 0) return readGiven(options, side);
  return defaults[side] ??= readGiven(options, side);
}

const defaults: Partial<Record<"active" | "passive", TcpSettings>> = {};

function readGiven(options: Options, side: "active" | "passive"): TcpSettings {
  const names = [...commonNames, ...(side === "active" ? activeNames : passiveNames)];
  const linger = options.number("linger");
  const device = readInterface(options);
  const socket = readSocketSettings(options, names);
  return {
    nodelay: options.flag("nodelay") ?? true,
    resetOnClose: linger === 0,
    lingerMs: linger === 0 ? undefined : linger,
    source: side === "active" ? readSource(options) : undefined,
    elsewhere: flagsGiven(options, side === "active" ? ["nodelay"] : flagsOfListener),
    socket: device === undefined
      ? socket
      : [{ name: "bindtodevice", value: device, written: "interface" }, ...socket],
  };
}

const flagsOfListener = ["nodelay", "reuseaddr", "reuseport"];

/** The name of the interface that `interface=` means. */
function readInterface(options: Options): string | undefined {
  const text = options.text("interface");
  if (text === undefined) return undefined;
  if (options.text("bindtodevice") === undefined) return multicastInterface(text).name;
  const message = "this is bindtodevice by another name: write one of them";
  throw new NetError({ kind: "option", op: "option", address: `interface=${text}`, message });
}

/** What accepted connections do not inherit (sk_clone_lock sets sk_priority to 0). */
export function uninherited(settings: TcpSettings): readonly SocketOptionSetting[] {
  return plainSettings(settings.socket.filter(({ name }) => name === "priority"));
}

/**
 * Names of what only a socket of our own can carry: the runtime has no moment before it connects,
 * binds a listener in one call, and tells no descriptor of what it accepts. What a listener's
 * connections inherit is set on it right after, before it is known to anyone.
 */
export function nativeNames(settings: TcpSettings, side: "active" | "passive"): readonly string[] {
  const phases: OptionPhase[] = side === "active" ? ["bind", "connect"] : ["bind"];
  const own = side === "active" ? [] : uninherited(settings);
  const names = writtenNames([...settingsOf(settings.socket, ...phases), ...own]);
  return settings.source === undefined ? names : ["bind", ...names];
}

/**
 * Sets the kernel's options on a connection or on a listener.
 *
 * @param remote null for a listener
 * @throws {NetError} as `applySocketSettings`
 */
export function applyTcpSettings(
  settings: TcpSettings,
  local: Deno.NetAddr,
  remote: Deno.NetAddr | null,
  text: string,
  context: Context,
): void {
  const { socket, elsewhere } = settings;
  if (socket.length + elsewhere.length === 0) return;
  const fd = inetDescriptor(local, remote);
  applySocketSettings(fd, socket, text, context);
  // Set on a listener, too: what it accepts inherits it, and it can be read there.
  if (fd !== null) setOption(fd, IPPROTO_TCP, TCP_NODELAY, settings.nodelay ? 1 : 0);
  confirmSettings(fd, elsewhere, text, context);
}
