/**
 * An address in every form: subject -> facts. The facts are what `--json` prints.
 * @module
 */

import { htonl, htons, meantPort, swap16 } from "../wire/byteorder.ts";
import { reverseName } from "../wire/dns_name.ts";
import { addressNumber, inetNtop, mapIpv4, mappedIpv4 } from "../wire/inet.ts";
import { classifyIp, classifyMapped, type IpClass } from "../wire/ip_kind.ts";
import { explainLegacy } from "../wire/legacy_ipv4.ts";
import { type Prefix, prefixOf } from "../wire/prefix.ts";
import { encodeSockaddr, familyNumber, type SocketAddress } from "../wire/sockaddr.ts";
import type { AddrSubject } from "./addr_subject.ts";

/** Facts about a port. */
export interface PortFacts {
  readonly port: number;
  /** What htons(port) is as a number on this machine. */
  readonly htons: number;
  /** The two bytes as they travel, in hex. */
  readonly networkBytes: string;
  /** The port that its two bytes make the other way round. */
  readonly swapped: number;
  /** Set where the port looks like that one with its bytes swapped. */
  readonly meant: number | null;
}

/** Facts about a numeric address. */
export interface HostFacts {
  readonly host: string;
  /** The bytes in network order, in hex, as inet_pton(3) gives them. */
  readonly networkBytes: string;
  /** The address as one number in host order: what ntohl(s_addr) is. IPv6 as text: 128 bits. */
  readonly number: number | string;
  /** `s_addr` as C sees it: htonl(number). IPv4 only. */
  readonly htonl?: number;
  readonly class: IpClass;
  /** IPv4: how a dual-stack socket shows it. */
  readonly mapped?: string;
  /** IPv4-mapped IPv6: the IPv4 address in it, and what that is. */
  readonly unmapped?: { readonly host: string; readonly class: IpClass };
  readonly reverseName: string;
}

/** Everything about one subject. */
export interface AddrReport {
  /** As it was written. */
  readonly input: string;
  readonly family: "inet" | "inet6" | "unix" | null;
  /** `AF_INET` and so on, as a number. */
  readonly familyNumber: number | null;
  readonly host?: HostFacts;
  readonly port?: PortFacts;
  readonly path?: { readonly text: string; readonly abstract: boolean; readonly bytes: number };
  /** The struct as it lies in memory. */
  readonly sockaddr?: {
    readonly struct: "sockaddr_in" | "sockaddr_in6" | "sockaddr_un";
    readonly bytes: string;
    readonly length: number;
    readonly flow?: number;
    readonly scope?: number;
    /** A scope named by an interface that this machine does not have is 0. */
    readonly zone?: string;
  };
  readonly prefix?: Prefix;
  readonly legacy?: { readonly meaning: string; readonly strict: string };
}

/**
 * Works out all of it.
 *
 * @param scopeOf index of the interface that a zone names, 0 where there is none
 */
export function reportAddress(
  input: string,
  subject: AddrSubject,
  scopeOf: (zone: string) => number,
): AddrReport {
  if (subject.kind === "port") {
    return { input, family: null, familyNumber: null, port: portFacts(subject.port) };
  }
  if (subject.kind === "unix") return unixReport(input, subject.path);
  const { bytes, port, zone, prefixLength, legacy } = subject;
  const host = inetNtop(bytes);
  const family = bytes.length === 4 ? "inet" : "inet6";
  const scope = zone === undefined ? 0 : scopeOf(zone);
  const end = { host, port: port ?? 0 };
  const address: SocketAddress = family === "inet"
    ? { family, ...end }
    : { family, ...end, flow: 0, scope };
  const prefix = prefixLength === undefined ? null : prefixOf(host, prefixLength);
  return {
    input,
    family,
    familyNumber: familyNumber[family],
    host: hostFacts(bytes),
    ...(port === undefined ? {} : { port: portFacts(port) }),
    sockaddr: { ...sockaddrFacts(address), ...(zone === undefined ? {} : { zone }) },
    ...(prefix === null ? {} : { prefix }),
    ...(legacy === undefined ? {} : { legacy: { meaning: explainLegacy(legacy), strict: host } }),
  };
}

function unixReport(input: string, path: string): AddrReport {
  const abstract = path.startsWith("\0");
  const text = abstract ? `@${path.slice(1)}` : path;
  return {
    input,
    family: "unix",
    familyNumber: familyNumber.unix,
    path: { text, abstract, bytes: new TextEncoder().encode(path).length },
    sockaddr: sockaddrFacts({ family: "unix", path }),
  };
}

function sockaddrFacts(address: SocketAddress): NonNullable<AddrReport["sockaddr"]> {
  const bytes = encodeSockaddr(address);
  const length = bytes.length;
  const common = { bytes: bytes.toHex(), length };
  if (address.family === "inet") return { struct: "sockaddr_in", ...common };
  if (address.family === "unix") return { struct: "sockaddr_un", ...common };
  return { struct: "sockaddr_in6", ...common, flow: address.flow, scope: address.scope };
}

function portFacts(port: number): PortFacts {
  return {
    port,
    htons: htons(port),
    networkBytes: Uint8Array.of(port >> 8, port).toHex(),
    swapped: swap16(port),
    meant: meantPort(port) ?? null,
  };
}

function hostFacts(bytes: Uint8Array): HostFacts {
  const number = addressNumber(bytes);
  const common = {
    host: inetNtop(bytes),
    networkBytes: bytes.toHex(),
    class: classifyIp(bytes),
    reverseName: reverseName(bytes),
  };
  if (bytes.length === 4) {
    const value = Number(number);
    return { ...common, number: value, htonl: htonl(value), mapped: inetNtop(mapIpv4(bytes)) };
  }
  const inner = mappedIpv4(bytes);
  const innerClass = classifyMapped(bytes);
  const unmapped = inner === null || innerClass === null
    ? {}
    : { unmapped: { host: inetNtop(inner), class: innerClass } };
  return { ...common, number: number.toString(), ...unmapped };
}
