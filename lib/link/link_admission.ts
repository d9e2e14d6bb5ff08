/**
 * Who may try to open a link: how many carriers are in their handshake, and how many of those of
 * one address may be under way, or have failed.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { PeerRates } from "../stream/peer_rate.ts";

/** Addresses that are remembered: one that is forgotten has been quiet longest. */
const rememberedHosts = 4_096;
const minuteSeconds = 60;

/** Bounds attempts. */
export class LinkAdmission {
  readonly #context: Context;
  readonly #attempts: PeerRates;
  readonly #most: number;
  #handshakes = 0;

  constructor(context: Context) {
    this.#context = context;
    const { limits } = context;
    this.#most = limits["link-handshakes"];
    const attempts = limits["link-attempts"];
    this.#attempts = new PeerRates(attempts / minuteSeconds, rememberedHosts, attempts);
  }

  /** Carriers in their handshake. */
  get handshakes(): number {
    return this.#handshakes;
  }

  /**
   * A carrier begins its handshake; `release` it, whatever comes of it.
   *
   * @throws {NetError} kind "limit" where there is no place, or its address has failed too often
   */
  enter({ remote }: { readonly remote: Peer }): void {
    if (this.#handshakes >= this.#most) {
      throw busy(`${this.#most} carriers are in their handshake`, "link-handshakes");
    }
    const host = hostOf(remote);
    // Counted before it has failed: else one address could stall in every place that there is, over
    // and over, and try as many keys at once.
    if (host !== null && !this.#attempts.take(host, this.#context.clock.now())) {
      throw busy(`too many handshakes under way or failed from ${host}`, "link-attempts");
    }
    this.#handshakes++;
  }

  /** The handshake is over. @param hasFailed true where the peer has not proved itself */
  release({ remote }: { readonly remote: Peer }, hasFailed: boolean): void {
    this.#handshakes--;
    const host = hostOf(remote);
    if (!hasFailed && host !== null) this.#attempts.giveBack(host);
  }
}

/**
 * Whose failures are counted together: a host's, or those of a user of this machine. Peers without
 * either (a process of our own, memory) are not counted.
 */
function hostOf({ host, credentials }: Peer): string | null {
  if (host !== undefined) return host;
  return credentials === undefined ? null : `user ${credentials.uid}`;
}

function busy(message: string, limit: string): NetError {
  const hint = `--limit ${limit}=N raises it`;
  return new NetError({ kind: "limit", op: "link", message, hint, blame: "remote" });
}
