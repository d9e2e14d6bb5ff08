/**
 * `unix:/path` and `unix:@name`: Unix stream sockets.
 *
 * The kernel has no reset for them: an aborted session is closed, and the peer reads ECONNRESET
 * only if there was input that nobody had read (unix(7) does not say so; af_unix.c does).
 * @module
 */

import type { PathAddress } from "../core/address.ts";
import { type Context, withSignal } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { OptionTable } from "../core/option.ts";
import type { OpenRequest, Passive, Transport } from "../core/transport.ts";
import { SOCK_STREAM } from "../sys/constants.ts";
import { UnixPeers } from "../sys/credentials.ts";
import { findDescriptor } from "../sys/descriptor.ts";
import { NativeSocket } from "../sys/socket.ts";
import { SocketOptionError } from "../sys/socket_options.ts";
import { encodeSockaddr } from "../wire/sockaddr.ts";
import { connectError } from "./attempt.ts";
import { SocketListener } from "./listener.ts";
import { SocketSession } from "./socket.ts";
import {
  applyFileSettings,
  fileOptions,
  type FileSettings,
  readFileSettings,
} from "./socket_file.ts";
import {
  bindUnix,
  connectUnix,
  readUnixSettings,
  unixListener,
  unixSocketOptions,
} from "./native_unix.ts";
import { backlogRow } from "./socket_options.ts";
import { socketName, unixPeer } from "./unix_peer.ts";
import { type Published, publishSocket } from "./unix_publish.ts";

const unixOptions: OptionTable = [
  ...fileOptions,
  ...unixSocketOptions,
  backlogRow("1024, at most net.core.somaxconn"),
  {
    name: "unlink",
    kind: "flag",
    side: "passive",
    help: "remove the path when the listener closes, if it is still its own (default on)",
  },
];

/** The transport of `unix:`. */
export const unixTransport: Transport<PathAddress> = {
  scheme: "unix",
  permissions: ["read", "write"],
  network: false,
  options: unixOptions,
  help: {
    forms: ["unix:PATH", "unix:@NAME"],
    summary: "Unix stream socket by path, or abstract by name",
    examples: ["unix:/run/app.sock", "listen:unix:/run/app.sock?mode=0660&group=app", "unix:@x"],
  },
  connect,
  listen,
};

async function connect(request: OpenRequest<PathAddress>): Promise<Duplex> {
  const { address, options, context } = request;
  const peer = unixPeer(address);
  const settings = readUnixSettings(options);
  const startMs = context.clock.now();
  try {
    if (settings.length > 0) {
      return await connectUnix(socketName(address), peer, settings, context);
    }
    const opening = Deno.connect({ transport: "unix", path: socketName(address) });
    const conn = await withSignal(context.signal, opening, (late) => late.close());
    return new SocketSession(conn, { local: peer, remote: peer, context });
  } catch (thrown) {
    if (context.signal.aborted || thrown instanceof SocketOptionError) throw thrown;
    const durationMs = context.clock.now() - startMs;
    throw connectError(peer.text, [{ address: peer.text, thrown, durationMs }]);
  }
}

async function listen(request: OpenRequest<PathAddress>): Promise<readonly Passive[]> {
  const { address, options, context } = request;
  const local = unixPeer(address);
  const settings = readFileSettings(options);
  const socketSettings = readUnixSettings(options);
  const backlog = options.number("backlog");
  const unlink = options.flag("unlink") ?? true;
  context.signal.throwIfAborted();
  const publish = <S extends { close(): void }>(bind: (path: string) => S) =>
    address.abstract === true ? bindAbstract(address, bind, settings) : publishSocket({
      path: address.path,
      text: local.text,
      context,
      bind,
      prepare: (path) => applyFileSettings(path, settings, local.text, context),
    });
  if (socketSettings.length > 0) {
    const bind = (path: string) =>
      bindUnix(path, backlog ?? usualBacklog, local, socketSettings, context);
    const listener = unixListener(await publish(bind), local, socketSettings, context, unlink);
    return [{ kind: "listener", listener }];
  }
  const socket = await publish((path) => bindStream(path, backlog, local.text));
  return [passive(socket, local, unlink, context)];
}

/** What the runtime gives. */
const usualBacklog = 1024;

function passive(
  { socket, boundPath, remove }: Published<Deno.UnixListener>,
  local: Peer,
  unlink: boolean,
  context: Context,
): Passive {
  const name = encodeSockaddr({ family: "unix", path: boundPath });
  const peers = new UnixPeers("local", name);
  const listener = new SocketListener<Deno.UnixConn>(socket, {
    local,
    session(conn) {
      const credentials = peers.next();
      const remote = { ...local, ...(credentials === null ? {} : { credentials }) };
      return new SocketSession(conn, { local, remote, context });
    },
    descriptor: () => findDescriptor(name, null, SOCK_STREAM),
    ...(unlink ? { closed: remove } : {}),
  });
  return { kind: "listener", listener };
}

/** An abstract name goes with its socket and has no file: nothing to replace, nothing to remove. */
export function bindAbstract<S>(
  address: PathAddress,
  bind: (name: string) => S,
  settings: FileSettings,
): Published<S> {
  const text = unixPeer(address).text;
  if (Object.values(settings).some((value) => value !== null)) {
    throw new NetError({
      kind: "option",
      op: "listen",
      address: text,
      message: "an abstract name has no file that could have a mode or an owner",
    });
  }
  const boundPath = socketName(address);
  try {
    return { socket: bind(boundPath), boundPath, remove: () => {} };
  } catch (thrown) {
    throw toNetError(thrown, "listen", text);
  }
}

function bindStream(path: string, backlog: number | undefined, text: string): Deno.UnixListener {
  const listener = Deno.listen({ transport: "unix", path });
  try {
    if (backlog !== undefined) setBacklog(path, backlog, text);
    return listener;
  } catch (thrown) {
    listener.close();
    throw thrown;
  }
}

/** The runtime takes no backlog for Unix sockets; listen(2) on one that listens changes it. */
function setBacklog(path: string, backlog: number, text: string): void {
  const name = encodeSockaddr({ family: "unix", path });
  const fd = findDescriptor(name, null, SOCK_STREAM);
  if (fd === null) {
    throw new NetError({
      kind: "unavailable",
      op: "listen",
      address: text,
      message: "the backlog of a Unix socket cannot be set without FFI",
      hint: "run with --allow-ffi, or leave backlog= out",
    });
  }
  const borrowed = NativeSocket.own(fd, text);
  try {
    borrowed.listen(backlog);
  } finally {
    borrowed.release();
  }
}
