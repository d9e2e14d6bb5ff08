/**
 * Ends of UDP sockets <-> raw socket addresses, each kept so that a datagram costs no text.
 * @module
 */

import type { Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { AF_INET, AF_INET6 } from "../sys/constants.ts";
import { interfaceIndex } from "../sys/procnet.ts";
import { decodeSockaddr, encodeSockaddr } from "../wire/sockaddr.ts";
import { inetPeer } from "./peer.ts";
import { isLinkLocal } from "./zone.ts";

/** Peers that are kept; as many as there are sessions of one socket by default. */
const kept = 4_096;

/** The peers of one socket. */
export class UdpNames {
  readonly #family: number;
  readonly #zone: string | undefined;
  /** By what tells raw names apart; the oldest goes first, as a Map keeps its order. */
  readonly #peers = new Map<number | string, Peer>();
  /** Raw names of peers, for answers; a peer that nobody holds takes its name with it. */
  readonly #names = new WeakMap<Peer, Uint8Array<ArrayBuffer>>();
  #last: { readonly key: number | string; readonly peer: Peer } | undefined;

  /**
   * @param family AF_INET or AF_INET6: what the socket speaks
   * @param zone of link-local peers: the runtime does not tell where a datagram came in, so that
   * only a socket that was given an interface knows
   */
  constructor(family: number, zone?: string) {
    this.#family = family;
    this.#zone = zone;
  }

  /** The peer that the runtime names. */
  peer(hostname: string, port: number): Peer {
    const zone = isLinkLocal(hostname) ? this.#zone : undefined;
    return inetPeer("udp", hostname, port, zone);
  }

  /** The peer of a raw name; it may be overwritten afterwards. */
  peerOf(name: Uint8Array, length: number): Peer {
    const key = keyOf(name);
    if (this.#last?.key === key) return this.#last.peer;
    let peer = this.#peers.get(key);
    if (peer === undefined) {
      peer = this.#read(name.slice(0, length));
      if (this.#peers.size >= kept) this.#forgetOldest();
      this.#peers.set(key, peer);
    }
    this.#last = { key, peer };
    return peer;
  }

  /** Whom an error is about; unlike a sender it is not kept. */
  destination(name: Uint8Array): Peer {
    const address = decodeSockaddr(name);
    if (address.family === "unix") throw usage("a Unix name on a UDP socket", "");
    return this.peer(address.host, address.port);
  }

  /**
   * The raw name of a peer.
   *
   * @throws {NetError} kind "usage" for an end that is none of UDP, or whose zone is no interface
   */
  nameOf(peer: Peer): Uint8Array<ArrayBuffer> {
    let name = this.#names.get(peer);
    if (name === undefined) this.#names.set(peer, name = this.#write(peer));
    return name;
  }

  #forgetOldest(): void {
    for (const oldest of this.#peers.keys()) {
      this.#peers.delete(oldest);
      return;
    }
  }

  #read(name: Uint8Array<ArrayBuffer>): Peer {
    const peer = this.destination(name);
    this.#names.set(peer, name);
    return peer;
  }

  #write({ host, port, text }: Peer): Uint8Array<ArrayBuffer> {
    if (host === undefined || port === undefined) throw usage("no UDP address", text);
    const [bare = "", zone = isLinkLocal(host) ? this.#zone : undefined] = host.split("%");
    if (this.#family === AF_INET) {
      if (bare.includes(":")) throw usage("an IPv6 address, and the socket is IPv4", text);
      return new Uint8Array(encodeSockaddr({ family: "inet", host: bare, port }));
    }
    const scope = zone === undefined ? 0 : interfaceIndex(zone) ?? Number(zone);
    if (!(scope >= 0)) throw usage(`no interface ${zone}`, text);
    // A dual-stack socket takes IPv4 in the IPv6 form (RFC 4291 section 2.5.5.2).
    const mapped = bare.includes(":") ? bare : `::ffff:${bare}`;
    return new Uint8Array(encodeSockaddr({ family: "inet6", host: mapped, port, flow: 0, scope }));
  }
}

/** A number where it can be one: a text for each datagram would cost more than the system call. */
function keyOf(name: Uint8Array): number | string {
  const at = (index: number) => name[index] ?? 0;
  const family = at(0) | at(1) << 8;
  const port = at(2) << 8 | at(3);
  if (family === AF_INET) return ipv4Key(name, 4, port);
  if (family !== AF_INET6) return name.toHex();
  for (let index = 8; index < 18; index++) if (at(index) !== 0) return fullKey(name);
  return at(18) === 0xff && at(19) === 0xff ? ipv4Key(name, 20, port) : fullKey(name);
}

/** Below 2 ** 48, and so exact. */
function ipv4Key(name: Uint8Array, start: number, port: number): number {
  const byte = (index: number) => name[start + index] ?? 0;
  return ((byte(0) * 256 + byte(1)) * 65_536 + byte(2) * 256 + byte(3)) * 65_536 + port;
}

/** Port and address; the flow label in between may change from packet to packet. */
function fullKey(name: Uint8Array): string {
  return name.subarray(2, 4).toHex() + name.subarray(8, 24).toHex();
}

function usage(message: string, address: string): NetError {
  return new NetError({ kind: "usage", op: "send", address, message });
}
