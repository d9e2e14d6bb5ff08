/**
 * The meeting place of an old and a new process: a Unix socket whose messages carry descriptors.
 * @module
 */

import { onAbort } from "../core/abort.ts";
import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { AF_UNIX, SOCK_STREAM } from "../sys/constants.ts";
import { peerCredentials } from "../sys/credentials.ts";
import { receiveDescriptors, sendDescriptors } from "../sys/fd_passing.ts";
import { closeDescriptor } from "../sys/file.ts";
import { forgetReadiness, whenReady } from "../sys/readiness.ts";
import { NativeSocket } from "../sys/socket.ts";
import { encodeSockaddr } from "../wire/sockaddr.ts";
import { acceptedSession } from "./accepted_socket.ts";
import { SharedListener } from "./shared_listener.ts";
import { publishSocket } from "./unix_publish.ts";

function peerAt(path: string): Peer {
  return { scheme: "unix", text: `unix:${path}`, path };
}

/** A new process at the door. */
export interface Visitor {
  readonly pid: number;
  /**
   * Sends a text, all in one message with the descriptors.
   *
   * @returns the session, for what is said after it; it owns the connection
   * @throws {NetError} where the message does not go out whole
   */
  send(text: string, descriptors: readonly number[]): Duplex;
}

/** Where new processes come. */
export interface HandoverListener {
  /** @returns null once it was closed @throws {NetError} kind "permission" for another user */
  accept(): Promise<Visitor | null>;
  /** Closes it and removes its path. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the door at a path, mode 0600: who comes in gets the listening sockets of this process.
 *
 * @throws {NetError} as listening on a Unix socket
 */
export async function openHandover(path: string, context: Context): Promise<HandoverListener> {
  const local = peerAt(path);
  const published = await publishSocket({
    path,
    text: local.text,
    context,
    bind(at) {
      const socket = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM, address: local.text });
      try {
        socket.bind(encodeSockaddr({ family: "unix", path: at }));
        socket.listen(8);
        return socket;
      } catch (thrown) {
        socket.close();
        throw thrown;
      }
    },
    prepare: (at) => Deno.chmodSync(at, 0o600),
  });
  const listener = new SharedListener([{ descriptor: published.socket.release(), local }], context);
  return {
    async accept() {
      const incoming = await listener.accept();
      if (incoming === null) return null;
      const { credentials } = incoming.remote;
      // The mode of the path says so already; root may come everywhere, and is not refused.
      if (credentials === undefined || ![0, Deno.uid()].includes(credentials.uid)) {
        incoming.reject();
        const message = `user ${credentials?.uid} may not take over`;
        throw new NetError({ kind: "permission", op: "takeover", address: local.text, message });
      }
      const socket = NativeSocket.own(incoming.release(), local.text);
      return { pid: credentials.pid, send: (text, fds) => send(socket, text, fds, local, context) };
    },
    async close() {
      await listener[Symbol.asyncDispose]();
      published.remove();
    },
  };
}

