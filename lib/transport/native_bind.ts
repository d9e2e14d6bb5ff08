/**
 * TCP listeners with what the runtime's own cannot have: its `listen` sets SO_REUSEADDR always,
 * and leaves no moment between socket(2) and bind(2).
 * @module
 */

import type { InetAddress } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Passive } from "../core/transport.ts";
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from "../sys/constants.ts";
import { setOption } from "../sys/option.ts";
import { NativeSocket } from "../sys/socket.ts";
import { decodeSockaddr } from "../wire/sockaddr.ts";
import { AdoptedListener } from "./adopted_listener.ts";
import { bindEach } from "./bind.ts";
import { hostPort, inetPeer } from "./peer.ts";
import {
  applySocketSettings,
  confirmSettings,
  settingsOf,
  type SocketSettings,
} from "./socket_options.ts";
import { inetSockaddr } from "./source_address.ts";
import { type TcpSettings, uninherited } from "./tcp_options.ts";

/** How the sockets are bound. */
export interface NativeBind {
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  /** As listen(2) takes it; -1 is the most that the system grants. */
  readonly backlog: number;
  /** What the runtime's own listener cannot have, for the log. */
  readonly names: readonly string[];
}

/**
 * Listens on every address of a host, as `bindEach`.
 *
 * @throws {NetError} kind "in-use" and others; nothing stays open then
 */
export async function listenNatively(
  address: InetAddress,
  how: NativeBind,
  settings: TcpSettings,
  context: Context,
): Promise<readonly Passive[]> {
  const open = (host: string, port: number) => bindOne(host, port, how, settings, context);
  const sockets = await bindEach(
    address,
    { open, portOf: (socket) => nameOf(socket).port },
    context,
  );
  const { log } = context;
  const locals = sockets.map((socket) => {
    const { host, port } = nameOf(socket);
    return inetPeer("tcp", host, port, address.zone);
  });
  for (const { text } of locals) {
    log.write("info", "native", `${text}: a socket of our own, for ${how.names.join(", ")}`);
  }
  const each = uninherited(settings);
  return locals.map((local, at): Passive => {
    const fd = sockets[at]?.release() ?? -1;
    return {
      kind: "listener",
      listener: new AdoptedListener(fd, local, context, undefined, each),
    };
  });
}

function bindOne(
  host: string,
  port: number,
  how: NativeBind,
  settings: TcpSettings,
  context: Context,
): NativeSocket {
  const [bare = host] = host.split("%");
  const family = bare.includes(":") ? AF_INET6 : AF_INET;
  const text = `tcp://${hostPort(host, port)}`;
  const socket = NativeSocket.open({ family, type: SOCK_STREAM, address: text });
  const set = (some: SocketSettings) => applySocketSettings(socket.fd, some, text, context);
  try {
    setOption(socket.fd, SOL_SOCKET, SO_REUSEADDR, how.reuseAddress ? 1 : 0);
    setOption(socket.fd, SOL_SOCKET, SO_REUSEPORT, how.reusePort ? 1 : 0);
    // As the runtime's: one socket on [::] takes IPv4 too, whatever the system's default is.
    if (family === AF_INET6) setOption(socket.fd, IPPROTO_IPV6, IPV6_V6ONLY, bare === "::" ? 0 : 1);
    set(settingsOf(settings.socket, "bind"));
    socket.bind(inetSockaddr(host, port));
    // On the listener: what it accepts inherits them (Linux).
    set(settingsOf(settings.socket, "connect", "listen", "live"));
    setOption(socket.fd, IPPROTO_TCP, TCP_NODELAY, settings.nodelay ? 1 : 0);
    confirmSettings(socket.fd, settings.elsewhere, text, context);
    socket.listen(how.backlog);
    return socket;
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
}

function nameOf(socket: NativeSocket): { readonly host: string; readonly port: number } {
  const name = decodeSockaddr(socket.localName());
  if (name.family === "unix") throw new TypeError("an internet socket was bound");
  return name;
}
