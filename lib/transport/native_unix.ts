/**
 * Unix stream sockets of our own, for socket options: the runtime tells no descriptor of a
 * connection, and what `accept` gives has inherited nothing (unix_stream_connect makes it anew).
 * @module
 */

import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import type { Options } from "../core/option.ts";
import { AF_UNIX, SOCK_STREAM } from "../sys/constants.ts";
import { NativeSocket } from "../sys/socket.ts";
import { encodeSockaddr } from "../wire/sockaddr.ts";
import { acceptedSession } from "./accepted_socket.ts";
import { AdoptedListener } from "./adopted_listener.ts";
import {
  applySocketSettings,
  plainSettings,
  readSocketSettings,
  socketOptionRows,
  type SocketSettings,
} from "./socket_options.ts";
import type { Published } from "./unix_publish.ts";

/**
 * What has an effect on Unix streams. Not here: `rcvbuf`, which they do not have (unix(7)), and
 * what is about packets.
 */
const names = ["sndbuf", "rcvlowat"] as const;

/** Their rows. */
export const unixSocketOptions = socketOptionRows(names);

/** Those that were given; none: a socket of the runtime will do. @throws {NetError} "option" */
export function readUnixSettings(options: Options): SocketSettings {
  return readSocketSettings(options, names);
}

/** The pause before a full backlog is tried again, ms: nothing tells when there is room. */
const retryMs = 10;

/**
 * Connects.
 *
 * @param name as the kernel has it: abstract ones begin with NUL
 * @throws {NetError} what connect(2) says; the signal's reason once it aborts
 */
export async function connectUnix(
  name: string,
  peer: Peer,
  settings: SocketSettings,
  context: Context,
): Promise<Duplex> {
  context.signal.throwIfAborted();
  sayNative(peer, settings, context);
  const socket = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM, address: peer.text });
  try {
    applySocketSettings(socket.fd, settings, peer.text, context);
    const sockaddr = encodeSockaddr({ family: "unix", path: name });
    while (socket.connect(sockaddr) === "again") {
      await sleep(context.clock, retryMs, context.signal);
    }
    return acceptedSession(socket, { local: peer, remote: peer }, context);
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
}

/** Binds and listens; the options are tried on the listener, though they do nothing there. */
export function bindUnix(
  name: string,
  backlog: number,
  peer: Peer,
  settings: SocketSettings,
  context: Context,
): NativeSocket {
  sayNative(peer, settings, context);
  const socket = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM, address: peer.text });
  try {
    applySocketSettings(socket.fd, settings, peer.text, context);
    socket.bind(encodeSockaddr({ family: "unix", path: name }));
    socket.listen(backlog);
    return socket;
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
}

/** A listener whose connections get the options; it owns the socket. */
export function unixListener(
  { socket, remove }: Published<NativeSocket>,
  local: Peer,
  settings: SocketSettings,
  context: Context,
  unlink: boolean,
): AdoptedListener {
  const closed = unlink ? remove : undefined;
  return new AdoptedListener(socket.release(), local, context, closed, plainSettings(settings));
}

function sayNative({ text }: Peer, settings: SocketSettings, { log }: Context): void {
  const given = settings.map(({ name }) => name).join(", ");
  log.write("info", "native", `${text}: a socket of our own, for ${given}`);
}
