/**
 * A listener over a listening socket of our own or of another's making: inherited, handed over by
 * the server before, or with options that the runtime's own listeners cannot carry.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Incoming, Listener, Peer, SocketOptionSetting } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { peekSocketName } from "../sys/socket_name.ts";
import { adopt, isStreamListener } from "../sys/inherited.ts";
import { decodeSockaddr } from "../wire/sockaddr.ts";
import { inetPeer } from "./peer.ts";
import { SharedListener } from "./shared_listener.ts";
import { unixPeer } from "./unix_peer.ts";

/** Owns the descriptor. */
export class AdoptedListener implements Listener {
  readonly local: Peer;
  readonly #fd: number;
  readonly #shared: SharedListener;
  readonly #closed: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #isHandedOver = false;

  /**
   * @param closed called once when it closes, after its socket: to remove a path
   * @param uninherited set on each accepted connection
   */
  constructor(
    fd: number,
    local: Peer,
    context: Context,
    closed?: () => void,
    readonly uninherited: readonly SocketOptionSetting[] = [],
  ) {
    this.local = local;
    this.#fd = fd;
    this.#closed = closed;
    this.#shared = new SharedListener([{ descriptor: fd, local, uninherited }], context);
  }

  accept(): Promise<Incoming | null> {
    return this.#shared.accept();
  }

  descriptor(): number | null {
    return this.#closing === undefined ? this.#fd : null;
  }

  handOver(isGiven = true): void {
    this.#isHandedOver = isGiven;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= (async () => {
      await this.#shared[Symbol.asyncDispose]();
      if (!this.#isHandedOver) this.#closed?.();
    })();
  }
}

/** What is known of a socket besides its number. */
export interface AdoptedInit {
  /**
   * Where it listens, where that is known better than the kernel tells it: the path of a Unix
   * socket that was bound elsewhere and then put to its place.
   */
  readonly name?: Peer;
  /** See the constructor of `AdoptedListener`. */
  readonly closed?: () => void;
  /** Set on each accepted connection. */
  readonly uninherited?: readonly SocketOptionSetting[];
}

/**
 * Takes over a listening socket by its number.
 *
 * @param text what was asked for, in the address language, for errors
 * @throws {NetError} kind "usage" where it is no stream socket that listens; it stays open
 */
export function adoptListener(
  fd: number,
  text: string,
  context: Context,
  { name, closed, uninherited = [] }: AdoptedInit = {},
): AdoptedListener {
  if (!isStreamListener(fd)) {
    const message = "this is no stream socket that listens, and nothing else has a passive side";
    throw new NetError({ kind: "usage", op: "listen", address: text, message });
  }
  adopt(fd);
  return new AdoptedListener(fd, name ?? nameOf(fd, text), context, closed, uninherited);
}

/** Where a socket is bound, in the address language. */
function nameOf(fd: number, text: string): Peer {
  const raw = peekSocketName(fd, "local");
  if (typeof raw === "number") {
    throw new NetError({ kind: "unavailable", op: "listen", address: text, message: "no socket" });
  }
  const local = decodeSockaddr(raw);
  if (local.family !== "unix") return inetPeer("tcp", local.host, local.port);
  const abstract = local.path.startsWith("\0");
  const path = abstract ? local.path.slice(1) : local.path;
  const address = { scheme: "unix", passive: true, path, options: [] } as const;
  return unixPeer(abstract ? { ...address, abstract } : address);
}
