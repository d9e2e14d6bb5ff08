/**
 * `fd:N`: a descriptor that this process has inherited (`3<&0`, systemd, a parent program).
 * @module
 */

import type { DescriptorAddress } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { OpenRequest, Passive, Transport } from "../core/transport.ts";
import {
  O_ACCMODE,
  O_APPEND,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  SO_ACCEPTCONN,
  SO_TYPE,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../sys/constants.ts";
import { getIntegerOption } from "../sys/option.ts";
import {
  closeDescriptor,
  describeDescriptor,
  descriptorPosition,
  openDescriptor,
} from "../sys/file.ts";
import { passedDescriptors, setCloseOnExec } from "../sys/inherited.ts";
import { NativeSocket } from "../sys/socket.ts";
import { decodeSockaddr } from "../wire/sockaddr.ts";
import { acceptedSession } from "./accepted_socket.ts";
import { adoptListener } from "./adopted_listener.ts";
import { fileSink, fileSource } from "./file_halves.ts";
import { HalvesSession } from "./halves.ts";
import { pipeSink, pipeSource } from "./pipe.ts";

/** The transport of `fd:`. */
export const descriptorTransport: Transport<DescriptorAddress> = {
  scheme: "fd",
  permissions: ["read", "write", "ffi"],
  network: false,
  options: [],
  help: {
    forms: ["fd:N", "fd:NAME"],
    summary: "an inherited descriptor: a pipe, a connected stream socket, a file, a terminal; " +
      "listening: a socket that listens already, by number or by its name in LISTEN_FDNAMES",
    examples: ["fd:3", "listen:fd:3", "listen:fd:http"],
  },
  connect,
  listen,
};

/** Standard streams belong to the runtime: used, never closed. */
const lastStandard = 2;

/** An inherited descriptor, looked at. */
interface Inherited {
  readonly fd: number;
  /** Where it is found again in the file system. */
  readonly path: string;
  readonly peer: Peer;
  /** O_RDONLY, O_WRONLY or O_RDWR, with O_APPEND. */
  readonly flags: number;
}

/**
 * Takes the descriptor over: closing the session closes it, and so does half-closing one that
 * can only be written (or the reader of a pipe would not see its end).
 */
async function connect(request: OpenRequest<DescriptorAddress>): Promise<Duplex> {
  const fd = Number(request.address.descriptor); // a name is passive
  const peer: Peer = { scheme: "fd", text: `fd:${fd}` };
  request.context.signal.throwIfAborted();
  const { flags } = inherited(fd, peer);
  const source = { fd, path: `/proc/self/fd/${fd}`, peer, flags };
  const info = await Deno.stat(source.path);
  if (info.isSocket === true) return socketSession(source, request.context);
  return info.isFifo === true ? pipeSession(source) : await fileSession(source, info.isFile);
}

/**
 * Takes a socket over that listens already: the parent bound it, and goes on holding the port
 * while this process is started anew (systemd's socket activation). A name stands for every socket
 * that systemd passed under it.
 */
async function listen({ address, context }: OpenRequest<DescriptorAddress>): Promise<Passive[]> {
  const { descriptor } = address;
  const text = `fd:${descriptor}`;
  const fds = typeof descriptor === "number" ? [descriptor] : passedAs(descriptor, text);
  for (const fd of fds) checkListening(fd, text);
  const opened: Passive[] = [];
  try {
    for (const fd of fds) {
      opened.push({ kind: "listener", listener: adoptListener(fd, text, context) });
    }
    return opened;
  } catch (thrown) {
    for (const passive of opened) {
      if (passive.kind === "listener") await passive.listener[Symbol.asyncDispose]();
    }
    throw thrown;
  }
}

function passedAs(name: string, text: string): readonly number[] {
  const passed = passedDescriptors((variable) => Deno.env.get(variable), Deno.pid);
  const fds = passed.get(name);
  if (fds !== undefined) return fds;
  const names = [...passed.keys()];
  throw new NetError({
    kind: "not-found",
    op: "listen",
    address: text,
    message: names.length === 0
      ? "no sockets were passed to this process (LISTEN_FDS)"
      : "no socket of this name was passed",
    ...(names.length === 0 ? {} : { hint: `there are ${names.join(", ")}` }),
  });
}

/** Who is told to listen on what the parent did not pass was started wrongly: nothing was tried. */
function checkListening(fd: number, text: string): void {
  try {
    inherited(fd, { scheme: "fd", text });
  } catch (thrown) {
    const { reason, code } = toNetError(thrown, "listen", text);
    const init = { kind: "usage", op: "listen", address: text, message: reason } as const;
    throw new NetError({ ...init, ...(code === undefined ? {} : { code }), cause: thrown });
  }
}

/**
 * Looks at a descriptor that must have come from the parent: the runtime opens everything with
 * O_CLOEXEC, and what has it cannot have come through exec(2).
 */
function inherited(fd: number, peer: Peer): { readonly flags: number } {
  const state = describe(fd, peer.text);
  if (!state.inherited) throw unusable(peer, "this descriptor was not inherited");
  return state;
}

function describe(fd: number, text: string): { flags: number; inherited: boolean } {
  try {
    return describeDescriptor(fd, text);
  } catch (thrown) {
    if (!(thrown instanceof NetError && thrown.code === "EBADF")) throw thrown;
    const message = "no such descriptor is open";
    throw new NetError({ kind: "not-found", op: "open", address: text, message, code: "EBADF" });
  }
}

function socketSession({ fd, peer }: Inherited, context: Context): Duplex {
  if (getIntegerOption(fd, SOL_SOCKET, SO_TYPE) !== SOCK_STREAM) {
    throw unusable(peer, "this socket has messages, not a stream");
  }
  if (getIntegerOption(fd, SOL_SOCKET, SO_ACCEPTCONN) !== 0) {
    throw unusable(peer, "this socket listens", `write listen:${peer.text}`);
  }
  setCloseOnExec(fd);
  const socket = NativeSocket.own(fd, peer.text);
  return acceptedSession(socket, { local: peer, remote: named(socket, peer) }, context);
}

/** The inherited end with the name of who is at the other end of it, where that has one. */
function named(socket: NativeSocket, peer: Peer): Peer {
  const name = socket.remoteName();
  const remote = name === null ? null : decodeSockaddr(name);
  if (remote === null || remote.family === "unix") return peer;
  return { ...peer, host: remote.host, port: remote.port };
}

/**
 * A pipe is opened once more, so that "non-blocking" is set on a description of our own: whoever
 * shares the inherited one (the shell's other commands) would get EAGAIN from it.
 */
function pipeSession({ fd, path, peer, flags }: Inherited): Duplex {
  const reads = (flags & O_ACCMODE) !== O_WRONLY;
  const own = openDescriptor(path, (reads ? O_RDONLY : O_WRONLY) | O_NONBLOCK, peer.text);
  const traits = { messages: false, halfClose: true };
  const ends = { local: peer, remote: peer };
  if (reads) {
    const end = pipeSource(own, peer.text);
    closeInherited(fd);
    return new HalvesSession({ ...ends, ...end, traits: { ...traits, readOnly: true } });
  }
  const end = pipeSink(own, peer.text);
  closeInherited(fd);
  return new HalvesSession({ ...ends, ...end, traits: { ...traits, writeOnly: true } });
}

/**
 * A file or a terminal is opened once more too: the runtime reads no foreign numbers. Its position
 * is taken over, but moves on alone: who shares the inherited descriptor does not see it.
 */
async function fileSession({ fd, path, peer, flags }: Inherited, regular: boolean) {
  const access = flags & O_ACCMODE;
  const read = access !== O_WRONLY;
  const write = access !== O_RDONLY;
  const append = write && (flags & O_APPEND) !== 0;
  let file: Deno.FsFile;
  try {
    const position = regular ? descriptorPosition(fd) : 0;
    file = await Deno.open(path, { read, write: write && !append, append });
    if (position > 0) await file.seek(position, Deno.SeekMode.Start);
  } catch (thrown) {
    throw toNetError(thrown, "open", peer.text);
  }
  closeInherited(fd);
  return new HalvesSession({
    local: peer,
    remote: peer,
    traits: {
      messages: false,
      halfClose: true,
      ...(read && write ? {} : read ? { readOnly: true } : { writeOnly: true }),
      ...(file.isTerminal() ? { terminal: true } : {}),
    },
    ...(read ? { source: fileSource(file, regular) } : {}),
    ...(write ? { sink: fileSink(file, peer.text, { keepOpen: read }) } : {}),
  });
}

function closeInherited(fd: number): void {
  if (fd > lastStandard) closeDescriptor(fd);
}

function unusable({ text: address }: Peer, message: string, hint?: string): NetError {
  return new NetError({ kind: "unavailable", op: "open", address, message, ...(hint && { hint }) });
}
