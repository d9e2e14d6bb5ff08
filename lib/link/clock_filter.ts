/**
 * How far the clocks of two machines are apart, after RFC 5905 (NTP version 4), and within what
 * bound: offset and delay of each exchange (section 8), the best of the last eight (section 10).
 * @module
 */

/** Microseconds since 1970, as in RFC 5905: 1 and 4 by our clock, 2 and 3 by the peer's. */
export interface Timestamps {
  /** Asked. */
  readonly t1Us: number;
  /** Asked, as it arrived. */
  readonly t2Us: number;
  /** Answered. */
  readonly t3Us: number;
  /** Answered, as it arrived. */
  readonly t4Us: number;
}

/** What one exchange says of the clocks. */
export interface ClockSample {
  /** The peer's clock less ours, in milliseconds: theta. */
  readonly offsetMs: number;
  /** Time on the way, there and back, without the time that the peer took: delta. */
  readonly delayMs: number;
  /** What the clocks themselves add to the error, when the sample was taken: epsilon. */
  readonly dispersionMs: number;
  /** When the answer arrived, by our monotonic clock (ms). */
  readonly atMs: number;
}

/** What the last samples say together. */
export interface ClockEstimate {
  /** The peer's clock less ours, in milliseconds. */
  readonly offsetMs: number;
  /** The true offset is within `offsetMs` plus and minus this, however unlike the ways are. */
  readonly errorMs: number;
  /** Delay of the sample that it rests on: the shortest. */
  readonly delayMs: number;
  /** The filter's dispersion: what clocks may have drifted, newer and shorter samples first. */
  readonly dispersionMs: number;
  /** How far offsets of the other samples are from it (root mean square, RFC 5905 section 10). */
  readonly jitterMs: number;
}

/** Samples that are kept (NSTAGE). */
const stages = 8;

/** Frequency tolerance of a clock (PHI): 15 us a second. */
const driftRate = 15e-6;

/** Both clocks are read in whole microseconds (rho): one each. */
const precisionMs = 0.002;

/** Offset, delay and dispersion of one exchange. @param atMs our monotonic clock, at t4 */
export function clockSample({ t1Us, t2Us, t3Us, t4Us }: Timestamps, atMs: number): ClockSample {
  const wholeMs = (t4Us - t1Us) / 1000;
  return {
    offsetMs: ((t2Us - t1Us) + (t3Us - t4Us)) / 2000,
    // Two clocks that run at different rates can make it less than nothing (section 8).
    delayMs: Math.max(wholeMs - (t3Us - t2Us) / 1000, precisionMs),
    dispersionMs: precisionMs + driftRate * Math.max(0, wholeMs),
    atMs,
  };
}

/**
 * The clock filter: an exchange with the shortest delay has waited least in queues, and so knows
 * the offset best.
 *
 * RFC 5905 fills the missing ones of eight samples with a dispersion of 16 s, because it must not
 * set a clock by too few. Here nothing is set, and a bound is wanted after the first answer:
 * missing ones are left out.
 */
export class ClockFilter {
  readonly #samples: ClockSample[] = [];

  /** Takes a sample; the ninth makes the oldest go. */
  add(sample: ClockSample): void {
    this.#samples.push(sample);
    if (this.#samples.length > stages) this.#samples.shift();
  }

  /** What the samples say at a time (our monotonic clock, ms); null before the first. */
  estimate(nowMs: number): ClockEstimate | null {
    const aged = this.#samples.map((sample) => ({
      ...sample,
      dispersionMs: sample.dispersionMs + driftRate * Math.max(0, nowMs - sample.atMs),
    }));
    // By delay, and of equal ones the newer first: it has drifted less.
    aged.sort((a, b) => a.delayMs - b.delayMs || b.atMs - a.atMs);
    const [best, ...others] = aged;
    if (best === undefined) return null;
    const squares = others.map(({ offsetMs }) => (offsetMs - best.offsetMs) ** 2);
    return {
      offsetMs: best.offsetMs,
      // The synchronisation distance: all of the delay may have been on one of the two ways.
      errorMs: best.delayMs / 2 + best.dispersionMs,
      delayMs: best.delayMs,
      dispersionMs: aged.reduce(
        (sum, { dispersionMs }, at) => sum + dispersionMs / 2 ** (at + 1),
        0,
      ),
      jitterMs: Math.sqrt(squares.reduce((sum, one) => sum + one, 0) / Math.max(1, others.length)),
    };
  }
}
