/**
 * A session over one end of a pipe.
 * @module
 */

import { type Clock, sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { unreadBytes } from "../sys/queue.ts";
import type { FifoEnd, FifoOpening } from "./fifo_open.ts";
import { type ByteSink, HalvesSession } from "./halves.ts";
import { pipeSink, pipeSource } from "./pipe.ts";

/** What a session of a pipe does besides. */
export interface FifoUse {
  /** Called once it is closed. */
  closed?(): void;
  /** Its writing ends only when all was read; undefined: at once. */
  readonly drain?: Clock | undefined;
}

/** The pause between two looks whether a pipe was read empty, ms: nothing tells it. */
const drainMs = 10;

/**
 * Whether writing ends only when all was read: where a reader is waited for and no open one is
 * needed. What is still in a pipe goes with its last descriptor, which is then ours.
 */
export function drainOf({ end, keep, wait }: FifoOpening, { clock }: Context): Clock | undefined {
  return end === "write" && keep && wait ? clock : undefined;
}

/** A sink whose end waits until the pipe is empty. */
function drained(sink: ByteSink, fd: number, clock: Clock): ByteSink {
  let closed = false;
  return {
    write: (chunk) => sink.write(chunk),
    async end() {
      while (!closed && (unreadBytes(fd) ?? 0) > 0) await sleep(clock, drainMs);
      if (!closed) await sink.end();
    },
    close() {
      closed = true;
      sink.close();
    },
  };
}

/**
 * Makes the session, which is read-only or write-only.
 *
 * @param fd non-blocking; owned by the session from here on, whatever happens
 */
export function fifoSession(
  fd: number,
  peer: Peer,
  end: FifoEnd,
  { closed, drain }: FifoUse = {},
): Duplex {
  const traits = { messages: false, halfClose: true };
  const ends = { local: peer, remote: peer };
  if (end === "read") {
    const { source, gone } = pipeSource(fd, peer.text);
    if (closed !== undefined) gone.then(closed);
    return new HalvesSession({ ...ends, gone, traits: { ...traits, readOnly: true }, source });
  }
  const { sink, gone } = pipeSink(fd, peer.text);
  if (closed !== undefined) gone.then(closed);
  return new HalvesSession({
    ...ends,
    gone,
    traits: { ...traits, writeOnly: true },
    sink: drain === undefined ? sink : drained(sink, fd, drain),
  });
}
