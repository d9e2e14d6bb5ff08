/**
 * A session that came in, and the end that is opened for it.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { toNetError } from "../core/error.ts";
import type { SessionTally } from "../core/tally.ts";
import type { SessionHandler, SessionInfo } from "../service/policy.ts";
import type { Framing } from "../stream/frame.ts";
import { Relay, type RelayOptions } from "../stream/relay.ts";
import { joined } from "./join.ts";

/** How a pair behaves. */
export interface PairOptions extends Omit<RelayOptions, "id"> {
  /** How a stream is cut where it meets messages; default "chunk". */
  readonly framing?: Framing;
  /** Puts something around end a of each session: a rate limit, taps. */
  readonly equip?: (a: Duplex, info: SessionInfo) => Promise<Duplex>;
  /** Told of each session when it begins to run. */
  readonly onOpen?: (session: Relay, info: SessionInfo) => void;
  /** Told of each session once both its ends are closed; its reason is in the tally. */
  readonly onEnd?: (tally: SessionTally) => void;
}

/** Opens the other end of a session that came in. */
export type OpenOther = (context: Context, info: SessionInfo, session: Duplex) => Promise<Duplex>;

/**
 * Serves sessions of end `front` by opening the other end for each.
 *
 * @returns a handler whose sessions end with the reason, bytes and child of the relay
 */
export function pairing(
  front: "a" | "b",
  open: OpenOther,
  options: PairOptions,
): SessionHandler {
  return async (session, context, info) => {
    let other: Duplex;
    try {
      other = await open(context, info, session);
    } catch (thrown) {
      // A reset and not an end of input: "there was nothing to say" would be a lie.
      session.abort(thrown);
      return failed(thrown, context);
    }
    const [a, b] = front === "a" ? [session, other] : [other, session];
    const tally = await relayPair(a, b, front, context, info, options);
    const [bytesIn, bytesOut] = front === "a"
      ? [tally.aToB.bytes, tally.bToA.bytes]
      : [tally.bToA.bytes, tally.aToB.bytes];
    const { reason, error, child } = tally;
    return { reason, bytesIn, bytesOut, ...(error && { error }), ...(child && { child }) };
  };
}

function failed(thrown: unknown, context: Context) {
  const error = toNetError(thrown, "connect");
  if (!context.signal.aborted) {
    context.log.write("warning", "unreachable", error.message, { code: error.code ?? null });
  }
  return { reason: "error", error, bytesIn: 0, bytesOut: 0 } as const;
}

async function relayPair(
  a: Duplex,
  b: Duplex,
  peer: "a" | "b",
  context: Context,
  info: SessionInfo,
  options: PairOptions,
): Promise<SessionTally> {
  let left = a;
  try {
    left = await options.equip?.(a, info) ?? a;
  } catch (thrown) {
    b.abort(thrown);
    throw thrown;
  }
  const [one, two] = joined(left, b, options.framing, context.limits.line);
  const running = new Relay(one, two, context, { ...options, peer, id: info.id });
  const [fromPeer, toPeer] = peer === "a"
    ? [running.aToB, running.bToA]
    : [running.bToA, running.aToB];
  info.watch?.({
    get bytesIn() {
      return fromPeer.bytes;
    },
    get bytesOut() {
      return toPeer.bytes;
    },
  });
  options.onOpen?.(running, info);
  const tally = await running.run();
  options.onEnd?.(tally);
  return tally;
}
