/**
 * The line of every listener (rule 2 of the contract).
 * @module
 */

import type { Peer } from "../core/contract.ts";
import type { Log } from "../core/log.ts";

/** Says where it listens, with the port that the system picked. */
export function sayListening(log: Log, { text }: Pick<Peer, "text">): void {
  log.write("notice", "listening", `listening on ${text}`, { address: text });
}
