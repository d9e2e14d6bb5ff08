/**
 * What the peer of a link may have opened: `tcp://db:5432`, `tcp://db:*`, `listen:tcp://:8080`.
 *
 * A permit is compared as text with what is asked for, both in their one form (`formatAddress`):
 *
 * - `listen:` is part of it: who may be connected to may not be listened at.
 * - Options are part of it, in their order. An option can be worth as much as an address
 *   (`exec:?cwd=/srv`, `source=10.0.0.1`), so that none is let through unseen.
 * - Names are not resolved: who answers for a name could otherwise say what is permitted. `db` and
 *   its address are two permits.
 * - Paths are not made shorter: `/run/../run/x` is not `/run/x`.
 * - A `*` stands for a whole host or a whole port of `tcp` and `udp`, and never for options: no
 *   part of a name, which would let `*.example.com` be chosen by whoever runs that name server, and
 *   never for commands and paths. `*` as a host is every one, this machine's own included.
 *
 * @module
 */

import type { Address, InetAddress } from "../core/address.ts";
import { AddressError } from "../core/error.ts";
import { formatAddress } from "./format.ts";
import { type Expectation, parseAddress } from "./parse.ts";

/** One permit. */
export interface Permit {
  /** In its one form, as plans and reports show it. */
  readonly text: string;
  /** True for what it permits. */
  allows(address: Address): boolean;
}

/** `tcp://HOST:PORT` where one of the two, or both, is a `*`. */
const pattern =
  /^(?<side>listen:)?(?<scheme>tcp|udp):\/\/(?<host>\[[^\]]*\]|[^:[\]/?@]*):(?<port>[^:?/]*)$/i;

/** Schemes whose text may have a `*` that means itself. */
const literal: ReadonlySet<Address["scheme"]> = new Set(["exec", "sh", "script"]);

/**
 * Reads a permit.
 *
 * @throws {AddressError} for what is neither an address nor a pattern
 */
export function parsePermit(text: string, limits?: Expectation["limits"]): Permit {
  const bounds = limits === undefined ? {} : { limits };
  const parts = pattern.exec(text)?.groups;
  if (parts?.["host"] === "*" || parts?.["port"] === "*") {
    return inetPattern(text, parts as Record<"side" | "scheme" | "host" | "port", string>, bounds);
  }
  const star = text.indexOf("*");
  // Before it is read: `tcp://db:*?nodelay` is told what is wrong with it as a permit.
  if (star >= 0 && !literal.has(schemeOf(text))) {
    const hint =
      "a * is a whole host or a whole port of tcp or udp, without options; one that is " +
      "meant as it is is written %2A";
    throw new AddressError(text, star, "a * that stands for nothing", hint);
  }
  const address = parseAddress(text, bounds);
  const wanted = formatAddress(address);
  const shown = literal.has(address.scheme) ? wanted : wanted.replaceAll("*", "%2A");
  return { text: shown, allows: (address) => formatAddress(address) === wanted };
}

function schemeOf(text: string): Address["scheme"] {
  return text.slice(0, Math.max(0, text.indexOf(":"))).toLowerCase() as Address["scheme"];
}

/** The rest of a pattern is read as an address with something in the place of each `*`. */
function inetPattern(
  text: string,
  { side = "", scheme, host, port }: Record<"side" | "scheme" | "host" | "port", string>,
  bounds: Expectation,
): Permit {
  const [anyHost, anyPort] = [host === "*", port === "*"];
  const stand = `${side}${scheme}://${anyHost ? "any" : host}:${anyPort ? "1" : port}`;
  let wanted: InetAddress;
  try {
    wanted = parseAddress(stand, bounds) as InetAddress;
  } catch (thrown) {
    if (!(thrown instanceof AddressError)) throw thrown;
    throw new AddressError(text, Math.min(thrown.offset, text.length), thrown.reason, thrown.hint);
  }
  const shownHost = anyHost ? "*" : formatAddress({ ...wanted, passive: false, port: 1 }).slice(
    `${wanted.scheme}://`.length,
    -":1".length,
  );
  const shown = `${wanted.scheme}://${shownHost}:${anyPort ? "*" : wanted.port}`;
  return {
    text: wanted.passive ? `listen:${shown}` : shown,
    allows: (address) =>
      address.scheme === wanted.scheme &&
      address.passive === wanted.passive &&
      address.options.length === 0 &&
      (anyHost || (address.host === wanted.host && address.zone === wanted.zone)) &&
      (anyPort || address.port === wanted.port),
  };
}
