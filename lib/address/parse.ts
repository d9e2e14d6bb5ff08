/**
 * The address language: text -> Address. Pure, total and linear: any text gives an address or an
 * `AddressError` with the place of the fault.
 * @module
 */

import type { Address, Scheme } from "../core/address.ts";
import { readBare } from "./bare.ts";
import { readCommand } from "./command.ts";
import { readInet } from "./inet.ts";
import { readPath } from "./path.ts";
import { decodeText } from "./percent.ts";
import { readQuery } from "./query.ts";
import { isLaterScheme, isScheme, schemes } from "./schemes.ts";
import { readScript } from "./script.ts";
import { type AddressLimits, type Body, Source, write } from "./source.ts";

/** What a caller knows about the address before it is read. */
export interface Expectation {
  /** `active` refuses `listen:`; `passive` implies it (`serve ADDR`). */
  readonly side?: "active" | "passive";
  /** Bounds `address` and `script-steps`; the defaults otherwise. */
  readonly limits?: AddressLimits;
}

/**
 * Reads an address.
 *
 * @throws {AddressError} for any text that is none, with offset and hint
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseAddress } from "@plumb/plumb";
 *
 * const address = parseAddress("listen:tcp://[::1]:http?backlog=16");
 * assertEquals(address, {
 *   scheme: "tcp",
 *   passive: true,
 *   host: "::1",
 *   port: 80,
 *   options: [{ name: "backlog", value: "16" }],
 * });
 * ```
 */
export function parseAddress(text: string, expect: Expectation = {}): Address {
  const source = new Source(text, expect.limits);
  const listens = isListen(text, 0);
  const start = listens ? "listen:".length : 0;
  if (listens && isListen(text, start)) throw source.error(start, "listen: is written once only");
  if (listens && expect.side === "active") {
    const rest = text.slice(start);
    const hint = rest === "" ? undefined : write(rest);
    throw source.error(0, "an address that listens, where one to connect to belongs", hint);
  }
  return readBody({ source, passive: listens || expect.side === "passive", start });
}

function isListen(text: string, at: number): boolean {
  return text.slice(at, at + "listen:".length).toLowerCase() === "listen:";
}

function readBody(body: Body): Address {
  const { source, start } = body;
  const text = source.text;
  if (start === text.length) throw source.error(start, "no address", "write tcp://HOST:PORT");
  if (/^-(?:\?|$)/.test(text.slice(start, start + 2))) {
    return readScheme("stdio", { ...body, start: start + 1 });
  }
  // A scheme's word before the first colon always wins over a host of that name.
  const colon = text.indexOf(":", start);
  // Eleven characters hold any scheme: no long word is copied to be looked up.
  const word = colon < 0 || colon - start > 11 ? "" : text.slice(start, colon).toLowerCase();
  if (isScheme(word)) return readScheme(word, { ...body, start: colon + 1 });
  if (isLaterScheme(word)) {
    throw source.error(start, `this version does not have ${word}`);
  }
  return readBare(body);
}

function readScheme(scheme: Scheme, body: Body): Address {
  const { source, passive, start } = body;
  if (passive && !schemes[scheme].passive) {
    const hint = "listen on tcp, udp, unix, unixgram, fifo, fd or memory";
    throw source.error(0, `${scheme} has no passive side`, hint);
  }
  switch (scheme) {
    case "tcp":
    case "udp":
      return readInet(scheme, body);
    case "unix":
    case "unixgram":
    case "file":
    case "fifo":
      return readPath(scheme, body);
    case "exec":
    case "sh":
      return readCommand(scheme, body);
    case "script":
      return readScript(body);
    case "stdio":
    case "fd":
    case "memory": {
      const end = source.find("?", start, source.text.length);
      const options = readQuery(source, end + 1, source.text.length);
      if (scheme === "memory") return { scheme, passive, name: readMemoryName(body, end), options };
      if (scheme === "fd") {
        return { scheme, passive, descriptor: readDescriptor(body, end), options };
      }
      if (end > start) throw source.error(start, "stdio: has nothing after it but options");
      return { scheme, passive, options };
    }
  }
}

function readMemoryName({ source, start }: Body, end: number): string {
  if (start === end) throw source.error(start, "no name", "write memory:NAME");
  return decodeText(source, start, end);
}

function readDescriptor({ source, passive, start }: Body, end: number): number | string {
  const text = source.text.slice(start, end);
  // Names of systemd (sd_listen_fds_with_names(3)), of those that need no escaping here.
  if (passive && /^[A-Za-z_][\w.-]{0,254}$/.test(text)) return text;
  const descriptor = /^\d{1,10}$/.test(text) ? Number(text) : Infinity;
  // A descriptor is an int.
  if (descriptor < 2 ** 31) return descriptor;
  throw source.error(start, "not a descriptor's number", "write fd:3");
}
