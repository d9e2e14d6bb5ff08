/**
 * Session -> the ports that its child is started with: the variables of rule 12 of the contract.
 * @module
 */

import type { Ports } from "../core/transport.ts";

/**
 * Ports that give the child of a session `PLUMB_SESSION`, `PLUMB_PEER` and `PLUMB_LOCAL`.
 *
 * All three are always set, empty where there is nothing to say (a Unix peer may have no name, a
 * session of two active ends was reached nowhere): a plumb inside a plumb must not hand on what it
 * was given itself.
 *
 * @param id serial number of the session
 * @param peer address of the other end of the session
 * @param local where the peer came in
 */
export function childPorts(ports: Ports, id: number, peer: string, local = ""): Ports {
  return {
    // Getters: looking up the process's streams touches them, and most sessions start no child.
    get stdio() {
      return ports.stdio;
    },
    get environment() {
      return {
        ...ports.environment,
        PLUMB_SESSION: String(id),
        PLUMB_PEER: peer,
        PLUMB_LOCAL: local,
      };
    },
  };
}
