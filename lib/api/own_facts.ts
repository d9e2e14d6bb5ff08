/**
 * What this program says of itself in a ping-pong.
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { NetError } from "../core/error.ts";
import { version } from "../core/version.ts";
import { freeDescriptors, loadAverages } from "../sys/limits.ts";
import type { PeerFacts } from "../wire/peer_facts.ts";

/** How old what the system says may be: counting descriptors costs a look at each of them. */
const freshMs = 1_000;

/** What is known besides what the system says. */
export interface OwnFactsOptions {
  /** Wall-clock time at which the program began, in milliseconds since 1970; default: of this process. */
  readonly startedMs?: number;
  /** What the user has it say. */
  readonly say?: Readonly<Record<string, string>>;
}

/**
 * Makes the source of this program's facts.
 *
 * @returns gives the facts of now; `sessions` is how many are open, where that is known
 */
export function ownFacts(
  clock: Clock,
  { startedMs, say }: OwnFactsOptions = {},
): (sessions?: number) => PeerFacts {
  let system: Pick<PeerFacts, "load" | "freeDescriptors"> = {};
  let readMs = -Infinity;
  return (sessions) => {
    const nowMs = clock.now();
    if (nowMs - readMs >= freshMs) {
      readMs = nowMs;
      system = systemFacts();
    }
    return {
      version,
      // The runtime's monotonic clock begins with the process.
      uptimeMs: startedMs === undefined ? nowMs : clock.wall() - startedMs,
      ...(sessions === undefined ? {} : { sessions }),
      ...system,
      ...(say === undefined ? {} : { say }),
    };
  };
}

/** Without a descriptor to look with, that is what there is to say: the peer is to be answered. */
function systemFacts(): Pick<PeerFacts, "load" | "freeDescriptors"> {
  try {
    const [load, free] = [loadAverages(), freeDescriptors()];
    return {
      ...(load === null ? {} : { load }),
      ...(free === null ? {} : { freeDescriptors: free }),
    };
  } catch (thrown) {
    if (thrown instanceof NetError && thrown.kind === "exhausted") return { freeDescriptors: 0 };
    throw thrown;
  }
}
