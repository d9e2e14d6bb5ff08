/**
 * `tcp://host:port`: stream sockets over IPv4 and IPv6.
 * @module
 */

import type { InetAddress } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { toNetError } from "../core/error.ts";
import type { OpenRequest, Passive, Transport } from "../core/transport.ts";
import { IPPROTO_TCP, TCP_NODELAY } from "../sys/constants.ts";
import { resetOnClose } from "../sys/descriptor.ts";
import { setOption } from "../sys/option.ts";
import type { NativeSocket } from "../sys/socket.ts";
import { SocketOptionError } from "../sys/socket_options.ts";
import { connectError } from "./attempt.ts";
import { interleave, raceAttempts } from "./happy.ts";
import { inetDescriptor } from "./inet_descriptor.ts";
import { listenNatively } from "./native_bind.ts";
import { connectedSession, connectNatively } from "./native_connect.ts";
import { hostPort, inetPeer } from "./peer.ts";
import { type ResolvedHost, resolveHost } from "./resolve.ts";
import { TcpPowers } from "./tcp_powers.ts";
import { SocketListener } from "./listener.ts";
import { confirmSettings } from "./socket_options.ts";
import { SocketSession } from "./socket.ts";
import { hostsFrom, saySource } from "./source_address.ts";
import {
  applyTcpSettings,
  nativeNames,
  readTcpSettings,
  tcpOptions,
  type TcpSettings,
} from "./tcp_options.ts";
import { bindEach } from "./bind.ts";
import { checkZone } from "./zone.ts";

/** The transport of `tcp://`. */
export const tcpTransport: Transport<InetAddress> = {
  scheme: "tcp",
  permissions: ["net"],
  network: true,
  options: tcpOptions,
  help: {
    forms: ["tcp://HOST:PORT", "HOST:PORT", ":PORT"],
    summary: "TCP; an empty host is localhost, or every address when listening",
    examples: ["tcp://db.example:5432", "listen:tcp://127.0.0.1:0", "tcp://[::1]:80?keepalive=30s"],
  },
  connect,
  listen,
};

async function connect(request: OpenRequest<InetAddress>): Promise<Duplex> {
  const { address, options, context } = request;
  const settings = readTcpSettings(options, "active");
  const text = `tcp://${hostPort(zoned(address), address.port)}`;
  checkZone(address, hasInterface(settings), { op: "connect", address: text });
  const hosts = hostsFrom(settings.source, interleave(await resolveHost(zoned(address), context)));
  const names = nativeNames(settings, "active");
  if (names.length === 0) return await dial(hosts, runtimeDialer(address, settings, text, context));
  context.log.write("info", "native", `${text}: a socket of our own, for ${names.join(", ")}`);
  return await dial(hosts, nativeDialer(address, settings, text, context));
}

/** One of the two ways to connect. */
interface Dialer<S extends { close(): void }> {
  readonly text: string;
  readonly port: number;
  readonly context: Context;
  /** Connects to a numeric host. */
  attempt(host: string, signal: AbortSignal): Promise<S>;
  /** Makes a session of what won, which owns it from here on unless this throws. */
  session(socket: S, host: string): Duplex;
}

function runtimeDialer(
  { port, zone }: InetAddress,
  settings: TcpSettings,
  text: string,
  context: Context,
): Dialer<Deno.TcpConn> {
  return {
    text,
    port,
    context,
    attempt: (hostname, signal) => Deno.connect({ hostname, port, signal }),
    session(conn) {
      applyTcpSettings(settings, conn.localAddr, conn.remoteAddr, text, context);
      return session(conn, settings, zone, context);
    },
  };
}

function nativeDialer(
  { port }: InetAddress,
  settings: TcpSettings,
  text: string,
  context: Context,
): Dialer<NativeSocket> {
  const how = { settings: settings.socket, source: settings.source, text };
  return {
    text,
    port,
    context,
    attempt: (host, signal) => connectNatively(host, port, how, context, signal),
    session(socket, host) {
      setOption(socket.fd, IPPROTO_TCP, TCP_NODELAY, settings.nodelay ? 1 : 0);
      confirmSettings(socket.fd, settings.elsewhere, text, context);
      const session = connectedSession(socket, { host, port }, context);
      if (settings.source !== undefined) saySource(text, session.local, context);
      return session;
    },
  };
}

