/**
 * Passive address -> its first peer: what `listen` and `relay --once` wait for.
 * @module
 */

import { withinTime } from "../api/endpoint.ts";
import { withShortQueue } from "../api/heartbeat.ts";
import { Listening } from "../api/listen.ts";
import { openListeners } from "../api/passive.ts";
import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { counted } from "../core/counted.ts";
import { NetError } from "../core/error.ts";
import type { SessionsOptions } from "../stream/sessions.ts";
import type { CommandContext } from "./command.ts";
import { heartbeatOf } from "./heartbeat_value.ts";

/** The first datagram peer wins; it may be silent as long as it likes, as a connection may. */
const firstPeerOnly: SessionsOptions = {
  sessions: 1,
  replace: false,
  idleMs: Number.MAX_SAFE_INTEGER,
  // Nobody can be answered: whoever logs to this socket is meant, and not the first alone.
  namelessAsOne: true,
};

/** A peer that came, and what must be closed when its session is over. */
export interface FirstPeer {
  readonly peer: Duplex;
  finish(): Promise<void>;
}

/** Listens for peers that are taken one at a time. */
export async function listenForOne(
  address: Address,
  context: Context,
  session: CommandContext,
): Promise<Listening> {
  const heartbeat = heartbeatOf(session.row.name, session.flags);
  const target = heartbeat === undefined ? address : withShortQueue(address);
  const listeners = await openListeners(target, context, session.ports, firstPeerOnly);
  return new Listening(listeners, context, heartbeat);
}

/** Listens, then waits for the first peer as `firstOf` does. */
export async function firstPeer(
  address: Address,
  context: Context,
  session: CommandContext,
  timeoutMs?: number,
): Promise<FirstPeer> {
  const listening = await listenForOne(address, context, session);
  return await firstOf(listening, address, context, timeoutMs);
}

/**
 * Waits for the first peer. Connections: nothing listens any more once it is there, so that the
 * next client is refused. Datagrams: the socket is the session, others are dropped and counted.
 *
 * @param timeoutMs how long to wait (ms); undefined: without end
 * @throws {NetError} kind "timeout"; what listening says; nothing listens any more then
 */
export async function firstOf(
  listening: Listening,
  address: Address,
  context: Context,
  timeoutMs?: number,
): Promise<FirstPeer> {
  try {
    const peer = await peerWithin(listening, address, context, timeoutMs);
    if (!peer.traits.endless) await listening[Symbol.asyncDispose]();
    return { peer, finish: () => finish(listening, context) };
  } catch (thrown) {
    await listening[Symbol.asyncDispose]();
    throw thrown;
  }
}

/**
 * Waits for a peer, and leaves the listener as it is.
 *
 * @param timeoutMs how long to wait (ms); undefined: without end
 * @throws {NetError} kind "timeout"
 */
export async function peerWithin(
  listening: Listening,
  address: Address,
  context: Context,
  timeoutMs: number | undefined,
): Promise<Duplex> {
  const next = (within: Context) => accepted(listening, within);
  return await withinTime(context, timeoutMs, "listen", address, next, (late) => late.abort());
}

async function accepted(listening: Listening, context: Context): Promise<Duplex> {
  const peer = await listening.accept(context.signal);
  if (peer !== null) return peer;
  throw new NetError({ kind: "aborted", op: "accept", message: "the listener was closed" });
}

async function finish(listening: Listening, context: Context): Promise<void> {
  const dropped = listening.listeners.reduce((sum, one) => sum + (one.dropped?.() ?? 0), 0);
  if (dropped > 0) {
    const text = `dropped ${counted(dropped, "datagram")} of other peers`;
    context.log.write("info", "dropped", text, { dropped });
  }
  await listening[Symbol.asyncDispose]();
}
