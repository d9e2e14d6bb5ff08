/**
 * Listening sockets that several processes or threads accept from, by descriptor number.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Incoming, Peer, SocketOptionSetting } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { forgetReadiness, readinessSettled, whenReady } from "../sys/readiness.ts";
import { type SocketIdentity, socketIdentity } from "../sys/share.ts";
import { resetOnClose } from "../sys/descriptor.ts";
import { NativeSocket } from "../sys/socket.ts";
import { SocketOptionError } from "../sys/socket_options.ts";
import { type AcceptedEnds, acceptedSession, endsOf } from "./accepted_socket.ts";
import { applySocketSettings } from "./socket_options.ts";

/** One listening socket. */
export interface SharedSocket {
  /** Its number in this process. */
  readonly descriptor: number;
  /** Where it listens. */
  readonly local: Peer;
  /** Set on each accepted connection, as in `Listener`. */
  readonly uninherited?: readonly SocketOptionSetting[];
}

/** A connection that came in at one of several sockets. */
export interface SharedIncoming extends Incoming {
  /** Place of the socket where it came in. */
  readonly at: number;
  /** This side's end of the connection. */
  readonly local: Peer;
  /** What tells the connection's socket from every other, also when its number is used again. */
  identity(): SocketIdentity;
  /** Gives the bare descriptor away instead of `settle`: the caller owns it from now on. */
  release(): number;
}

/**
 * Accepts from several sockets. It owns the descriptors, and nothing of the sockets behind them:
 * those of other processes and threads go on listening when it closes.
 */
export class SharedListener implements AsyncDisposable {
  /** Where it listens, in words. */
  readonly local: Peer;
  readonly #sockets: readonly (Omit<SharedSocket, "descriptor"> & { socket: NativeSocket })[];
  readonly #context: Context;
  /** Sockets that may have a connection; the next one is tried first, so that none starves. */
  #ready: number[];
  /** Sockets that are waited for. */
  readonly #armed = new Set<number>();
  #wake = () => {};
  #closing: Promise<void> | undefined;

  /** Accepts nothing before `accept`. */
  constructor(sockets: readonly SharedSocket[], context: Context) {
    this.local = {
      scheme: sockets[0]?.local.scheme ?? "tcp",
      text: sockets.map(({ local }) => local.text).join(" "),
    };
    this.#sockets = sockets.map(({ descriptor, ...rest }) => {
      return { socket: NativeSocket.own(descriptor, rest.local.text), ...rest };
    });
    this.#context = context;
    this.#ready = sockets.map((_, at) => at);
  }

  /**
   * Waits for the next connection at any of the sockets.
   *
   * @returns null once it was closed
   * @throws {NetError} as `Listener.accept`
   */
  async accept(): Promise<SharedIncoming | null> {
    while (this.#closing === undefined) {
      const incoming = this.poll();
      if (incoming !== null) return incoming;
      this.#arm();
      await new Promise<void>((wake) => this.#wake = wake);
    }
    return null;
  }

  /** Takes a connection that waits already; null where none does, or another was quicker. */
  poll(): SharedIncoming | null {
    while (this.#ready.length > 0) {
      const at = this.#ready[0] ?? 0;
      const accepted = this.#sockets[at]?.socket.accept() ?? "again";
      this.#ready.shift();
      if (accepted === "again") continue;
      this.#ready.push(at); // there may be more
      return this.#incoming(accepted, at);
    }
    return null;
  }

  /** Makes the next `poll` look at every socket. */
  look(): void {
    this.#ready = this.#sockets.map((_, at) => at);
  }

  /** Closes its descriptors; an `accept` that waits gives null. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= (async () => {
      for (const { socket } of this.#sockets) {
        forgetReadiness(socket.fd);
        socket.close();
      }
      this.#wake();
      await readinessSettled();
    })();
  }

  /** One waiter for each socket, whatever comes at the others: a race would add one each time. */
  #arm(): void {
    this.#sockets.forEach(({ socket }, at) => {
      if (this.#armed.has(at)) return;
      const ready = whenReady(socket.fd, "read"); // throws where nothing can be waited for now
      this.#armed.add(at);
      ready.then(() => {
        this.#armed.delete(at);
        this.#ready.push(at);
        this.#wake();
      }, () => this.#armed.delete(at)); // closed: `accept` is told
    });
  }

  #incoming(socket: NativeSocket, at: number): SharedIncoming {
    const shared = this.#sockets[at];
    const listener = shared?.local ?? this.local;
    let ends: AcceptedEnds;
    try {
      ends = endsOf(socket, listener);
      applySocketSettings(socket.fd, shared?.uninherited ?? [], listener.text, this.#context);
    } catch (cause) {
      socket.close();
      if (cause instanceof SocketOptionError) throw cause;
      const message = "the client was gone before it was accepted";
      const address = listener.text;
      throw new NetError({ kind: "transient", op: "accept", address, message, cause });
    }
    return new AcceptedSocket(socket, ends, at, this.#context);
  }
}

/** Accepted, and not looked at: no byte is read before it is let in. */
class AcceptedSocket implements SharedIncoming {
  readonly at: number;
  readonly remote: Peer;
  readonly local: Peer;
  readonly #ends: AcceptedEnds;
  readonly #socket: NativeSocket;
  readonly #context: Context;

  constructor(socket: NativeSocket, ends: AcceptedEnds, at: number, context: Context) {
    this.at = at;
    this.remote = ends.remote;
    this.local = ends.local;
    this.#ends = ends;
    this.#socket = socket;
    this.#context = context;
  }

  settle(_context: Context): Promise<Duplex> {
    try {
      return Promise.resolve(acceptedSession(this.#socket, this.#ends, this.#context));
    } catch (thrown) {
      this.#socket.close();
      return Promise.reject(thrown);
    }
  }

  identity(): SocketIdentity {
    return socketIdentity(this.#socket.fd);
  }

  release(): number {
    return this.#socket.release();
  }

  reject(): void {
    if (this.#socket.closed) return;
    if (this.remote.host !== undefined) resetOnClose(this.#socket.fd);
    this.#socket.close();
  }
}
