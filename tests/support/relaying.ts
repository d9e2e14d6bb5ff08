/**
 * A relay between two pairs in memory, on virtual time: the test holds both outer ends.
 * @module
 */

import { VirtualClock } from "../../lib/core/clock.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import type { SessionTally } from "../../lib/core/tally.ts";
import { Relay, type RelayOptions } from "../../lib/stream/relay.ts";
import { makePair, type PairEnd, type PairOptions } from "./pair.ts";

/** What a test decides besides the options of the relay. */
export interface RelayingOptions extends RelayOptions {
  readonly pairA?: PairOptions;
  readonly pairB?: PairOptions;
  /** Put around the relay's own ends. */
  readonly aroundA?: (end: PairEnd, clock: VirtualClock) => Duplex;
  readonly aroundB?: (end: PairEnd, clock: VirtualClock) => Duplex;
}

/** A relay at work. */
export interface Relaying {
  /** The outer ends: what plays the peers. */
  readonly left: PairEnd;
  readonly right: PairEnd;
  /** The relay's own ends. */
  readonly a: PairEnd;
  readonly b: PairEnd;
  readonly clock: VirtualClock;
  readonly running: Relay;
  readonly done: Promise<SessionTally>;
  readonly abort: (reason?: unknown) => void;
  /** The tally, or undefined while it runs. */
  over(): SessionTally | undefined;
}

/** Starts a relay. */
export function relaying(options: RelayingOptions = {}): Relaying {
  const { pairA, pairB, aroundA, aroundB, ...relayOptions } = options;
  const clock = new VirtualClock();
  const controller = new AbortController();
  const [left, a] = makePair(pairA);
  const [b, right] = makePair(pairB);
  const context = makeContext({ clock, signal: controller.signal });
  const running = new Relay(
    aroundA?.(a, clock) ?? a,
    aroundB?.(b, clock) ?? b,
    context,
    relayOptions,
  );
  let tally: SessionTally | undefined;
  const done = running.run().then((ended) => tally = ended);
  return {
    left,
    right,
    a,
    b,
    clock,
    running,
    done,
    abort: (reason) => controller.abort(reason),
    over: () => tally,
  };
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
