/**
 * Every transport, in one explicit list: nothing registers itself.
 * @module
 */

import type { Scheme } from "../core/address.ts";
import type { Transport } from "../core/transport.ts";
import { tcpTransport } from "./tcp.ts";
import { udpTransport } from "./udp.ts";

/** The transports by scheme, in the order that help shows them. */
export const transports: Readonly<Partial<Record<Scheme, Transport>>> = {
  tcp: tcpTransport,
  udp: udpTransport,
};
