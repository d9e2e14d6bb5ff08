/**
 * Who is at the other end of a Unix connection.
 *
 * The runtime tells neither descriptor nor credentials of its connections, and the ends of a Unix
 * connection have no name that is theirs alone: all that a listener accepts carry its path on one
 * side and nothing on the other. What does tell a new connection is the kernel's socket cookie
 * (SO_COOKIE), which is never given twice.
 * @module
 */

import type { Credentials } from "../core/contract.ts";
import { SO_COOKIE, SO_PEERCRED, SOL_SOCKET } from "./constants.ts";
import { hasLibc } from "./libc.ts";
import { descriptorTableSize } from "./limits.ts";
import { getOption, peekOption } from "./option.ts";
import { type SockaddrMatcher, sockaddrMatcher } from "./sockaddr_match.ts";
import { socketNameMatches } from "./socket_name.ts";

/** Reads SO_PEERCRED of a connected Unix socket. @throws {NetError} where it has none */
export function peerCredentials(fd: number): Credentials {
  const bytes = getOption(fd, SOL_SOCKET, SO_PEERCRED, 12);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    pid: view.getInt32(0, true),
    uid: view.getUint32(4, true),
    gid: view.getUint32(8, true),
  };
}

/**
 * Notices the connections that appear between two looks, and reads who is at their other ends.
 * Make one before `Deno.listen` accepts or `Deno.connect` is called; call `next` right after each
 * connection, before another await.
 *
 * Never a guess: where several appeared at once (another task connected to the same path
 * meanwhile) and their peers differ, the answer is null, as access may depend on it. One look
 * costs one bare system call (170 ns) for each open descriptor.
 *
 * @example
 * ```ts
 * import { UnixPeers } from "./credentials.ts";
 *
 * const path = `\0plumb-${Deno.pid}`;
 * const name = Uint8Array.of(1, 0, ...new TextEncoder().encode(path)); // AF_UNIX, abstract
 * using listener = Deno.listen({ transport: "unix", path });
 * const peers = new UnixPeers("local", name);
 * using client = await Deno.connect({ transport: "unix", path });
 * using accepted = await listener.accept();
 * if (peers.next()?.pid !== Deno.pid) throw new Error("not this process");
 * ```
 */
export class UnixPeers {
  /** Cookie of the socket that was last seen at each descriptor: bounded by the table's size. */
  readonly #seen = new Map<number, bigint>();
  readonly #end: "local" | "remote";
  readonly #isNamed: SockaddrMatcher;

  /**
   * Takes note of what is open already.
   *
   * @param end which end carries the name: "local" for accepted connections, "remote" for made ones
   * @param name the listener's raw sockaddr
   */
  constructor(end: "local" | "remote", name: Uint8Array) {
    this.#end = end;
    this.#isNamed = sockaddrMatcher(name);
    this.#look();
  }

  /** The peer of the connection that is new since the last look; null where that is not certain. */
  next(): Credentials | null {
    const [first, ...others] = this.#look().map(peerCredentials);
    if (first === undefined) return null;
    const same = others.every((other) =>
      other.pid === first.pid && other.uid === first.uid && other.gid === first.gid
    );
    return same ? first : null;
  }

  /** Descriptors of connections under the name that were not there at the last look. */
  #look(): number[] {
    if (!hasLibc()) return [];
    const found: number[] = [];
    const size = descriptorTableSize();
    for (let fd = 3; fd < size; fd++) {
      const cookie = socketCookie(fd);
      if (cookie === null) {
        this.#seen.delete(fd);
        continue;
      }
      if (this.#seen.get(fd) === cookie) continue;
      this.#seen.set(fd, cookie);
      if (socketNameMatches(fd, this.#end, this.#isNamed) === true && isConnected(fd)) {
        found.push(fd);
      }
    }
    return found;
  }
}

/** Number of the socket at a descriptor, unique while the system runs; null for other files. */
function socketCookie(fd: number): bigint | null {
  const view = peekOption(fd, SOL_SOCKET, SO_COOKIE, 8);
  return view === null ? null : view.getBigUint64(0, true);
}

/** A listener carries the name too, but has no peer. */
function isConnected(fd: number): boolean {
  return socketNameMatches(fd, "remote", () => true) === true;
}
