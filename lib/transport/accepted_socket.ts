/**
 * A connection that libc's accept4 took, as a session: for processes and threads that accept from
 * one listener. The runtime's own accept gives sockets that cannot leave the thread they came to.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { peerCredentials } from "../sys/credentials.ts";
import { SO_LINGER, SOL_SOCKET } from "../sys/constants.ts";
import { getOption } from "../sys/option.ts";
import { unacknowledgedBytes } from "../sys/queue.ts";
import { resetNow } from "../sys/reset.ts";
import type { NativeSocket } from "../sys/socket.ts";
import { decodeSockaddr } from "../wire/sockaddr.ts";
import { NodeSocket } from "./node_socket.ts";
import { inetPeer } from "./peer.ts";
import { SocketSession, type StreamSocket } from "./socket.ts";

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

/**
 * Makes a session of an accepted connection; it owns the socket from here on.
 *
 * @throws where the runtime cannot use the descriptor; the caller still owns it then
 */
export function acceptedSession(
  socket: NativeSocket,
  { local, remote }: AcceptedEnds,
  context: Context,
): Duplex {
  const { fd } = socket;
  const isInet = local.host !== undefined;
  const resetOnClose = isInet && lingersNot(fd);
  const node = new NodeSocket(fd, { readable: true, writable: true });
  socket.release();
  const powers = {
    resets: isInet,
    reset: () => isInet && resetNow(fd),
    unacknowledged: () => isInet ? unacknowledgedBytes(fd) : null,
  };
  return new SocketSession(streamSocket(node), { local, remote, context, powers, resetOnClose });
}

/** True where `linger=0s` of the listener was inherited: struct linger { l_onoff, l_linger }. */
function lingersNot(fd: number): boolean {
  const value = getOption(fd, SOL_SOCKET, SO_LINGER, 8);
  return new Int32Array(value.buffer, value.byteOffset, 2).join() === "1,0";
}

function streamSocket(node: NodeSocket): StreamSocket {
  const { source, sink } = node;
  return {
    read: (into) => source.read(into),
    write: (chunk) => sink.write(chunk).then(() => chunk.length),
    closeWrite: () => sink.end(),
    close: () => source.close(),
  };
}
