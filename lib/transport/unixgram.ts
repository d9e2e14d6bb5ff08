/**
 * `unixgram:/path` and `unixgram:@name`: Unix datagram sockets.
 * @module
 */

import type { PathAddress } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { systemCode, toNetError } from "../core/error.ts";
import type { Options, OptionTable } from "../core/option.ts";
import type { OpenRequest, Passive, Transport } from "../core/transport.ts";
import { AF_UNIX, SOCK_DGRAM } from "../sys/constants.ts";
import { findDescriptor } from "../sys/descriptor.ts";
import { hasLibc } from "../sys/libc.ts";
import { NativeSocket } from "../sys/socket.ts";
import { withUmask } from "../sys/umask.ts";
import { decodeSockaddr, encodeSockaddr } from "../wire/sockaddr.ts";
import { identify } from "./file_identity.ts";
import { folderTurn } from "../sys/folder_turn.ts";
import { requireRuntimeDatagrams } from "./runtime_datagrams.ts";
import {
  applyFileSettings,
  fileOptions,
  type FileSettings,
  readFileSettings,
} from "./socket_file.ts";
import {
  applySocketSettings,
  readSocketSettings,
  socketOptionRows,
  type SocketSettings,
} from "./socket_options.ts";
import { UdpSession } from "./udp_session.ts";
import { bindAbstract } from "./unix.ts";
import { socketName, unixPeer } from "./unix_peer.ts";
import { UnixDatagramSocket, unixgramPeer } from "./unixgram_socket.ts";
import { type Published, removeIfSame, staleSocket } from "./unix_publish.ts";
import { type OwnName, ownNameRow, readOwnName, temporaryFolder } from "./unixgram_name.ts";

/** What has an effect: it bounds one message. The receiver's queue is counted in messages. */
const socketNames = ["sndbuf"] as const;

const unixgramOptions: OptionTable = [
  ...fileOptions,
  ...socketOptionRows(socketNames),
  ownNameRow,
  {
    name: "unlink",
    kind: "flag",
    side: "passive",
    help: "remove the path when the socket closes, if it is still its own (default on)",
  },
];

/** A client's path is made as the system makes it. */
const noFileSettings: FileSettings = { mode: null, user: null, group: null };

/** The socket options that were given. @throws {NetError} kind "option" */
export function readUnixgramSettings(options: Options): SocketSettings {
  return readSocketSettings(options, socketNames);
}

/** The transport of `unixgram:`. */
export const unixgramTransport: Transport<PathAddress> = {
  scheme: "unixgram",
  permissions: ["read", "write", "ffi", "sys"],
  network: false,
  options: unixgramOptions,
  help: {
    forms: ["unixgram:PATH", "unixgram:@NAME"],
    summary: "Unix datagram socket by path, or abstract by name",
    examples: ["unixgram:/dev/log", "listen:unixgram:/run/app.sock?mode=0622"],
  },
  connect,
  listen,
};

/**
 * A client. It is bound, so that it can be answered: unless told otherwise to an abstract name that
 * the kernel picks (unix(7), autobind), because a path would be left behind by a kill.
 */
async function connect(request: OpenRequest<PathAddress>): Promise<Duplex> {
  const { address, options, context } = request;
  const remote = unixPeer(address);
  const settings = readUnixgramSettings(options);
  const name = readOwnName(options);
  context.signal.throwIfAborted();
  const boundAs = receiverName(socketName(address), remote.text);
  const { socket, boundPath, remove } = await bindOwnName(name, settings, remote.text, context);
  const datagrams = new UnixDatagramSocket(socket, boundPath, context, remove);
  const { maximumMessage } = datagrams;
  const signs = boundAs === null ? {} : { signsAs: unixgramPeer(boundAs).text };
  return new UdpSession(datagrams, remote, context, { maximumMessage, ...signs });
}

async function bindOwnName(
  own: OwnName,
  settings: SocketSettings,
  text: string,
  context: Context,
): Promise<Published<Deno.DatagramConn>> {
  switch (own.kind) {
    case "auto": {
      const socket = openWith("", settings, text, context);
      return { socket, boundPath: nameOf(socket), remove: () => {} };
    }
    case "abstract": {
      const boundPath = `\0${own.name}`;
      return { socket: openWith(boundPath, settings, text, context), boundPath, remove: () => {} };
    }
    case "path":
      return await bindPath(own.name, text, noFileSettings, settings, context);
    case "temporary": {
      const folder = await temporaryFolder(context);
      try {
        // The folder keeps others out; within it the server may be of any user.
        const file = { ...noFileSettings, mode: 0o666 };
        const bound = await bindPath(`${folder.path}/socket`, text, file, settings, context);
        return { ...bound, remove: folder.remove };
      } catch (thrown) {
        folder.remove();
        throw thrown;
      }
    }
  }
}

