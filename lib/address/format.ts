/**
 * The address language: Address -> text. `parseAddress` gives the same address back.
 * @module
 */

import type { Address } from "../core/address.ts";
import { formatCommand } from "./command.ts";
import { formatHost } from "./host.ts";
import { formatPath } from "./path.ts";
import { encodePath } from "./percent.ts";
import { formatOption } from "./query.ts";
import { formatSteps } from "./script.ts";

/**
 * Prints an address in its one form: scheme written out, port in digits, IPv6 as RFC 5952 asks.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatAddress, parseAddress } from "@plumb/plumb";
 *
 * assertEquals(formatAddress(parseAddress("listen::http")), "listen:tcp://:80");
 * ```
 */
export function formatAddress(address: Address): string {
  const listen = address.passive ? "listen:" : "";
  const query = address.options.map(formatOption).join("&");
  return listen + formatBody(address, query);
}

/**
 * The address as errors and reports name an endpoint: options included, `listen:` left out, since
 * the operation before it says which side it is (`listen tcp://[::]:80?backlog=5`).
 */
export function formatEndpoint(address: Address): string {
  return formatAddress(address.passive ? { ...address, passive: false } : address);
}

function formatBody(address: Address, query: string): string {
  const tail = query === "" ? "" : `?${query}`;
  switch (address.scheme) {
    case "tcp":
    case "udp":
      return `${address.scheme}://${formatHost(address)}:${address.port}${tail}`;
    case "unix":
    case "unixgram":
    case "file":
    case "fifo":
      return `${address.scheme}:${formatPath(address)}${tail}`;
    case "exec":
    case "sh":
      return `${address.scheme}:${formatCommand(address.command, query)}`;
    case "stdio":
      return `-${tail}`;
    case "fd":
      return `fd:${address.descriptor}${tail}`;
    case "memory":
      return `memory:${encodePath(address.name)}${tail}`;
    case "script":
      return `script:${formatSteps(address.steps)}${tail}`;
  }
}
