/**
 * A connection that libc's accept4 took, as a session: for processes and threads that accept from
 * one listener. The runtime's own accept gives sockets that cannot leave the thread they came to.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { peerCredentials } from "../sys/credentials.ts";
import { unlinger } from "../sys/descriptor.ts";
import { undeliveredBytes, unsentBytes } from "../sys/queue.ts";
import { resetNow } from "../sys/reset.ts";
import type { NativeSocket } from "../sys/socket.ts";
import { readSocketOption } from "../sys/socket_options.ts";
import { decodeSockaddr } from "../wire/sockaddr.ts";
import { NativeStream } from "./native_stream.ts";
import { inetPeer } from "./peer.ts";
import { type SocketPowers, SocketSession } from "./socket.ts";

/** The two ends of an accepted connection. */
export interface AcceptedEnds {
  readonly local: Peer;
  readonly remote: Peer;
}

/**
 * Who came, and where.
 *
 * @param listener where it was accepted: what a Unix connection is called, on both sides
 * @throws {NetError} kind "reset" where the client has gone already
 */
export function endsOf(socket: NativeSocket, listener: Peer): AcceptedEnds {
  const local = decodeSockaddr(socket.localName());
  if (local.family === "unix") {
    const credentials = peerCredentials(socket.fd);
    return { local: listener, remote: { ...listener, credentials } };
  }
  const name = socket.remoteName();
  const remote = name === null ? null : decodeSockaddr(name);
  if (remote === null || remote.family === "unix") throw socket.takeError("accept") ?? gone();
  // The zone of a link-local address is the listener's: the kernel tells a number of it only.
  const zone = listener.host?.split("%")[1];
  return {
    local: inetPeer("tcp", local.host, local.port, zone),
    remote: inetPeer("tcp", remote.host, remote.port, zone),
  };
}

function gone(): Error {
  return Object.assign(new Error("not connected"), { code: "ENOTCONN" });
}

/** Makes a session of an accepted connection; it owns the socket from here on. */
export function acceptedSession(
  socket: NativeSocket,
  { local, remote }: AcceptedEnds,
  context: Context,
): Duplex {
  const { fd } = socket;
  const isInet = remote.host !== undefined;
  const lingerMs = isInet ? lingerOf(fd) : false;
  // Once it is closed its number is somebody else's.
  const isUsable = () => isInet && !socket.closed;
  const powers: SocketPowers = {
    resets: isInet,
    reset: () => void (isUsable() && resetNow(fd)),
    unacknowledged: () => isUsable() ? undeliveredBytes(fd) : null,
    unsent: () => isUsable() ? unsentBytes(fd) : null,
    unlinger: () => void (isUsable() && unlinger(fd)),
  };
  return new SocketSession(new NativeStream(socket), {
    local,
    remote,
    context,
    powers,
    ...(lingerMs === false ? {} : lingerMs === 0 ? { resetOnClose: true } : { lingerMs }),
  });
}

/** What `linger=` set on it, or on the listener that it was inherited from; ms, false for off. */
function lingerOf(fd: number): number | false {
  const value = readSocketOption(fd, "linger");
  return typeof value === "number" ? value : false;
}
