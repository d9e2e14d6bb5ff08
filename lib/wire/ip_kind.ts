/**
 * What an address is for: loopback, private, multicast and so on, as the IANA registries of
 * special-purpose addresses say (RFC 6890), and the classes of old.
 * @module
 */

import { inetPton, mappedIpv4 } from "./inet.ts";
import { inPrefix } from "./prefix.ts";

/** One word for what an address is for. */
export type IpKind =
  | "unspecified"
  | "this-network"
  | "loopback"
  | "private"
  | "shared"
  | "link-local"
  | "unique-local"
  | "site-local"
  | "documentation"
  | "benchmarking"
  | "multicast"
  | "broadcast"
  | "mapped"
  | "translated"
  | "tunnel"
  | "discard"
  | "protocol"
  | "reserved"
  | "public";

/** What an address is for. */
export interface IpClass {
  readonly kind: IpKind;
  /** One line for people. */
  readonly meaning: string;
  /** Where it is defined: `RFC 1918`. */
  readonly reference?: string;
  /** How far multicast reaches (RFC 4291 section 2.7, RFC 7346; RFC 2365 and 5771 for IPv4). */
  readonly multicastScope?: string;
  /** The class that an IPv4 address had before RFC 4632. */
  readonly oldClass?: "A" | "B" | "C" | "D" | "E";
}

type KindRow = readonly [prefix: string, kind: IpKind, meaning: string, reference: string];

/** Most specific first. */
const kindRows: readonly KindRow[] = [
  ["255.255.255.255/32", "broadcast", "broadcast on the local network", "RFC 919"],
  ["0.0.0.0/32", "unspecified", "no address; when listening: every IPv4 address", "RFC 1122"],
  ["0.0.0.0/8", "this-network", "a host on this network; not a destination", "RFC 1122"],
  ["10.0.0.0/8", "private", "private network", "RFC 1918"],
  ["100.64.0.0/10", "shared", "shared by a provider's translator (CGNAT)", "RFC 6598"],
  ["127.0.0.0/8", "loopback", "this machine", "RFC 1122"],
  ["169.254.0.0/16", "link-local", "link-local: set by itself, not routed", "RFC 3927"],
  ["172.16.0.0/12", "private", "private network", "RFC 1918"],
  ["192.0.2.0/24", "documentation", "documentation (TEST-NET-1)", "RFC 5737"],
  ["192.88.99.0/24", "tunnel", "6to4 relay anycast, deprecated", "RFC 7526"],
  ["192.0.0.0/24", "protocol", "protocol assignments", "RFC 6890"],
  ["192.168.0.0/16", "private", "private network", "RFC 1918"],
  ["198.18.0.0/15", "benchmarking", "benchmarking of networks", "RFC 2544"],
  ["198.51.100.0/24", "documentation", "documentation (TEST-NET-2)", "RFC 5737"],
  ["203.0.113.0/24", "documentation", "documentation (TEST-NET-3)", "RFC 5737"],
  ["224.0.0.0/4", "multicast", "multicast", "RFC 5771"],
  ["240.0.0.0/4", "reserved", "reserved for future use", "RFC 1112"],
  ["::/128", "unspecified", "no address; when listening: every address", "RFC 4291"],
  ["::1/128", "loopback", "this machine", "RFC 4291"],
  ["::ffff:0:0/96", "mapped", "an IPv4 address on an IPv6 socket", "RFC 4291"],
  ["64:ff9b::/96", "translated", "an IPv4 address behind a translator (NAT64)", "RFC 6052"],
  ["64:ff9b:1::/48", "translated", "translation within one network", "RFC 8215"],
  ["100::/64", "discard", "discard: routers drop it", "RFC 6666"],
  ["2001::/32", "tunnel", "Teredo tunnel", "RFC 4380"],
  ["2001:2::/48", "benchmarking", "benchmarking of networks", "RFC 5180"],
  ["2001:db8::/32", "documentation", "documentation", "RFC 3849"],
  ["2001::/23", "protocol", "protocol assignments", "RFC 2928"],
  ["2002::/16", "tunnel", "6to4 tunnel", "RFC 3056"],
  ["3fff::/20", "documentation", "documentation", "RFC 9637"],
  ["fc00::/7", "unique-local", "unique local: the private networks of IPv6", "RFC 4193"],
  ["fe80::/10", "link-local", "link-local: needs an interface, not routed", "RFC 4291"],
  ["fec0::/10", "site-local", "site-local, deprecated", "RFC 3879"],
  ["ff00::/8", "multicast", "multicast", "RFC 4291"],
  ["2000::/3", "public", "global unicast", "RFC 4291"],
  ["::/0", "reserved", "not assigned", "RFC 4291"],
];

const kinds = kindRows.map(([prefix, kind, meaning, reference]) => {
  const [network = "", length] = prefix.split("/");
  return {
    network: inetPton(network) ?? new Uint8Array(),
    length: Number(length),
    found: { kind, meaning, reference },
  };
});

/** Scopes of IPv6 multicast, by the fourth nibble (RFC 7346 section 2). */
const multicastScopes: Readonly<Record<number, string>> = {
  0x1: "interface-local",
  0x2: "link-local",
  0x3: "realm-local",
  0x4: "admin-local",
  0x5: "site-local",
  0x8: "organization-local",
  0xe: "global",
};

/**
 * Says what an address is for.
 *
 * @param bytes 4 or 16 bytes in network order
 */
export function classifyIp(bytes: Uint8Array): IpClass {
  const row = kinds.find(({ network, length }) => inPrefix(bytes, network, length));
  const found: IpClass = row?.found ?? { kind: "public", meaning: "public address" };
  const multicastScope = found.kind === "multicast" ? scopeOf(bytes) : undefined;
  return {
    ...found,
    ...(multicastScope === undefined ? {} : { multicastScope }),
    ...(bytes.length === 4 ? { oldClass: oldClassOf(bytes) } : {}),
  };
}

function scopeOf(bytes: Uint8Array): string {
  const [first = 0, second = 0, third = 0] = bytes;
  if (bytes.length === 16) return multicastScopes[second & 0xf] ?? "reserved";
  if (first === 224 && second === 0 && third === 0) return "link-local";
  if (first !== 239) return "global";
  // RFC 2365 section 6: 239.255/16 is local, 239.192/14 is for an organization.
  if (second === 255) return "local";
  return (second & 0xfc) === 192 ? "organization-local" : "administrative";
}

/** RFC 791 section 3.2: told by the leading ones of the first byte. */
function oldClassOf(bytes: Uint8Array): "A" | "B" | "C" | "D" | "E" {
  const first = bytes[0] ?? 0;
  if (first < 128) return "A";
  if (first < 192) return "B";
  if (first < 224) return "C";
  return first < 240 ? "D" : "E";
}

/** What a mapped address is as IPv4, or null for any other. */
export function classifyMapped(bytes: Uint8Array): IpClass | null {
  const inner = mappedIpv4(bytes);
  return inner === null ? null : classifyIp(inner);
}
