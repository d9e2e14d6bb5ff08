/**
 * What `addr` is shown: any spelling of an address -> what is meant. Pure; names are not resolved.
 * @module
 */

import { parseAddress } from "../address/parse.ts";
import { servicePort } from "../address/ports.ts";
import { isScheme } from "../address/schemes.ts";
import type { Address } from "../core/address.ts";
import { NetError, quote } from "../core/error.ts";
import { inetNtop, inetPton } from "../wire/inet.ts";
import { inetAton, type LegacyIpv4 } from "../wire/legacy_ipv4.ts";

/** An address, a port or a path that was written. */
export type AddrSubject =
  | {
    readonly kind: "inet";
    /** 4 or 16 bytes in network order. */
    readonly bytes: Uint8Array;
    readonly port?: number;
    readonly zone?: string;
    readonly prefixLength?: number;
    /** How an old spelling was read. */
    readonly legacy?: LegacyIpv4;
  }
  | { readonly kind: "port"; readonly port: number }
  /** An abstract name begins with NUL. */
  | { readonly kind: "unix"; readonly path: string };

/**
 * Reads an IP address (with zone, port, prefix, or in an old spelling), `:PORT`, a port alone, a
 * Unix path, `@name`, or an address of plumb.
 *
 * @throws {NetError} kind "usage" or "address"; a name is named as one, with what resolves it
 */
export function readAddrSubject(text: string): AddrSubject {
  const port = /^:([A-Za-z0-9-]+)$/.exec(text)?.[1];
  if (port !== undefined) return { kind: "port", port: portNumber(text, port) };
  // A small number alone is a port to everyone; as an address it would be one of 0.0.0.0/16.
  if (/^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 0xffff) {
    return { kind: "port", port: Number(text) };
  }
  // Numeric hosts come before schemes: fd::1 is an IPv6 address, fd:1 is a descriptor.
  const host = fromPrefix(text) ?? fromHost(text, "");
  if (host !== null) return host;
  if (/^@./.test(text) || /^\.{0,2}\//.test(text)) {
    return ofAddress(text, parseAddress(`unix:${text}`));
  }
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase() ?? "";
  if (scheme === "listen" || isScheme(scheme) || text.includes("://")) {
    return ofAddress(text, parseAddress(text));
  }
  return fromPair(text) ?? refuse(text);
}

function ofAddress(text: string, address: Address): AddrSubject {
  if (address.scheme === "unix" || address.scheme === "unixgram") {
    return { kind: "unix", path: address.abstract ? `\0${address.path}` : address.path };
  }
  if (address.scheme !== "tcp" && address.scheme !== "udp") {
    throw fault(text, `${address.scheme}: is no address of a socket`);
  }
  const { host, port, zone } = address;
  if (host === "") return { kind: "port", port };
  const bytes = inetPton(host);
  if (bytes === null) throw aName(text, host);
  return { kind: "inet", bytes, port, ...(zone === undefined ? {} : { zone }) };
}

/** `10.1.2.3/20`, `2001:db8::/32`, `10.1.2.3/255.255.240.0`. */
function fromPrefix(text: string): AddrSubject | null {
  const slash = text.indexOf("/");
  if (slash < 0) return null;
  const host = fromHost(text.slice(0, slash), "");
  const suffix = text.slice(slash + 1);
  if (host?.kind !== "inet") return null;
  const bits = host.bytes.length * 8;
  const length = /^(0|[1-9]\d{0,2})$/.test(suffix) ? Number(suffix) : maskBits(suffix, bits);
  if (length === null || length > bits) {
    throw fault(text, `${quote(suffix)} is no prefix length (0 to ${bits}) and no netmask`);
  }
  return { ...host, prefixLength: length };
}

/** Length of a netmask, or null where it is none. */
function maskBits(text: string, bits: number): number | null {
  const mask = inetPton(text);
  if (mask?.length !== bits / 8) return null;
  const ones = Array.from(mask, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(ones) ? ones.lastIndexOf("1") + 1 : null;
}

/** A host alone; `port` is "" or digits. */
function fromHost(text: string, port: string): AddrSubject | null {
  const host = /^\[.*\]$/.test(text) ? text.slice(1, -1) : text;
  const [plain = "", zone] = host.split(/%(?:25(?=.))?/, 2);
  const more = {
    ...(port === "" ? {} : { port: portNumber(text, port) }),
    ...(zone === undefined || zone === "" ? {} : { zone }),
  };
  const bytes = inetPton(plain);
  if (bytes !== null) {
    if (zone !== undefined && bytes.length === 4) throw fault(text, "IPv4 has no zones");
    return { kind: "inet", bytes, ...more };
  }
  const legacy = inetAton(text);
  return legacy === null ? null : { kind: "inet", bytes: legacy.bytes, legacy, ...more };
}

/** `host:port` and `[v6]:port`. */
function fromPair(text: string): AddrSubject | null {
  const match = /^(\[[^\]]*\]|[^:]*):([^:]*)$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined || match[2] === "") return null;
  return fromHost(match[1], match[2]);
}

function portNumber(text: string, port: string): number {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : servicePort(port);
  if (number !== undefined && number <= 0xffff) return number;
  throw fault(text, /^\d+$/.test(port) ? "a port is at most 65535" : `no service ${quote(port)}`);
}

function refuse(text: string): never {
  const pair = /^([^:]+):[^:]+$/.exec(text)?.[1] ?? text;
  if (/^[\p{L}\p{N}._-]+$/u.test(pair) && /\p{L}/u.test(pair)) throw aName(text, pair);
  throw fault(text, "no address", "write an IP address, IP/LENGTH, IP:PORT, :PORT or unix:/PATH");
}

function aName(text: string, name: string): NetError {
  const hint = `plumb dns ${name} resolves it; plumb addr --to ${name} shows the way there`;
  return fault(text, "a name, not an address", hint);
}

function fault(text: string, message: string, hint?: string): NetError {
  const address = quote(text);
  return new NetError({ kind: "usage", op: "addr", address, message, ...(hint && { hint }) });
}

/** The text of the host that is meant, with its zone. */
export function hostText(subject: AddrSubject & { kind: "inet" }): string {
  const host = inetNtop(subject.bytes);
  return subject.zone === undefined ? host : `${host}%${subject.zone}`;
}
