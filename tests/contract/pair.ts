/**
 * Pairs of joined sessions for the contract suite.
 * @module
 */

import "../support/libc.ts";
import { parseAddress } from "../../lib/address/parse.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Duplex, Listener } from "../../lib/core/contract.ts";
import type { Ports } from "../../lib/core/transport.ts";
import { keepAlive } from "../../lib/link/keep_alive.ts";
import { openActive, openPassive } from "../../lib/transport/open.ts";

/** Two ends of one session, and what is closed after them. */
export interface SessionPair extends AsyncDisposable {
  readonly near: Duplex;
  readonly far: Duplex;
}

/** Joins two ends; disposing closes both, and then what `after` closes. */
export function pairOf(near: Duplex, far: Duplex, after?: () => Promise<void>): SessionPair {
  return {
    near,
    far,
    [Symbol.asyncDispose]: async () => {
      // A test may leave data that nobody reads: an orderly close would wait for it.
      near.abort();
      far.abort();
      await near[Symbol.asyncDispose]();
      await far[Symbol.asyncDispose]();
      await after?.();
    },
  };
}

/** A pair with a framed heartbeat around each end. */
export async function heartbeats(text: string): Promise<SessionPair> {
  const pair = await pairBy(text);
  const context = makeContext();
  const around = (end: Duplex) =>
    keepAlive(end, { everyMs: 1_000, misses: 30, mode: "heartbeat" }, context);
  const after = async () => await pair[Symbol.asyncDispose]();
  return pairOf(around(pair.near), around(pair.far), after);
}

/** Ports for transports that need none: touching them is a bug. */
export const noPorts: Ports = {
  get stdio(): never {
    throw new Error("this transport must not use the standard streams");
  },
};

/** A listener by its address, and how to connect to it. */
export interface ListenerFixture extends AsyncDisposable {
  readonly listener: Listener;
  connect(): Promise<Duplex>;
}

/**
 * Opens a listener by address text; clients connect to where it says that it listens.
 *
 * @param options of the clients, `?ttl=9`
 */
export async function listenerBy(text: string, options = ""): Promise<ListenerFixture> {
  const context = makeContext();
  const [passive] = await openPassive(parseAddress(text), context, noPorts);
  if (passive?.kind !== "listener") throw new Error(`${text} is no listener`);
  const { listener } = passive;
  return {
    listener,
    connect: () => openActive(parseAddress(`${listener.local.text}${options}`), context, noPorts),
    [Symbol.asyncDispose]: () => Promise.resolve(listener[Symbol.asyncDispose]()),
  };
}

/** Makes a pair through a listener, as `listenerBy`: near connects, far was accepted. */
export async function pairBy(text: string, options = ""): Promise<SessionPair> {
  const fixture = await listenerBy(text, options);
  const [near, incoming] = await Promise.all([fixture.connect(), fixture.listener.accept()]);
  if (incoming === null) throw new Error(`${text} was closed`);
  const far = await incoming.settle(makeContext());
  return pairOf(near, far, () => Promise.resolve(fixture[Symbol.asyncDispose]()));
}
