/**
 * Which datagrams a service may answer. The sender's address of a UDP packet is easily forged, so
 * an answer can be made to hit somebody else, or another service that answers in turn, for ever
 * (CERT CA-1996-01: echo and chargen set upon each other).
 * @module
 */

import type { Peer } from "../core/contract.ts";

/**
 * Ports below this one are the well-known ports, of services and not of clients (RFC 6335, section
 * 6: System Ports). BSD's inetd draws the same line for its own simple services. A list of the
 * services that are known to answer anything (7, 13, 17, 19, 37, 53, 69, 123) would never be whole.
 */
const firstClientPort = 1024;

/** Why a peer may never be answered, or null where it may. */
export function whyUnanswerable(local: Peer, remote: Peer): string | null {
  if (remote.text === "") return "its sender has no address";
  if (remote.scheme !== "udp" || remote.port === undefined) return null;
  if (remote.port < firstClientPort) return `port ${remote.port} is that of a well-known service`;
  // Another plumb with the same service on the same port would answer each answer.
  if (remote.port === local.port) return `port ${remote.port} is that of this service, too`;
  return null;
}

/** True where an answer may not be longer than what it answers: it would amplify an attack. */
export function isAmplifiable(remote: Peer): boolean {
  return remote.scheme === "udp";
}
