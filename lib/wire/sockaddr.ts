/**
 * Socket addresses as they lie in memory on little-endian Linux: `struct sockaddr_in` (ip(7)),
 * `sockaddr_in6` (ipv6(7)) and `sockaddr_un` (unix(7)).
 *
 * The family is in host order; port, IPv4 address and flow information are in network order; the
 * scope id is in host order again.
 * @module
 */

import { NetError, quote } from "../core/error.ts";
import { inetNtop, inetPton } from "./inet.ts";

/** A socket address as a value. */
export type SocketAddress =
  | { readonly family: "inet"; readonly host: string; readonly port: number }
  | {
    readonly family: "inet6";
    readonly host: string;
    readonly port: number;
    /** Flow label and traffic class, 28 bits (RFC 3493 section 3.3). */
    readonly flow: number;
    /** Index of the interface of a link-local address; 0 for none. */
    readonly scope: number;
  }
  | {
    readonly family: "unix";
    /** "" for an unnamed socket; an abstract name begins with NUL. */
    readonly path: string;
  };

/** Numbers of the families in `sa_family` (Linux, socket(2)). */
export const familyNumber = { unix: 1, inet: 2, inet6: 10 } as const;

/** Room for any of the three: `sizeof(struct sockaddr_storage)`. */
export const sockaddrStorageBytes = 128;

/** Room of `sun_path`. Bytes of a path that ends with NUL, which portable programs count on: 107. */
const sunPathBytes = 108;

/**
 * Lays a socket address out in memory; the length of the result is the `addrlen` to give.
 *
 * @throws {NetError} kind "address" for a host that is not numeric or of the wrong family, a
 * number out of range, or a path that does not fit
 */
export function encodeSockaddr(address: SocketAddress): Uint8Array {
  if (address.family === "unix") return encodeUnix(address.path);
  const host = inetPton(address.host);
  const wanted = address.family === "inet" ? 4 : 16;
  if (host?.length !== wanted) throw fault(`not a numeric ${address.family} host`, address.host);
  checkNumber("port", address.port, 0xffff);
  const bytes = new Uint8Array(address.family === "inet" ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, familyNumber[address.family], true);
  view.setUint16(2, address.port);
  if (address.family === "inet") {
    bytes.set(host, 4); // sin_addr; sin_zero stays 0
    return bytes;
  }
  checkNumber("flow", address.flow, 0xffffffff);
  checkNumber("scope", address.scope, 0xffffffff);
  view.setUint32(4, address.flow);
  bytes.set(host, 8);
  view.setUint32(24, address.scope, true);
  return bytes;
}

function encodeUnix(path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  const abstract = path.startsWith("\0");
  if (!abstract && path.includes("\0")) throw fault("NUL in a path", path);
  // An abstract name is counted by addrlen and may fill sun_path; a path is ended by a NUL.
  const room = abstract ? sunPathBytes : sunPathBytes - 1;
  if (name.length > room) throw fault(`${name.length} bytes, at most ${room} fit`, path);
  const terminator = abstract || path === "" ? 0 : 1;
  const bytes = new Uint8Array(2 + name.length + terminator);
  new DataView(bytes.buffer).setUint16(0, familyNumber.unix, true);
  bytes.set(name, 2);
  return bytes;
}

/**
 * Reads a socket address out of memory.
 *
 * @param bytes exactly as many as the kernel's `addrlen` says; a Unix path that is not UTF-8 comes
 * out with U+FFFD in it
 * @throws {NetError} kind "address" for another family or too few bytes
 */
export function decodeSockaddr(bytes: Uint8Array): SocketAddress {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // getsockname(2) of an unconnected datagram sender may fill in nothing at all.
  const family = bytes.length >= 2 ? view.getUint16(0, true) : 0;
  switch (family) {
    case familyNumber.inet:
      checkLength(bytes, 8, "sockaddr_in");
      return { family: "inet", host: inetNtop(bytes.subarray(4, 8)), port: view.getUint16(2) };
    case familyNumber.inet6:
      checkLength(bytes, 28, "sockaddr_in6");
      return {
        family: "inet6",
        host: inetNtop(bytes.subarray(8, 24)),
        port: view.getUint16(2),
        flow: view.getUint32(4),
        scope: view.getUint32(24, true),
      };
    case familyNumber.unix:
      return { family: "unix", path: decodePath(bytes.subarray(2)) };
    default:
      throw fault(`unknown address family ${family}`, `${bytes.length} bytes`);
  }
}

function decodePath(bytes: Uint8Array): string {
  // unix(7): the length may or may not count the NUL of a path; in an abstract name every byte
  // counts, NUL included.
  const end = bytes[0] === 0 ? -1 : bytes.indexOf(0);
  const name = bytes.subarray(0, end < 0 ? Math.min(bytes.length, sunPathBytes) : end);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(name);
}

function checkNumber(what: string, value: number, maximum: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return;
  throw fault(`${what} out of range (0 to ${maximum})`, String(value));
}

function checkLength(bytes: Uint8Array, wanted: number, struct: string): void {
  if (bytes.length < wanted) {
    throw fault(`${struct} needs ${wanted} bytes`, `${bytes.length} bytes`);
  }
}

function fault(message: string, address: string): NetError {
  return new NetError({ kind: "address", op: "sockaddr", address: quote(address), message });
}
