/**
 * How many sessions a server has room for: in all, and for one peer address.
 * @module
 */

import type { Peer } from "../core/contract.ts";
import { inetPton } from "../wire/inet.ts";

/** Bytes of the /64 that an IPv6 host commonly has for itself (RFC 6177, section 2). */
const ipv6Prefix = 8;

/**
 * What counts as one peer: an IPv4 address; the /64 of an IPv6 address, because a host that has
 * one has 2^64 addresses in it. Link-local ones share fe80::/64 and so count whole, with their
 * zone. Peers without a host (Unix sockets) are on this machine and are not counted.
 */
export function peerKey(peer: Peer): string | null {
  const { host } = peer;
  if (host === undefined) return null;
  const bytes = host.includes(":") ? inetPton(host) : null;
  if (bytes === null || (bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80)) return host;
  return `${bytes.subarray(0, ipv6Prefix).join(".")}/64`;
}

/** Counts sessions against the bounds. */
export class Permits {
  readonly #most: number;
  readonly #mostPerPeer: number;
  readonly #perPeer = new Map<string, number>();
  #inUse = 0;
  #waiting: (() => void)[] = [];

  /**
   * @param most sessions in all
   * @param mostPerPeer sessions of one peer address
   */
  constructor(most: number, mostPerPeer: number) {
    this.#most = most;
    this.#mostPerPeer = mostPerPeer;
  }

  /** Sessions that hold a permit. */
  get inUse(): number {
    return this.#inUse;
  }

  /** True while there is no room for another session. */
  get isFull(): boolean {
    return this.#inUse >= this.#most;
  }

  /** Resolves when there is room, or when `wake` was called. */
  async room(): Promise<void> {
    if (this.isFull) await new Promise<void>((wake) => this.#waiting.push(wake));
  }

  /** Lets everyone who waits for room look again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /**
   * Takes a permit; `giveBack` with the same peer, once. A function that gives it back would be
   * 112 bytes for each idle session.
   *
   * @returns false where the peer has all it may have
   */
  take(peer: Peer): boolean {
    const key = peerKey(peer);
    const held = key === null ? 0 : this.#perPeer.get(key) ?? 0;
    if (held >= this.#mostPerPeer) return false;
    if (key !== null) this.#perPeer.set(key, held + 1);
    this.#inUse++;
    return true;
  }

  /** Gives a permit back that `take` gave for this peer. */
  giveBack(peer: Peer): void {
    const key = peerKey(peer);
    if (key !== null) this.#forget(key);
    this.#inUse--;
    this.wake();
  }

  #forget(key: string): void {
    const held = (this.#perPeer.get(key) ?? 1) - 1;
    // Forgotten at none: who came once must not cost memory for ever.
    if (held === 0) this.#perPeer.delete(key);
    else this.#perPeer.set(key, held);
  }
}
