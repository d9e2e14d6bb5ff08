/**
 * A socket of our own over libc. It carries what the runtime's sockets cannot: options before
 * connect, a listener that other threads and processes share, errors of datagrams.
 *
 * Addresses are raw sockaddr bytes; `wire/sockaddr.ts` makes and reads them. Calls never wait
 * where the socket is non-blocking: what would is the value "again".
 * @module
 */

import { NetError } from "../core/error.ts";
import * as c from "./constants.ts";
import { EAGAIN, EALREADY, EINPROGRESS, EINTR, EISCONN, ENOTCONN, errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { getIntegerOption } from "./option.ts";
import { peekSocketName } from "./socket_name.ts";

/** What a call gives that would have to wait. */
export type Again = "again";

/** How a native socket is made. */
export interface NativeSocketInit {
  /** AF_INET, AF_INET6 or AF_UNIX. */
  readonly family: number;
  /** SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET. */
  readonly type: number;
  /** Default 0: the one that the family has for the type. */
  readonly protocol?: number;
  /** The endpoint in the address language, for errors. */
  readonly address?: string;
  /** Default true: calls give "again" instead of waiting, and with them the whole runtime. */
  readonly nonblocking?: boolean;
}

/**
 * Owns one descriptor: closing twice does nothing, using it after close throws, and `release`
 * hands the descriptor to another owner. Closes on exec unless told otherwise.
 *
 * @example
 * ```ts
 * import { AF_UNIX, SOCK_STREAM } from "./constants.ts";
 * import { NativeSocket } from "./socket.ts";
 *
 * using socket = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM });
 * ```
 */
export class NativeSocket implements Disposable {
  #fd: number | null;
  readonly #address: string | undefined;

  private constructor(fd: number, address: string | undefined) {
    this.#fd = fd;
    this.#address = address;
  }

  /** Makes a socket. @throws {NetError} "unavailable" without FFI, "exhausted" at a limit */
  static open(init: NativeSocketInit): NativeSocket {
    const flags = c.SOCK_CLOEXEC | (init.nonblocking === false ? 0 : c.SOCK_NONBLOCK);
    const fd = libc().socket(init.family, init.type | flags, init.protocol ?? 0);
    if (fd < 0) throw errnoError("socket", errno(), init.address);
    return new NativeSocket(fd, init.address);
  }

  /** Takes over a descriptor that has no other owner from now on. */
  static own(fd: number, address?: string): NativeSocket {
    return new NativeSocket(fd, address);
  }

  /** The descriptor, lent. @throws {NetError} EBADF after close or release */
  get fd(): number {
    if (this.#fd === null) {
      const message = "the socket is closed";
      throw new NetError({ kind: "aborted", op: "socket", message, code: "EBADF" });
    }
    return this.#fd;
  }

  /** True after `close` and after `release`. */
  get closed(): boolean {
    return this.#fd === null;
  }

  /** Gives it a raw sockaddr. @throws {NetError} kind "in-use", "unavailable", "permission" ... */
  bind(sockaddr: Uint8Array): void {
    this.#call("bind", () => libc().bind(this.fd, new Uint8Array(sockaddr), sockaddr.length));
  }

  /** Listens, or changes the backlog of a listener. -1 stands for the most that there is. */
  listen(backlog: number): void {
    const length = backlog < 0 ? 2 ** 31 - 1 : backlog; // the kernel caps it at somaxconn
    this.#call("listen", () => libc().listen(this.fd, length));
  }

  /**
   * Takes one connection from the queue, non-blocking and closed on exec.
   *
   * @throws {NetError} kind "transient" where that connection is lost already (accept(2): pending
   * network errors are passed on), "exhausted" without descriptors or memory
   */
  accept(): NativeSocket | Again {
    const flags = c.SOCK_NONBLOCK | c.SOCK_CLOEXEC;
    const fd = this.#retry(() => libc().accept4(this.fd, null, null, flags));
    if (fd >= 0) return new NativeSocket(fd, this.#address);
    if (fd === -EAGAIN) return "again";
    const error = errnoError("accept", -fd, this.#address);
    if (!lostBeforeAccept.has(error.code ?? "")) throw error;
    const { op, reason: message, code } = error;
    const kind = "transient";
    throw new NetError({ kind, op, message, ...(code && { code }), blame: "remote", cause: error });
  }

  /**
   * Connects. After "in-progress" it is over when the socket is writable; `takeError` says how.
   * "again" is a Unix listener whose queue is full.
   */
  connect(sockaddr: Uint8Array): "connected" | "in-progress" | Again {
    const bytes = new Uint8Array(sockaddr);
    const status = this.#retry(() => libc().connect(this.fd, bytes, bytes.length));
    if (status === 0) return "connected";
    // After EINTR the attempt went on in the background, and the repeated call meets it.
    if (status === -EISCONN) return "connected";
    if (status === -EINPROGRESS || status === -EALREADY) return "in-progress";
    if (status === -EAGAIN) return "again";
    throw errnoError("connect", -status, this.#address);
  }

  /** Reads what is there; 0 is the end of a stream or an empty message. */
  receive(into: Uint8Array<ArrayBuffer>, flags = 0): number | Again {
    const count = this.#retry(() => libc().recv(this.fd, into, into.length, flags));
    if (count === -EAGAIN) return "again";
    if (count < 0) throw errnoError("receive", -count, this.#address);
    return count;
  }

  /** Sends as much as there is room for; never raises SIGPIPE. */
  send(bytes: Uint8Array<ArrayBuffer>, flags = 0): number | Again {
    const all = flags | c.MSG_NOSIGNAL;
    const count = this.#retry(() => libc().send(this.fd, bytes, bytes.length, all));
    if (count === -EAGAIN) return "again";
    if (count < 0) throw errnoError("send", -count, this.#address);
    return count;
  }

  /** Half-close (shutdown(2)). @throws {NetError} kind "reset", ENOTCONN without a connection */
  shutdown(how: "read" | "write" | "both"): void {
    this.#call("shutdown", () => libc().shutdown(this.fd, shutdownHow[how]));
  }

  /** The raw sockaddr that the socket is bound to. */
  localName(): Uint8Array {
    const name = peekSocketName(this.fd, "local");
    if (typeof name === "number") throw errnoError("getsockname", name, this.#address);
    return name.slice();
  }

  /** The raw sockaddr of the peer, or null where it has none. */
  remoteName(): Uint8Array | null {
    const name = peekSocketName(this.fd, "remote");
    if (name === ENOTCONN) return null;
    if (typeof name === "number") throw errnoError("getpeername", name, this.#address);
    return name.slice();
  }

  /** What went wrong since it was asked last (SO_ERROR), or null; asking clears it. */
  takeError(op = "connect"): NetError | null {
    const number = getIntegerOption(this.fd, c.SOL_SOCKET, c.SO_ERROR);
    return number === 0 ? null : errnoError(op, number, this.#address);
  }

  /** Whether children started from now on inherit the descriptor. */
  setInherited(inherited: boolean): void {
    const flags = inherited ? 0 : c.FD_CLOEXEC;
    this.#call("fcntl", () => libc().fcntl(this.fd, c.F_SETFD, flags));
  }

  /** Gives the descriptor away: the caller owns it from now on. */
  release(): number {
    const fd = this.fd;
    this.#fd = null;
    return fd;
  }

  /** Closes. Idempotent; never throws. */
  close(): void {
    if (this.#fd === null) return;
    const fd = this.#fd;
    this.#fd = null; // first: the number may be another file's before close returns
    // Not repeated after EINTR: on Linux the descriptor is gone then (close(2)).
    libc().close(fd);
  }

  /** Closes. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Runs a call until no signal interrupts it. @returns its result, or -errno */
  #retry(call: () => number): number {
    for (;;) {
      const result = call();
      if (result >= 0) return result;
      const number = errno();
      if (number !== EINTR) return -number;
    }
  }

  #call(op: string, call: () => number): void {
    const status = this.#retry(call);
    if (status < 0) throw errnoError(op, -status, this.#address);
  }
}

const shutdownHow = { read: c.SHUT_RD, write: c.SHUT_WR, both: c.SHUT_RDWR } as const;

/** accept(2), "Error handling": these belong to the connection, not to the listener. */
const lostBeforeAccept: ReadonlySet<string> = new Set([
  "ECONNABORTED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENONET",
  "ENOPROTOOPT",
  "EPERM", // a firewall rule forbids this one
  "EPROTO",
]);