function send(
  socket: NativeSocket,
  text: string,
  descriptors: readonly number[],
  local: Peer,
  context: Context,
): Duplex {
  try {
    const bytes = new TextEncoder().encode(text);
    // A socket that nobody wrote to has room for far more than this: the header of 253 sockets
    // has about 40 KiB, the send buffer 208 KiB (net.core.wmem_default).
    const sent = sendDescriptors(socket.fd, bytes, descriptors);
    if (sent !== bytes.length) {
      const message = "the header did not go out whole";
      throw new NetError({ kind: "limit", op: "takeover", address: local.text, message });
    }
    return acceptedSession(socket, { local, remote: local }, context);
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
}

/** What the old process has given. */
export interface HandoverPeer {
  readonly pid: number;
  /** The line that it said. */
  readonly header: string;
  /** Owned by the caller from now on. */
  readonly descriptors: readonly number[];
  /** For what is said after it. */
  readonly session: Duplex;
  /** Closes one of the descriptors. */
  close(descriptor: number): void;
  /** Closes everything. */
  discard(): void;
}

/** Longest header that is read. */
const longestHeader = 256 * 1024;

/** How many processes may come before this one, each while it waits at the door. */
const longestQueue = 16;

/**
 * Goes to the old process, where there is one. Where another new one came first, that is who is
 * there next.
 *
 * @returns null where nobody serves the path
 * @throws {NetError} kind "permission", "protocol"; the signal's reason
 */
export async function meetPredecessor(
  path: string,
  context: Context,
): Promise<HandoverPeer | null> {
  for (let left = longestQueue;; left--) {
    try {
      return await visit(path, context);
    } catch (thrown) {
      // The door was closed with us in its backlog: nobody has answered yet.
      const isClosed = thrown instanceof NetError && thrown.code === "ECONNRESET";
      if (!isClosed || left === 0) throw thrown;
    }
  }
}

async function visit(path: string, context: Context): Promise<HandoverPeer | null> {
  const local = peerAt(path);
  const socket = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM, address: local.text });
  const descriptors: number[] = [];
  try {
    if (!(await connects(socket, path, context))) {
      socket.close();
      return null;
    }
    const { pid, uid } = peerCredentials(socket.fd);
    // What it gives will be served: it must not be anybody's.
    if (uid !== 0 && uid !== Deno.uid()) {
      const message = `the server there is of user ${uid}`;
      throw new NetError({ kind: "permission", op: "takeover", address: local.text, message });
    }
    const header = await receiveHeader(socket, descriptors, local.text, context.signal);
    const session = acceptedSession(socket, { local, remote: local }, context);
    const discard = () => {
      for (const fd of descriptors.splice(0)) closeDescriptor(fd);
      session.abort();
    };
    return { pid, header, descriptors: [...descriptors], session, close: closeDescriptor, discard };
  } catch (thrown) {
    for (const fd of descriptors) closeDescriptor(fd);
    socket.close();
    throw thrown;
  }
}

/** How often a door with a queue before it is tried, a hundredth of a second apart. */
const tries = 500;

/** @returns false where nobody listens */
async function connects(socket: NativeSocket, path: string, context: Context): Promise<boolean> {
  const name = encodeSockaddr({ family: "unix", path });
  try {
    for (let left = tries; left > 0; left--) {
      if (socket.connect(name) === "connected") return true;
      await sleep(context.clock, 10, context.signal); // others wait there: EAGAIN, unix(7)
    }
  } catch (thrown) {
    const code = thrown instanceof NetError ? thrown.code : undefined;
    if (code === "ENOENT" || code === "ECONNREFUSED") return false;
    throw thrown;
  }
  const [address, message] = [`unix:${path}`, "the server there does not answer"];
  throw new NetError({ kind: "timeout", op: "takeover", address, message, blame: "remote" });
}

/** Reads to the newline; the other end says nothing after it until it is answered. */
async function receiveHeader(
  socket: NativeSocket,
  descriptors: number[],
  address: string,
  signal: AbortSignal,
): Promise<string> {
  const { fd } = socket;
  const forget = onAbort(signal, () => forgetReadiness(fd));
  const buffer = new Uint8Array(longestHeader);
  let length = 0;
  try {
    while (!buffer.subarray(0, length).includes(0x0a)) {
      signal.throwIfAborted();
      const received = receiveDescriptors(fd, buffer.subarray(length));
      if (received === "again") {
        await whenReady(fd, "read").catch((thrown) => {
          throw signal.aborted ? signal.reason : thrown;
        });
        continue;
      }
      descriptors.push(...received.descriptors);
      length += received.count;
      if (received.count > 0 && length < buffer.length) continue;
      const message = received.count === 0
        ? "the server there went away"
        : "its header is too long";
      throw new NetError({ kind: "protocol", op: "takeover", address, message, blame: "remote" });
    }
  } finally {
    forget();
    forgetReadiness(fd);
  }
  return new TextDecoder().decode(buffer.subarray(0, length));
}
