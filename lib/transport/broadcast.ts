/**
 * Which destinations are everybody: a broadcast is refused before it is sent, unless asked for.
 * @module
 */

import { NetError } from "../core/error.ts";
import { systemInterfaces } from "../sys/interfaces.ts";
import { prefixOf } from "../wire/prefix.ts";
import { unmapHost } from "./peer.ts";

/** 255.255.255.255 (RFC 919) and the broadcast address of every network that this machine is on. */
export function broadcastAddresses(): ReadonlySet<string> {
  const addresses = new Set(["255.255.255.255"]);
  for (const { addresses: own } of systemInterfaces()) {
    for (const { host, prefixLength } of own) {
      const broadcast = prefixOf(host, prefixLength)?.broadcast;
      if (typeof broadcast === "string") addresses.add(broadcast);
    }
  }
  return addresses;
}

/**
 * Decides about destinations. The kernel would not: the runtime switches SO_BROADCAST on for every
 * datagram socket.
 */
export class BroadcastGuard {
  readonly #refused: ReadonlySet<string>;

  /** @param allowed what the option `broadcast` says */
  constructor(allowed: boolean) {
    this.#refused = allowed ? new Set() : broadcastAddresses();
  }

  /** @throws {NetError} kind "usage" for a broadcast that was not asked for */
  check(host: string, text: string): void {
    if (!this.#refused.has(unmapHost(host))) return;
    throw new NetError({
      kind: "usage",
      op: "send",
      address: text,
      message: "this is a broadcast address",
      hint: "to send to everybody there, add the option broadcast",
    });
  }
}
