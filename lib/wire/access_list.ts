/**
 * Access lists: who may connect, by address. Text to networks, and the question asked of each
 * connection. The arithmetic of prefixes is ipaddr.js's (prefix.ts).
 * @module
 */

import { NetError, quote } from "../core/error.ts";
import { inetNtop, inetPton, mappedIpv4 } from "./inet.ts";
import { prefixOf } from "./prefix.ts";

/** One entry: a network, an address being one of full length. IPv4-mapped ones are IPv4. */
export interface Network {
  /** Network address, 4 or 16 bytes, host bits 0. */
  readonly bytes: Uint8Array;
  /** Bits of it that count. */
  readonly length: number;
}

/** One word of a list: a network, or a file that holds more. */
export type AccessWord = Network | { readonly file: string };

/** Bits before the IPv4 address in an IPv4-mapped one (RFC 4291, section 2.5.5.2). */
const mappedBits = 96;

/**
 * Reads the value of `--allow` or `--deny`: networks and addresses separated by commas, and files
 * written as `@FILE`, or as a path that begins with `/` or `.`.
 *
 * @throws {NetError} kind "usage"
 */
export function parseAccessWords(text: string): readonly AccessWord[] {
  return text.split(",").map((word) => {
    const file = word.startsWith("@") ? word.slice(1) : /^[./]/.test(word) ? word : null;
    if (file === null) return parseNetwork(word);
    if (file === "") throw failure("no file after @", "write @FILE");
    return { file };
  });
}

/**
 * Reads the text of a list file: networks and addresses, separated by blanks, commas or newlines;
 * `#` begins a comment.
 *
 * @param name the file's name, for errors
 * @throws {NetError} kind "usage", with the line
 */
export function parseAccessFile(text: string, name: string): readonly Network[] {
  return text.split("\n").flatMap((line, at) => {
    const words = line.replace(/#.*/, "").split(/[\s,]+/).filter((word) => word !== "");
    return words.map((word) => parseNetwork(word, `${quote(name)}:${at + 1}`));
  });
}

/**
 * Reads `10.0.0.0/8`, `192.0.2.1`, `2001:db8::/32`. Host bits that are set are refused: one of
 * the two, address or length, is not what was meant.
 *
 * @param where file and line, for errors
 * @throws {NetError} kind "usage"
 */
export function parseNetwork(text: string, where?: string): Network {
  const [, host = "", digits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bytes = inetPton(host);
  if (bytes === null) {
    const hint = "write 10.0.0.0/8, 2001:db8::/32, an address, or @FILE";
    throw failure(`${quote(text)} is no address or network`, hint, where);
  }
  const length = digits === undefined ? bytes.length * 8 : Number(digits);
  const prefix = prefixOf(host, length);
  if (prefix === null) {
    const hint = `at most /${bytes.length * 8}`;
    throw failure(`${text}: no such prefix length`, hint, where);
  }
  if (prefix.network !== inetNtop(bytes)) {
    throw failure(`${text} has host bits set`, `write ${prefix.network}/${length}`, where);
  }
  const mapped = length >= mappedBits ? mappedIpv4(bytes) : null;
  return mapped === null ? { bytes, length } : { bytes: mapped, length: length - mappedBits };
}

function failure(message: string, hint: string, where?: string): NetError {
  const text = where === undefined ? message : `${where}: ${message}`;
  return new NetError({ kind: "usage", op: "access list", message: text, hint });
}

/**
 * Networks, asked whether they contain an address. One look-up for each prefix length that occurs,
 * however many entries there are: a list of a whole country has tens of thousands.
 */
export class NetworkSet {
  /** Networks by `family bits`, then by length. */
  readonly #byLength: Readonly<Record<number, Map<number, Set<string>>>> = {
    4: new Map(),
    16: new Map(),
  };

  constructor(networks: Iterable<Network>) {
    for (const { bytes, length } of networks) {
      const lengths = this.#byLength[bytes.length];
      const keys = lengths?.get(length) ?? new Set();
      lengths?.set(length, keys.add(keyOf(bytes, length)));
    }
  }

  /** The network that contains an address, as text, or null. The longest one is told. */
  find(address: Uint8Array): string | null {
    let longest = -1;
    for (const [length, keys] of this.#byLength[address.length] ?? []) {
      if (length > longest && keys.has(keyOf(address, length))) longest = length;
    }
    return longest < 0 ? null : `${inetNtop(masked(address, longest))}/${longest}`;
  }
}

function masked(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.map((byte, at) => byte & (0xff00 >> Math.min(8, Math.max(0, length - at * 8))));
}

function keyOf(bytes: Uint8Array, length: number): string {
  return masked(bytes, length).join(".");
}

/**
 * Who may connect. `deny` wins over `allow`; where there is an `allow` list, whoever is not on it
 * is refused, and where there is none, everybody who is not denied is let in.
 *
 * @example
 * ```ts
 * import { AccessList, parseNetwork } from "./access_list.ts";
 *
 * const list = new AccessList([parseNetwork("10.0.0.0/8")], [parseNetwork("10.1.0.0/16")]);
 * if (list.objection("10.2.0.1") !== null) throw new Error("10.2.0.1 is allowed");
 * ```
 */
export class AccessList {
  readonly #allow: NetworkSet | null;
  readonly #deny: NetworkSet;

  /** @param allow null: everybody; an empty list allows nobody */
  constructor(allow: Iterable<Network> | null, deny: Iterable<Network>) {
    this.#allow = allow === null ? null : new NetworkSet(allow);
    this.#deny = new NetworkSet(deny);
  }

  /**
   * Why a peer is not let in, or null where it is.
   *
   * @param host a numeric address, with its zone if it has one; undefined for a peer without an
   * address (Unix sockets): who may connect to those is told by their file's mode
   */
  objection(host: string | undefined): string | null {
    if (host === undefined) return null;
    const bytes = inetPton(host.split("%")[0] ?? host);
    // What cannot be read cannot be on a list of those who may.
    if (bytes === null) return "its address cannot be read";
    const address = mappedIpv4(bytes) ?? bytes;
    const denied = this.#deny.find(address);
    if (denied !== null) return `denied by ${denied}`;
    return this.#allow === null || this.#allow.find(address) !== null ? null : "not allowed";
  }
}
