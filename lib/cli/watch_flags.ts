/**
 * The flags of `plumb watch`. Rows only: the command table has them, and every start loads it.
 * @module
 */

import { probeModes, watchDefaults } from "../link/watch_defaults.ts";
import type { FlagRow } from "./flag.ts";

/** Those that hold for one target: keys of a file of targets, too. */
export const targetFlags: readonly FlagRow[] = [
  {
    name: "every",
    kind: "duration",
    placeholder: "D",
    minimum: 10,
    standard: watchDefaults.everyMs,
    help: "time between two probes of a target (default 10s)",
  },
  {
    name: "mode",
    kind: "choice",
    choices: probeModes,
    standard: watchDefaults.mode,
    help:
      "what a probe is: connect (default; udp: any answer to a datagram), echo: 16 bytes that " +
      "must come back, pingpong: another plumb answers (plumb serve pingpong)",
  },
  {
    name: "timeout",
    kind: "duration",
    placeholder: "D",
    minimum: 1,
    standard: watchDefaults.timeoutMs,
    help: "how long a probe may take (default 5s)",
  },
  {
    name: "misses",
    kind: "integer",
    placeholder: "N",
    minimum: 1,
    maximum: 1_000,
    standard: watchDefaults.misses,
    help: "failed probes in a row before a target is down; it is suspect until then (default 3)",
  },
  {
    name: "rises",
    kind: "integer",
    placeholder: "N",
    minimum: 1,
    maximum: 1_000,
    standard: watchDefaults.rises,
    help: "answered probes in a row before it is up again (default 2); twice, four times and " +
      "eight times as many for one that keeps falling",
  },
];

/** All of them. */
export const watchFlags: readonly FlagRow[] = [
  {
    name: "file",
    kind: "text",
    placeholder: "FILE",
    help: "targets, TOML: [[target]] with address and, where wanted, name, every, mode, timeout, " +
      "misses, rises; read again on SIGHUP",
  },
  ...targetFlags,
  {
    name: "once",
    kind: "flag",
    help: "probe each target once, then end: what does not answer is down (exit status 6)",
  },
  {
    name: "count",
    kind: "integer",
    placeholder: "N",
    minimum: 1,
    help: "end when each target was probed N times; exit status 6 if one is not up then",
  },
  {
    name: "concurrency",
    kind: "integer",
    placeholder: "N",
    minimum: 1,
    help: "probes at a time (default 1000: the limit watch-probes; never more than descriptors)",
  },
  {
    name: "on-change",
    kind: "text",
    placeholder: "CMD",
    help: "run CMD at each change of a state, with PLUMB_TARGET, PLUMB_ADDRESS, PLUMB_STATE, " +
      "PLUMB_PREVIOUS, PLUMB_REASON, PLUMB_ROUND_TRIP_MS, PLUMB_TIME; never through a shell",
  },
  {
    name: "web",
    kind: "text",
    placeholder: "ADDR",
    help: "a live page there, with /metrics, /events, /api/targets and /healthz",
  },
  {
    name: "web-host",
    kind: "text",
    placeholder: "NAME",
    repeat: true,
    help: "a name that the page is asked for under, besides numeric addresses, localhost and " +
      "this machine's name; others are refused (DNS rebinding); may be repeated",
  },
];
