/**
 * How targets are watched unless it is said. Apart from the machine: the command table has it too,
 * and every start loads that.
 * @module
 */

/** What a probe is. */
export type ProbeMode =
  /** A connection is opened; over UDP any answer to a message counts. */
  | "connect"
  /** An echo service sends back what it gets. */
  | "echo"
  /** Another plumb answers. */
  | "pingpong";

/** Every mode, the default first. */
export const probeModes: readonly ProbeMode[] = ["connect", "echo", "pingpong"];

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
