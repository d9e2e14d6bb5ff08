/**
 * How targets are watched unless it is said. Apart from the machine: the command table has it too,
 * and every start loads that.
 * @module
 */

/** What a probe is. */
export type ProbeMode = "connect" | "echo";

/** Every mode, the default first. */
export const probeModes: readonly ProbeMode[] = ["connect", "echo"];

/** Defaults of one target. */
export const watchDefaults = {
  /** What a probe is. */
  mode: "connect",
  /** Between two probes (ms). */
  everyMs: 10_000,
  /** How long a probe may take (ms): two lost SYNs are sent again within it (RFC 6298). */
  timeoutMs: 5_000,
  /** Failed probes in a row before a target is down. */
  misses: 3,
  /** Answered probes in a row before it is up again. */
  rises: 2,
} as const;
