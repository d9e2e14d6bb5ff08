/**
 * A session over one end of a pipe.
 * @module
 */

import type { Duplex, Peer } from "../core/contract.ts";
import type { FifoEnd } from "./fifo_open.ts";
import { HalvesSession } from "./halves.ts";
import { pipeSocket } from "./node_socket.ts";

/**
 * Makes the session, which is read-only or write-only.
 *
 * @param fd non-blocking; owned by the session from here on, whatever happens
 * @param closed called once it is closed
 */
export function fifoSession(fd: number, peer: Peer, end: FifoEnd, closed?: () => void): Duplex {
  const socket = pipeSocket(fd, end, peer.text);
  if (closed !== undefined) socket.gone.then(closed);
  const traits = { messages: false, halfClose: true };
  const ends = { local: peer, remote: peer, gone: socket.gone };
  return end === "read"
    ? new HalvesSession({ ...ends, traits: { ...traits, readOnly: true }, source: socket.source })
    : new HalvesSession({ ...ends, traits: { ...traits, writeOnly: true }, sink: socket.sink });
}
