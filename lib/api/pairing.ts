/**
 * A session that came in, and the end that is opened for it.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { toNetError } from "../core/error.ts";
import type { Flow, SessionTally } from "../core/tally.ts";
import type {
  SessionFlows,
  SessionHandler,
  SessionInfo,
  SessionReport,
} from "../service/policy.ts";
import type { Framing } from "../stream/frame.ts";
import { Relay, type RelayOptions } from "../stream/relay.ts";
import { joined } from "../stream/join.ts";

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
    try {
      const left = options.equip === undefined ? a : await options.equip(a, info);
      // Not awaited in this frame: it would be held for as long as the session is open.
      return relayPair(left, b, front, context, info, options);
    } catch (thrown) {
      other.abort(thrown); // the session that came in is closed by who accepted it
      throw thrown;
    }
  };
}

function failed(thrown: unknown, context: Context) {
  const error = toNetError(thrown, "connect");
  if (!context.signal.aborted) {
    context.log.write("warning", "unreachable", error.message, { code: error.code ?? null });
  }
  return { reason: "error", error, bytesIn: 0, bytesOut: 0 } as const;
}

/** What has passed, seen from the peer at one of the ends; live. */
class PeerFlows implements SessionFlows {
  readonly #fromPeer: Flow;
  readonly #toPeer: Flow;

  constructor({ aToB, bToA }: Pick<SessionTally, "aToB" | "bToA">, peer: "a" | "b") {
    [this.#fromPeer, this.#toPeer] = peer === "a" ? [aToB, bToA] : [bToA, aToB];
  }

  get bytesIn(): number {
    return this.#fromPeer.bytes;
  }

  get bytesOut(): number {
    return this.#toPeer.bytes;
  }
}

function relayPair(
  a: Duplex,
  b: Duplex,
  peer: "a" | "b",
  context: Context,
  info: SessionInfo,
  options: PairOptions,
): Promise<SessionReport> {
  const [one, two] = joined(a, b, options.framing, context.limits.line);
  const running = new Relay(one, two, context, { ...options, peer, id: info.id });
  const flows = new PeerFlows(running, peer);
  info.watch?.(flows);
  options.onOpen?.(running, info);
  return running.run().then((tally) => {
    options.onEnd?.(tally);
    const { reason, error, child } = tally;
    const { bytesIn, bytesOut } = flows;
    const other = peer === "a" ? tally.b : tally.a;
    return { reason, bytesIn, bytesOut, other, ...(error && { error }), ...(child && { child }) };
  });
}
