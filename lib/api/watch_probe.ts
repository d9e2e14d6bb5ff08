/**
 * Address, mode -> how it is asked for a sign of life.
 * @module
 */

import { formatAddress } from "../address/format.ts";
import { bindOptions } from "../address/options.ts";
import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { Ports } from "../core/transport.ts";
import { askOnce } from "../link/ask_once.ts";
import { type ProbeMode, probeModes } from "../link/watch_defaults.ts";
import { EchoProber } from "../link/echo_prober.ts";
import { PongProber } from "../link/pong_prober.ts";
import { BroadcastGuard } from "../transport/broadcast.ts";
import { canKnock, knockOn } from "../transport/knock.ts";
import { openActive } from "../transport/open.ts";
import { transports } from "../transport/table.ts";
import { lastingOf } from "./lasting_options.ts";
import { ownFacts } from "./own_facts.ts";

/** Asks once. @returns the round trip in milliseconds */
export type Ask = (context: Context) => number | Promise<number>;

/** What is sent where only a message can tell whether somebody is there. */
const question = new TextEncoder().encode("plumb watch\n");

/** Bytes of an echo. */
const echoBytes = 16;

/**
 * Prepares to ask an address.
 *
 * @param address active
 * @throws {AddressError} kind "option" for an option that it does not have
 * @throws {NetError} kind "usage" for what has nobody at its other end to ask, and for a broadcast
 * without its option
 */
export function askerOf(address: Address, mode: ProbeMode, ports: Ports): Ask {
  refuseUnwatchable(address);
  if (!probeModes.includes(mode)) throw usage(`there is no mode ${mode}`);
  // Now, and not at each probe: nothing but the user can put it right.
  const options = bindOptions(address, transports[address.scheme]?.options ?? []);
  if (address.scheme === "udp") {
    const guard = new BroadcastGuard(options.flag("broadcast") ?? false);
    guard.check(address.host, formatAddress({ ...address, options: [] }));
  }
  const dial = (context: Context) => openActive(address, context, ports);
  if (mode !== "connect") return asked(dial, mode);
  if (address.scheme === "udp") return (context) => heard(dial, context);
  return canKnock(address) ? knockOn(address) : (context) => opened(dial, address, context);
}

/**
 * Refuses what has nobody at its other end to ask, and connections that are made to last.
 *
 * @throws {NetError} kind "usage"
 */
export function refuseUnwatchable(address: Address): void {
  const { scheme } = address;
  if (scheme === "stdio" || scheme === "fd") {
    throw usage(`${scheme} has no peer that could be watched`);
  }
  if (lastingOf(address) !== null) {
    throw usage("a probe ends with its connection: no heartbeat, and no reconnect");
  }
}

function usage(message: string): NetError {
  return new NetError({ kind: "usage", op: "watch", message });
}

type Dial = (context: Context) => Promise<Duplex>;

/** Time to open. TCP is closed by a reset, which leaves no TIME_WAIT here; the others in order. */
async function opened(dial: Dial, { scheme }: Address, context: Context): Promise<number> {
  const startMs = context.clock.now();
  await using session = await dial(context);
  const roundTripMs = context.clock.now() - startMs;
  if (scheme === "tcp") session.abort();
  return roundTripMs;
}

/** Any answer to a message is life, whatever it says; that nobody is there the network may tell. */
async function heard(dial: Dial, context: Context): Promise<number> {
  const { clock, signal } = context;
  await using session = await dial(context);
  const abort = () => session.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    const startMs = clock.now();
    await session.write(question);
    await session.read(new Uint8Array(65_536));
    signal.throwIfAborted();
    return clock.now() - startMs;
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The round trip on an open session: opening it is not counted. Closed in order, as a client does. */
function asked(dial: Dial, mode: "echo" | "pingpong"): Ask {
  let facts: ReturnType<typeof ownFacts> | undefined;
  return async (context) => {
    const session = await dial(context);
    return await askOnce((events) => {
      if (mode === "echo") return new EchoProber(session, echoBytes, seed(), events, context);
      facts ??= ownFacts(context.clock);
      return new PongProber(session, facts, events, context);
    }, context);
  };
}

/** Another for each probe: an answer to an earlier one is none to this. */
function seed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
