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
 * Decides about destinations. The runtime switches SO_BROADCAST on for every datagram socket;
 * where its descriptor is at hand that is taken back and the kernel refuses, elsewhere this does.
 */
export class BroadcastGuard {
  /** What the option `broadcast` says. */
  readonly allowed: boolean;
  #addresses: ReadonlySet<string> | undefined;

  constructor(allowed: boolean) {
    this.allowed = allowed;
  }

  /** True for the address of everybody on a network that this machine is on. */
  isBroadcast(host: string): boolean {
    // Asking for the interfaces costs more than a datagram.
    if (host.includes(":") && unmapHost(host) === host) return false;
    this.#addresses ??= broadcastAddresses();
    return this.#addresses.has(unmapHost(host));
  }

  /** @throws {NetError} kind "usage" for a broadcast that was not asked for */
  check(host: string, text: string): void {
    if (!this.allowed && this.isBroadcast(host)) throw broadcastError(text);
  }
}

/** The error of a broadcast that was not asked for. */
export function broadcastError(text: string): NetError {
  return new NetError({
    kind: "usage",
    op: "send",
    address: text,
    message: "this is a broadcast address",
    hint: "to send to everybody there, add the option broadcast",
  });
}
