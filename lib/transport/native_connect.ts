/**
 * Connections over a socket of our own: for options that the kernel wants before it connects,
 * which the runtime's `connect` has no moment for.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { AF_INET, AF_INET6, SOCK_STREAM } from "../sys/constants.ts";
import { closeDescriptor } from "../sys/file.ts";
import { makeWake, Poller, wake } from "../sys/poll.ts";
import { NativeSocket } from "../sys/socket.ts";
import { applySocketOption } from "../sys/socket_options.ts";
import { decodeSockaddr } from "../wire/sockaddr.ts";
import { acceptedSession } from "./accepted_socket.ts";
import { inetPeer } from "./peer.ts";
import { applySocketSettings, settingsOf, type SocketSettings } from "./socket_options.ts";
import { inetSockaddr, type SourceAddress, sourceError } from "./source_address.ts";

/** How a connection is made. */
export interface NativeConnect {
  readonly settings: SocketSettings;
  readonly source: SourceAddress | undefined;
  /** The endpoint in the address language. */
  readonly text: string;
}

/**
 * Connects: each option at its phase, as its row says.
 *
 * @param host numeric, with its zone
 * @returns a connected socket that the caller owns
 * @throws {NetError} what connect(2) says; `SocketOptionError` for an option that cannot be had;
 * the signal's reason once it aborts
 */
export async function connectNatively(
  host: string,
  port: number,
  { settings, source, text }: NativeConnect,
  context: Context,
  signal: AbortSignal,
): Promise<NativeSocket> {
  signal.throwIfAborted();
  const family = host.includes(":") ? AF_INET6 : AF_INET;
  const socket = NativeSocket.open({ family, type: SOCK_STREAM, address: text });
  const set = (some: SocketSettings) => applySocketSettings(socket.fd, some, text, context);
  try {
    set(settingsOf(settings, "bind"));
    if (source !== undefined) bindSource(socket, family, source, text);
    set(settingsOf(settings, "connect"));
    if (socket.connect(inetSockaddr(host, port)) === "in-progress") {
      await writable(socket.fd, signal);
      signal.throwIfAborted();
      const error = socket.takeError();
      if (error !== null) throw error;
    }
    set(settingsOf(settings, "live"));
    return socket;
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
}

/** @throws {NetError} EADDRNOTAVAIL, EADDRINUSE, EACCES */
function bindSource(socket: NativeSocket, family: number, source: SourceAddress, text: string) {
  const { host, port } = source;
  // Or bind(2) takes a port that no other connection from there may have, whoever its peer is.
  if (port === 0) applySocketOption(socket.fd, "bind-address-no-port", true);
  try {
    socket.bind(inetSockaddr(host ?? (family === AF_INET6 ? "::" : "0.0.0.0"), port));
  } catch (thrown) {
    throw sourceError(thrown, text, source);
  }
}

/** Waits until an attempt is over, or the signal aborts. */
async function writable(fd: number, signal: AbortSignal): Promise<void> {
  const stop = makeWake();
  const poller = new Poller([stop], [fd]);
  const abort = () => wake(stop);
  signal.addEventListener("abort", abort, { once: true });
  try {
    while (!signal.aborted && (await poller.wait()).length === 0);
  } finally {
    signal.removeEventListener("abort", abort);
    await poller.close();
    closeDescriptor(stop);
  }
}

/**
 * Makes a session of a connected socket, which owns it from here on.
 *
 * @param host what was connected to, numeric: the kernel tells a zone by number only, and under
 * `fastopen-connect` no peer at all before the first write
 * @throws where the runtime cannot use the descriptor; the caller still owns the socket then
 */
export function connectedSession(
  socket: NativeSocket,
  { host, port }: { readonly host: string; readonly port: number },
  context: Context,
): Duplex {
  const local = decodeSockaddr(socket.localName());
  if (local.family === "unix") throw new TypeError("not an internet socket");
  const zone = host.split("%")[1];
  const ends = {
    local: inetPeer("tcp", local.host, local.port, zone),
    remote: inetPeer("tcp", host, port),
  };
  return acceptedSession(socket, ends, context);
}
