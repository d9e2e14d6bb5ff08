/**
 * A socket of the kind that an address opens, with its options, before it is bound or connected to
 * anything: for looking at what the kernel makes of them.
 * @module
 */

import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import { NetError, systemCode } from "../core/error.ts";
import type { Options } from "../core/option.ts";
import { formatAddress } from "../address/format.ts";
import { bindOptions } from "../address/options.ts";
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from "../sys/constants.ts";
import type { SocketKind } from "../sys/option_row.ts";
import { NativeSocket } from "../sys/socket.ts";
import { applySocketOption } from "../sys/socket_options.ts";
import { readUnixSettings } from "./native_unix.ts";
import { resolveHost } from "./resolve.ts";
import { applySocketSettings, settingsOf } from "./socket_options.ts";
import { hostsFrom, readSource } from "./source_address.ts";
import { readTcpSettings, tcpOptions } from "./tcp_options.ts";
import { applyUdpSettings, readUdpSettings, udpOptions } from "./udp_options.ts";
import { readUnixgramSettings, unixgramTransport } from "./unixgram.ts";
import { unixTransport } from "./unix.ts";

/** Schemes that are a socket of the kernel's, and nothing more. */
const kinds = { tcp: "tcp", udp: "udp", unix: "unix", unixgram: "unixgram" } as const;

/** A socket that is bound to nothing; the caller closes it. */
export interface Unconnected {
  readonly socket: NativeSocket;
  readonly kind: SocketKind;
  /** AF_INET, AF_INET6 or AF_UNIX. */
  readonly family: number;
}

/** The kind of socket that an address opens, or null where it opens none by itself. */
export function socketKind({ scheme }: Address): SocketKind | null {
  return Object.hasOwn(kinds, scheme) ? kinds[scheme as keyof typeof kinds] : null;
}

/** Makes a plain socket of a kind. @throws {NetError} kind "unavailable" where there is none */
export function plainSocket(kind: SocketKind, family: number): NativeSocket {
  const type = kind === "tcp" || kind === "unix" ? SOCK_STREAM : SOCK_DGRAM;
  return NativeSocket.open({ family, type });
}

/**
 * Makes the socket and sets the options of the address, as opening it would. A name is resolved,
 * since the family of its first address decides which options there are; nothing is sent.
 *
 * @throws {NetError} kind "usage" for an address without a socket; as opening it would
 */
export async function unconnectedSocket(address: Address, context: Context): Promise<Unconnected> {
  const kind = socketKind(address);
  if (address.scheme === "unix" || address.scheme === "unixgram") {
    const socket = plainSocket(kind ?? "unix", AF_UNIX);
    const table = address.scheme === "unix" ? unixTransport.options : unixgramTransport.options;
    const options = bindOptions(address, table);
    const settings = kind === "unix" ? readUnixSettings(options) : readUnixgramSettings(options);
    return configured({ socket, kind: kind ?? "unix", family: AF_UNIX }, () => {
      applySocketSettings(socket.fd, settings, formatAddress(address), context);
    });
  }
  if (address.scheme === "tcp" || address.scheme === "udp") {
    const { scheme } = address;
    const options = bindOptions(address, scheme === "tcp" ? tcpOptions : udpOptions);
    const made = await inetSocket(address, scheme, options, context);
    return configured(made, () => {
      if (scheme === "tcp") applyTcp(made, address, options, context);
      else applyUdp(made, address, options, context);
    });
  }
  const message = "this opens no socket whose options could be read";
  const hint = "tcp, udp, unix and unixgram do";
  const text = formatAddress(address);
  throw new NetError({ kind: "usage", op: "options", address: text, message, hint });
}

function configured(made: Unconnected, configure: () => void): Unconnected {
  try {
    configure();
    return made;
  } catch (thrown) {
    made.socket.close();
    throw thrown;
  }
}

type Inet = Extract<Address, { readonly scheme: "tcp" | "udp" }>;

async function inetSocket(
  { host, passive }: Inet,
  kind: "tcp" | "udp",
  options: Options,
  context: Context,
): Promise<Unconnected> {
  if (host === "" && passive) {
    try {
      return { socket: plainSocket(kind, AF_INET6), kind, family: AF_INET6 }; // as bindEach does
    } catch (thrown) {
      if (systemCode(thrown) !== "EAFNOSUPPORT") throw thrown;
    }
    return { socket: plainSocket(kind, AF_INET), kind, family: AF_INET };
  }
  const hosts = await resolveHost(host, context);
  const [first] = passive ? hosts : hostsFrom(readSource(options), hosts);
  const family = first?.family === 6 ? AF_INET6 : AF_INET;
  return { socket: plainSocket(kind, family), kind, family };
}

function applyTcp({ socket }: Unconnected, address: Inet, options: Options, context: Context) {
  const side = address.passive ? "passive" : "active";
  const settings = readTcpSettings(options, side);
  applySocketSettings(socket.fd, settings.socket, formatAddress(address), context);
  applySocketOption(socket.fd, "nodelay", settings.nodelay);
  if (side === "active") return;
  applySocketOption(socket.fd, "reuseaddr", options.flag("reuseaddr") ?? true);
  applySocketOption(socket.fd, "reuseport", options.flag("reuseport") ?? false);
}

function applyUdp(made: Unconnected, address: Inet, options: Options, context: Context) {
  const { fd } = made.socket;
  const settings = readUdpSettings(options, address.passive ? "passive" : "active", address);
  const text = formatAddress(address);
  applySocketSettings(fd, settingsOf(settings.socket, "bind"), text, context);
  applyUdpSettings(fd, made.family === AF_INET6 ? "::" : "0.0.0.0", settings, text, context);
  if (settings.reuseaddr !== undefined) applySocketOption(fd, "reuseaddr", settings.reuseaddr);
  if (settings.broadcast) applySocketOption(fd, "broadcast", true);
}