async function dial<S extends { close(): void }>(
  hosts: readonly ResolvedHost[],
  { text, port, context, attempt, session }: Dialer<S>,
): Promise<Duplex> {
  const race = await raceAttempts<ResolvedHost, S>(hosts, {
    attempt({ host }, signal) {
      const failed = context.attempts?.begin(hostPort(host, port));
      const made = attempt(host, signal);
      if (failed === undefined) return made;
      return made.catch((thrown) => {
        failed(toNetError(thrown, "connect", text));
        throw thrown;
      });
    },
    discard: (late) => late.close(),
  }, context);
  if (!race.won) {
    const tried = race.failed.map(({ candidate, ...attempt }) => {
      return { ...attempt, address: hostPort(candidate.host, port) };
    });
    // An option that cannot be had says nothing about the peer.
    const refused = tried.find(({ thrown }) => thrown instanceof SocketOptionError);
    throw refused?.thrown ?? connectError(text, tried);
  }
  try {
    return session(race.value, race.candidate.host);
  } catch (thrown) {
    race.value.close();
    throw toNetError(thrown, "connect", text);
  }
}

async function listen(request: OpenRequest<InetAddress>): Promise<readonly Passive[]> {
  const { address, options, context } = request;
  const settings = readTcpSettings(options, "passive");
  const text = `tcp://${hostPort(zoned(address), address.port)}`;
  checkZone(address, hasInterface(settings), { op: "listen", address: text });
  const backlog = options.number("backlog");
  const reusePort = options.flag("reuseport");
  const reuseAddress = options.flag("reuseaddr") ?? true;
  const names = [...(reuseAddress ? [] : ["reuseaddr=no"]), ...nativeNames(settings, "passive")];
  if (names.length > 0) {
    const how = { reuseAddress, reusePort: reusePort ?? false, backlog: backlog ?? -1, names };
    return await listenNatively(address, how, settings, context);
  }
  // The runtime hands it to listen(2) as it is, and the kernel takes the most that it grants.
  const tcpBacklog = backlog === -1 ? 2 ** 31 - 1 : backlog;
  const open = (hostname: string, port: number) =>
    Deno.listen({
      hostname,
      port,
      ...(tcpBacklog === undefined ? {} : { tcpBacklog }),
      ...(reusePort === undefined ? {} : { reusePort }),
    });
  const sockets = await bindEach(address, { open, portOf: (socket) => socket.addr.port }, context);
  const locals = sockets.map(({ addr }) => {
    return inetPeer("tcp", addr.hostname, addr.port, address.zone);
  });
  try {
    for (const [at, { addr }] of sockets.entries()) {
      applyTcpSettings(settings, addr, null, locals[at]?.text ?? "", context);
    }
  } catch (thrown) {
    for (const socket of sockets) socket.close();
    throw thrown;
  }
  return sockets.map((socket, at) => {
    const local = locals[at] ??
      inetPeer("tcp", socket.addr.hostname, socket.addr.port, address.zone);
    const listener = new SocketListener<Deno.TcpConn>(socket, {
      local,
      session: (conn) => session(conn, settings, address.zone, context, local),
      descriptor: () => sharedDescriptor(socket.addr, settings),
    });
    return { kind: "listener", listener };
  });
}

/**
 * The descriptor of a listener that others accept from. What `session` does for each connection is
 * set on the listener instead: accepted sockets inherit it (Linux; tcp(7), socket(7)).
 */
function sharedDescriptor(local: Deno.NetAddr, settings: TcpSettings): number | null {
  const fd = inetDescriptor(local, null);
  if (fd === null) return null;
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, settings.nodelay ? 1 : 0);
  if (settings.resetOnClose) resetOnClose(fd);
  return fd;
}

/**
 * Makes a session of a connection, which owns it from here on.
 *
 * @param listener where it came in, if it was accepted
 */
function session(
  conn: Deno.TcpConn,
  settings: TcpSettings,
  zone: string | undefined,
  context: Context,
  listener?: Peer,
): Duplex {
  conn.setNoDelay(settings.nodelay);
  const { localAddr, remoteAddr } = conn;
  const own = inetPeer("tcp", localAddr.hostname, localAddr.port, zone);
  return new SocketSession(conn, {
    // One value for all that came in at one address: there may be thousands.
    local: own.text === listener?.text ? listener : own,
    remote: inetPeer("tcp", remoteAddr.hostname, remoteAddr.port, zone),
    context,
    powers: new TcpPowers(localAddr, remoteAddr),
    resetOnClose: settings.resetOnClose,
    ...(settings.lingerMs === undefined ? {} : { lingerMs: settings.lingerMs }),
  });
}

/** True where it comes from, or is bound to, one interface: a link-local address is meant there. */
function hasInterface({ socket, source }: TcpSettings): boolean {
  return socket.some(({ name }) => name === "bindtodevice") || source?.host?.includes("%") === true;
}

/** The host with its zone, as getaddrinfo(3) and the kernel take it. */
function zoned(address: InetAddress): string {
  return address.zone === undefined ? address.host : `${address.host}%${address.zone}`;
}
