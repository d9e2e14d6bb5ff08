/**
 * What `dns` is asked for, and whom it asks: words of the command line -> names and servers. Pure.
 * @module
 */

import { parseAddress } from "../address/parse.ts";
import { NetError, quote } from "../core/error.ts";
import { dnsPort } from "../wire/dns.ts";
import { normalName, reverseName } from "../wire/dns_name.ts";
import type { ResolverSettings } from "../wire/hosts_file.ts";
import { inetNtop, inetPton, mappedIpv4 } from "../wire/inet.ts";
import { inetAton } from "../wire/legacy_ipv4.ts";
import type { DnsServer } from "./dns_client.ts";

/** What is looked up. */
export interface DnsSubject {
  /** As shown: the name in ASCII, or the address. */
  readonly name: string;
  /** The numeric address where one was given: it is looked up in reverse. */
  readonly address: string | null;
  /** The name that is asked for; of an address the one that its PTR record has. */
  readonly question: string;
  /** True where the name was written with its last dot: no search list. */
  readonly absolute: boolean;
}

/**
 * Reads a name or a numeric address (with or without brackets).
 *
 * @throws {NetError} kind "usage"
 */
export function readDnsSubject(text: string): DnsSubject {
  const host = /^\[.*\]$/.test(text) ? text.slice(1, -1) : text;
  const bytes = inetPton(host.split("%", 1)[0] ?? "");
  if (bytes !== null) return reverseSubject(bytes);
  const legacy = inetAton(text);
  if (legacy !== null) {
    const hint = `write ${inetNtop(legacy.bytes)} (see: plumb addr ${text})`;
    throw badName(text, "a legacy IPv4 form, not a name", hint);
  }
  if (text === "") throw badName(text, "an empty name", "the root is .");
  if (text.includes("://")) throw badName(text, "an address, not a name", "give the host alone");
  const ascii = toAscii(text);
  // Blanks and colons are possible in DNS, but in a host name they are a slip of the hand.
  if (/[\s:/]/.test(ascii)) throw badName(text, "not a host name", "give the host alone");
  const name = normalName(ascii);
  return { name, address: null, question: name, absolute: ascii.endsWith(".") };
}

/** The subject that looks an address up in reverse. */
export function reverseSubject(bytes: Uint8Array): DnsSubject {
  // Nobody keeps PTR records of mapped addresses: the IPv4 one is meant.
  const plain = mappedIpv4(bytes) ?? bytes;
  const address = inetNtop(plain);
  return { name: address, address, question: reverseName(plain), absolute: true };
}

/** IDNA's ASCII form of a name with other letters (RFC 5891), by the URL parser. */
function toAscii(text: string): string {
  // deno-lint-ignore no-control-regex -- asks whether all of it is ASCII
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  if (text.length > 1000 || /[\s/?#@:\\%]/.test(text)) throw badName(text, "not a host name");
  try {
    return new URL(`ws://${text}`).hostname;
  } catch {
    throw badName(text, "not an international host name (IDNA)");
  }
}

function badName(text: string, message: string, hint?: string): NetError {
  const address = quote(text);
  return new NetError({ kind: "usage", op: "dns", address, message, ...(hint && { hint }) });
}

/**
 * Reads `--server`: `HOST`, `HOST:PORT`, `[IPv6]:PORT`, a bare IPv6 address, or an address of
 * plumb (`tcp://HOST:PORT` asks over TCP only).
 *
 * @throws {AddressError} for anything else
 */
export function readServer(text: string): DnsServer {
  const address = parseAddress(serverAddress(text), { side: "active" });
  if (address.scheme !== "tcp" && address.scheme !== "udp") {
    const message = "a name server is reached by udp:// or tcp://";
    throw new NetError({ kind: "usage", op: "dns", address: quote(text), message });
  }
  const { host, port, zone, scheme, options } = address;
  if (options.length > 0) {
    const message = "a name server takes no options";
    throw new NetError({ kind: "usage", op: "dns", address: quote(text), message });
  }
  return { host, port, tcpOnly: scheme === "tcp", ...(zone === undefined ? {} : { zone }) };
}

function serverAddress(text: string): string {
  if (text.includes("://")) return text;
  const bare = inetPton(text.split("%", 1)[0] ?? "");
  if (bare?.length === 16) return `udp://[${text}]:${dnsPort}`;
  return /:[^\]]*$/.test(text) ? `udp://${text}` : `udp://${text}:${dnsPort}`;
}

/** The servers of /etc/resolv.conf; without any, the one of this machine (resolv.conf(5)). */
export function systemServers(settings: ResolverSettings): DnsServer[] {
  return (settings.servers.length > 0 ? settings.servers : ["127.0.0.1"]).map(readServer);
}

/** The names to try one after the other, as resolv.conf(5) says for `search` and `ndots`. */
export function candidatesOf(subject: DnsSubject, settings: ResolverSettings | null): string[] {
  const { question, absolute } = subject;
  if (absolute || settings === null) return [question];
  const searched = settings.search.flatMap((domain) => {
    try {
      return [normalName(`${question}.${domain}`)];
    } catch {
      return []; // too long with this domain: the system's resolver leaves it out, too
    }
  });
  const dots = question.split(".").length - 1;
  return dots >= settings.ndots ? [question, ...searched] : [...searched, question];
}
