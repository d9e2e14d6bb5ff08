/**
 * What the carrier of a link must be: where it may go without a seal, and what cannot carry it.
 * @module
 */

import { formatEndpoint } from "../address/format.ts";
import type { Address } from "../core/address.ts";
import { NetError } from "../core/error.ts";
import type { LinkSecurity } from "../link/link_handshake.ts";

/** What both sides of a link share. */
export interface LinkSecurityOptions {
  /** 32 bytes that both sides have (`plumb link keygen`); needed unless `seal` is false. */
  readonly key?: Uint8Array;
  /**
   * False: nothing is sealed, and only a key, where there is one, says who may come. On loopback,
   * Unix sockets, processes and memory alone; default true.
   */
  readonly seal?: boolean;
}

/** Streams of bytes, both ways: what a link can go over. */
const carriers: ReadonlySet<Address["scheme"]> = new Set(
  ["tcp", "unix", "exec", "sh", "fd", "stdio", "memory", "script"],
);

/** Options that would put something of their own around the carrier, or dial for it. */
const foreign: ReadonlySet<string> = new Set(
  ["reconnect", "backoff", "while-down", "on-connect", "heartbeat"],
);

/** Ends of this machine: what passes there nobody else can read without being root or its owner. */
const local: ReadonlySet<Address["scheme"]> = new Set(["unix", "exec", "sh", "memory", "script"]);

/**
 * Looks at the carrier's address and at what it is to be sealed with, before anything is opened.
 *
 * @throws {NetError} kind "usage" for an address that cannot carry a link, or where a key is
 * missing; kind "exposure" for one that would go over a network unsealed
 */
export function linkSecurity(address: Address, options: LinkSecurityOptions): LinkSecurity {
  const hasKey = options.key !== undefined;
  checkCarrier(address, { seals: options.seal ?? true, hasKey });
  const { key } = options;
  if (key !== undefined && key.length !== 32) {
    const message = `a key is 32 bytes, and not ${key.length}`;
    throw new NetError({ kind: "usage", op: "link", message });
  }
  return { key: key ?? null, seals: options.seal ?? true };
}

/**
 * The same without the key itself, which lies in a file that is read later.
 *
 * @throws {NetError} kind "usage" or "exposure"
 */
export function checkCarrier(
  address: Address,
  { seals, hasKey }: { readonly seals: boolean; readonly hasKey: boolean },
): void {
  const fail = (kind: "usage" | "exposure", message: string, hint: string) => {
    const shown = formatEndpoint(address);
    throw new NetError({ kind, op: "link", address: shown, message, hint });
  };
  if (!carriers.has(address.scheme)) {
    const hint = `use ${[...carriers].slice(0, 3).join(", ")}`;
    fail("usage", `a link needs a stream of bytes both ways, and ${address.scheme} is none`, hint);
  }
  const option = address.options.find(({ name }) => foreign.has(name))?.name;
  if (option !== undefined) {
    const hint = "a link has its own: see plumb help link";
    fail("usage", `${option} is not for the carrier of a link`, hint);
  }
  if (!seals && !isLocal(address)) {
    const message = "without a seal, others on the network could read and change all that passes";
    fail("exposure", message, "leave --no-seal out; it is for loopback, Unix sockets and exec");
  }
  if (seals && !hasKey) {
    const hint = "plumb link keygen FILE makes one, and --key-file FILE names it";
    fail("usage", "a link is sealed with a key that both sides have", hint);
  }
}

/**
 * True where what passes stays on this machine. A name other than localhost does not count, whatever
 * it resolves to now; and an inherited descriptor may be anything.
 */
function isLocal(address: Address): boolean {
  if (local.has(address.scheme)) return true;
  if (!("host" in address)) return false;
  const { host, passive } = address;
  // Active and empty is localhost; passive and empty is every address of the machine.
  if (host === "") return !passive;
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
