/**
 * `host:port`, with or without a scheme before it.
 * @module
 */

import type { InetAddress } from "../core/address.ts";
import { AddressError, quote } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import { type Host, readIpv6, readName } from "./host.ts";
import { ipv6Groups } from "./ip.ts";
import { serviceNames, servicePort } from "./ports.ts";
import { readQuery } from "./query.ts";
import { type Body, type Source, write } from "./source.ts";

/**
 * Reads `//host:port?options` (what follows `tcp:` or `udp:`).
 *
 * @throws {AddressError}
 */
export function readInet(scheme: "tcp" | "udp", body: Body): InetAddress {
  const { source, start } = body;
  if (!source.text.startsWith("//", start)) {
    const rest = source.text.slice(start).replace(/^\//, "");
    // What would be refused, too, is no advice: a lone port wants a host, a lone host a port.
    const host = /^\d+$/.test(rest) ? "localhost:" : "";
    const port = host === "" && /^[\w.-]*$/.test(rest) ? ":PORT" : "";
    const hint = write(`${source.text.slice(0, start)}//${host}${rest}${port}`);
    throw source.error(start, `${scheme} needs // before the host`, hint);
  }
  return readAuthority(scheme, { ...body, start: start + 2 });
}

/**
 * Reads `host:port?options`.
 *
 * @throws {AddressError}
 */
export function readAuthority(scheme: "tcp" | "udp", body: Body): InetAddress {
  const { source, passive, start } = body;
  const end = source.find("?", start, source.text.length);
  refuseParts(scheme, source, start, end);
  const colon = portColon(source, start, end);
  const host: Host = source.text.charAt(start) === "["
    ? readIpv6(source, start + 1, colon - 1)
    : readName(source, start, colon);
  const port = readPort(source, colon + 1, end, scheme);
  if (port === 0 && !passive) {
    throw source.error(colon + 1, "port 0 is only for listening", "write the peer's port");
  }
  const options = readQuery(source, end + 1, source.text.length);
  const other = options.find(({ name }) => name === "interface")?.value;
  if (host.zone !== undefined && typeof other === "string" && other !== host.zone) {
    const message = `interface=${quote(other)} is not the zone %${host.zone}`;
    throw source.error(end + 1, message, "leave one of them out", "option");
  }
  return { scheme, passive, ...host, port, options };
}

/** A URL has more parts than a socket's name; each is refused by its own name. */
function refuseParts(scheme: string, source: Source, start: number, end: number): void {
  const authority = source.text.slice(start, end);
  const at = authority.search(/[@/#]/);
  if (at < 0) return;
  const prefix = source.text.slice(0, start);
  if (authority.charAt(at) === "@") {
    const after = authority.lastIndexOf("@", authority.search(/[/#]|$/)) + 1;
    const hint = write(prefix + authority.slice(after));
    // What stands there may be a password: it is left out of the message.
    const shown = `${prefix}...@${authority.slice(after)}`;
    throw new AddressError(shown, start, `${scheme} has no user name in it`, hint);
  }
  const part = authority.charAt(at) === "/" ? "path" : "fragment";
  throw source.error(
    start + at,
    `${scheme} has no ${part}`,
    write(
      prefix + authority.slice(0, at),
    ),
  );
}

/** Position of the colon before the port. */
function portColon(source: Source, start: number, end: number): number {
  const authority = source.text.slice(start, end);
  const prefix = source.text.slice(0, start);
  if (authority.startsWith("[")) {
    const close = authority.indexOf("]");
    if (close < 0) throw source.error(start, "a bracket that is not closed");
    if (authority.charAt(close + 1) === ":") return start + close + 1;
    const hint = write(`${prefix}${authority.slice(0, close + 1)}:PORT`);
    throw source.error(start + close + 1, "no port", hint);
  }
  const first = authority.indexOf(":");
  if (first < 0) throw source.error(end, "no port", write(`${prefix}${authority}:PORT`));
  const last = authority.lastIndexOf(":");
  if (first === last) return start + first;
  throw source.error(start + first, ...colons(prefix, authority, last));
}

/** Explains several colons: an IPv6 address with a port after it, one without, or neither. */
function colons(prefix: string, authority: string, last: number): [string, string] {
  const brackets = "an IPv6 address needs brackets";
  const host = authority.slice(0, last);
  const port = authority.slice(last + 1);
  const isHost = (text: string) => ipv6Groups(text.replace(/%.*/s, "")) !== null;
  if (isHost(host) && /^\d{1,5}$/.test(port)) {
    return [brackets, write(`${prefix}[${host}]:${port}`)];
  }
  if (isHost(authority)) return [brackets, write(`${prefix}[${authority}]:PORT`)];
  return ["too many colons", "a host and a port have one; an IPv6 address needs brackets"];
}

/** Reads a port: decimal digits, or the name of a service. */
function readPort(source: Source, start: number, end: number, scheme: string): number {
  const text = source.text.slice(start, end);
  if (text === "") {
    throw source.error(start, "no port", write(`${source.text.slice(0, start)}PORT`));
  }
  if (/^\d+$/.test(text)) {
    const port = Number(text);
    if (port > 65535) throw source.error(start, "a port is at most 65535");
    return port;
  }
  const port = servicePort(text);
  if (port !== undefined) return port;
  const near = nearest(text, serviceNames);
  const hint = near === undefined ? "write the port in digits" : `did you mean ${near}?`;
  throw source.error(start, `${quote(text)} is no port that ${scheme} knows`, hint);
}