async function listen(request: OpenRequest<PathAddress>): Promise<readonly Passive[]> {
  const { address, options, context } = request;
  const { text } = unixPeer(address);
  const settings = readFileSettings(options);
  const socketSettings = readUnixgramSettings(options);
  const unlink = options.flag("unlink") ?? true;
  context.signal.throwIfAborted();
  const bind = (name: string) => openWith(name, socketSettings, text, context);
  const { socket, boundPath, remove } = address.abstract === true
    ? bindAbstract(address, bind, settings)
    : await bindPath(address.path, text, settings, socketSettings, context);
  const closed = unlink ? remove : undefined;
  const datagrams = new UnixDatagramSocket(socket, boundPath, context, closed);
  return [{ kind: "datagrams", datagrams }];
}

/**
 * Binds at the path itself, unlike stream sockets (unix_publish.ts): the name that a datagram
 * socket was bound to is what its peers answer to. It is complete with bind(2), so that it cannot
 * be taken for stale; its mode is made by the umask.
 *
 * @throws {NetError} kind "in-use" for anything but a stale socket
 */
async function bindPath(
  path: string,
  text: string,
  settings: FileSettings,
  socketSettings: SocketSettings,
  context: Context,
) {
  const absolute = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  using _turn = await folderTurn(absolute.slice(0, absolute.lastIndexOf("/") + 1), context);
  const stale = await staleSocket(path, text);
  if (stale !== null) removeIfSame(path, stale);
  const { mode } = settings;
  const bind = () => open(path, text, "listen");
  const socket = mode === null ? bind() : withUmask(~mode & 0o777, bind);
  try {
    configure(socket, socketSettings, text, context);
    applyFileSettings(path, settings, text, context);
    const mine = identify(await Deno.lstat(path));
    return { socket, boundPath: path, remove: () => removeIfSame(absolute, mine) };
  } catch (thrown) {
    socket.close();
    await Deno.remove(path);
    throw toNetError(thrown, "listen", text);
  }
}

function open(name: string, text: string, op: "open" | "listen" = "open"): Deno.DatagramConn {
  requireRuntimeDatagrams(text);
  try {
    return Deno.listenDatagram({ transport: "unixpacket", path: name });
  } catch (thrown) {
    throw toNetError(thrown, op, text);
  }
}

/** Opens a socket with its options, or nothing. */
function openWith(name: string, settings: SocketSettings, text: string, context: Context) {
  const socket = open(name, text);
  try {
    configure(socket, settings, text, context);
    return socket;
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
}

function configure(
  socket: Deno.DatagramConn,
  settings: SocketSettings,
  text: string,
  context: Context,
): void {
  if (settings.length === 0) return;
  const name = encodeSockaddr({ family: "unix", path: nameOf(socket) });
  applySocketSettings(findDescriptor(name, null, SOCK_DGRAM), settings, text, context);
}

function nameOf(socket: Deno.DatagramConn): string {
  return (socket.addr as Deno.UnixAddr).path ?? "";
}

/**
 * Asks the kernel whether somebody receives there: the first datagram would be too late to say
 * so (exit status 3 is of opening). Without FFI nobody asks.
 *
 * @returns the name that the receiver was bound to, which is what its answers come from: of a path
 * that we write in another way (relative, through a link), or null where that cannot be known
 */
function receiverName(name: string, text: string): string | null {
  if (!hasLibc()) return null;
  using socket = NativeSocket.open({ family: AF_UNIX, type: SOCK_DGRAM, address: text });
  try {
    socket.connect(encodeSockaddr({ family: "unix", path: name }));
    const bound = socket.remoteName();
    const receiver = bound === null ? null : decodeSockaddr(bound);
    return receiver?.family === "unix" ? receiver.path : null;
  } catch (thrown) {
    throw systemCode(thrown) === undefined ? thrown : toNetError(thrown, "connect", text, "remote");
  }
}
