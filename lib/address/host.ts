/**
 * A host: a name, a strict IPv4 address, or what stands between the brackets of an IPv6 one.
 * @module
 */

import { formatIpv6, ipv6Groups, isIpv4, legacyIpv4, takesZone } from "./ip.ts";
import { type Source, write } from "./source.ts";

/** A host as the address holds it. */
export interface Host {
  /** Name or number, without brackets; "" where empty. */
  readonly host: string;
  /** Interface of a link-local IPv6 address. */
  readonly zone?: string;
}

/**
 * Reads a host without brackets: "" (every address, or this machine), IPv4, or a name in lower
 * case, in its ASCII form where it is international (RFC 5891).
 *
 * @throws {AddressError} for anything else; legacy IPv4 spellings are explained
 */
export function readName(source: Source, start: number, end: number): Host {
  const text = source.text.slice(start, end);
  if (text === "" || isIpv4(text)) return { host: text };
  if (text === "*") throw source.error(start, "* is not a host", "leave the host empty");
  if (text.includes("%")) {
    const at = start + text.indexOf("%");
    if (/^[^%]*%[0-9A-Fa-f]{2}/.test(text)) throw source.error(at, "a host has no escapes");
    throw source.error(at, "a zone belongs to a link-local IPv6 address, in brackets");
  }
  const name = toAscii(source, start, text);
  checkName(source, start, name);
  return { host: name };
}

/** Lower case, and IDNA's ASCII form of what has other letters. */
function toAscii(source: Source, start: number, text: string): string {
  // Looked at before any conversion: what is far too long is not worth converting.
  if (text.length > 254) throw source.error(start, "a host name of more than 253 characters");
  // The URL parser would take more than a name (ports, escapes): only names get there.
  const bad = text.search(/[^\-A-Za-z0-9._\u0080-\u{10ffff}]/u);
  if (bad >= 0) throw source.error(start + bad, "a host name has letters, digits, - . and _");
  // deno-lint-ignore no-control-regex -- asks whether all of it is ASCII
  if (/^[\u0000-\u007f]*$/.test(text)) return text.toLowerCase();
  try {
    return new URL(`ws://${text}`).hostname;
  } catch {
    // The URL parser says only "Invalid URL".
    throw source.error(start, "not an international host name (IDNA)");
  }
}

/** RFC 1123 section 2.1, with `_` for service names (RFC 2782); a final dot is the root. */
function checkName(source: Source, start: number, name: string): void {
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  if (bare.length > 253) throw source.error(start, "a host name of more than 253 characters");
  const labels = bare.split(".");
  for (const label of labels) {
    if (label === "") throw source.error(start, "a host name with an empty part");
    if (label.length > 63) {
      throw source.error(start, `a host name with a part of ${label.length} characters, over 63`);
    }
    if (!/^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/.test(label)) {
      throw source.error(start, "a part of a host name begins and ends with a letter or digit");
    }
  }
  // A last part that is a number makes readers take it for IPv4, each in its own way (the rule is
  // that of the WHATWG URL standard, section 3.5, "ends in a number").
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "")) throw badIpv4(source, start, bare);
}

function badIpv4(source: Source, start: number, text: string): Error {
  const meant = legacyIpv4(text);
  if (meant === null) {
    const hint = "write four numbers up to 255, without leading zeros";
    return source.error(start, "not an IPv4 address", hint);
  }
  return source.error(start, "a legacy IPv4 form, read differently by programs", write(meant));
}

/**
 * Reads what stands between brackets: an IPv6 address in its canonical form, with a zone after
 * `%` (RFC 4007) or `%25` (RFC 6874).
 *
 * @throws {AddressError} for anything else
 */
export function readIpv6(source: Source, start: number, end: number): Host {
  const percent = source.find("%", start, end);
  const text = source.text.slice(start, percent);
  const groups = ipv6Groups(text);
  if (groups === null) {
    const hint = text.includes(":") ? undefined : "brackets are for IPv6 only";
    throw source.error(start, "not an IPv6 address", hint);
  }
  const host = formatIpv6(groups);
  if (percent === end) return { host };
  if (!takesZone(groups)) {
    throw source.error(percent, "a zone is only for link-local and interface-local addresses");
  }
  return { host, zone: readZone(source, percent, end) };
}

/** Interface names have up to 15 bytes (IFNAMSIZ, netdevice(7)); an index is digits. */
function readZone(source: Source, percent: number, end: number): string {
  const raw = source.text.slice(percent + 1, end);
  // "%25" alone is interface 25: the escape needs something after it.
  const zone = raw.startsWith("25") && raw.length > 2 ? raw.slice(2) : raw;
  if (!/^[A-Za-z0-9._~-]{1,15}$/.test(zone)) {
    const hint = "a zone is an interface's name or number: %eth0";
    throw source.error(percent, "not a zone", hint);
  }
  return zone;
}

/** Prints a host, with brackets and zone where it is IPv6. */
export function formatHost({ host, zone }: Host): string {
  if (!host.includes(":")) return host;
  if (zone === undefined) return `[${host}]`;
  // Raw, as people write it, unless it would be read as an escape: interface "25x" is "%2525x".
  const escape = zone.startsWith("25") && zone.length > 2 ? "25" : "";
  return `[${host}%${escape}${zone}]`;
}
