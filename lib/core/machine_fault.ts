/**
 * Which errors of the system are this machine's own doing, whoever the peer is.
 * @module
 */

/**
 * No route, link, descriptor, memory or port here. ENETUNREACH and ENETDOWN mean that this machine
 * has no route or no link at all, and are local although the words sound remote; EHOSTUNREACH was
 * said by a router. EINVAL is what the kernel says for a route of type blackhole (ip-route(8)).
 */
export const machineFaultCodes: readonly string[] = [
  "EADDRINUSE",
  "EADDRNOTAVAIL",
  "EINVAL",
  "EMFILE",
  "ENETDOWN",
  "ENETUNREACH",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
];
