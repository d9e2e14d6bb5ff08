/**
 * Which shared buffer a read of a session wants.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import { BufferPool, bulkBuffers } from "./buffer_pool.ts";

/** Any UDP datagram fits. */
const datagramBytes = 64 * 1024;

/**
 * Datagrams come from many sessions at once, each of which reads one: half a megabyte for each
 * would cost more than all the rest of a session.
 */
const datagramBuffers = new BufferPool(datagramBytes, 64);

/** The pool whose buffers a read of this session fills at most. */
export function buffersFor({ traits }: Duplex): BufferPool {
  const { messages, maximumMessage = Infinity } = traits;
  return messages && maximumMessage <= datagramBytes ? datagramBuffers : bulkBuffers;
}
