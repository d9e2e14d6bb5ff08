/**
 * The topics of help. Their texts are made from the tables that the program itself runs on, where
 * there is one; those tables are loaded when a text is asked for.
 * @module
 */

import type { OptionRow } from "../core/option.ts";
import { definitions, wrap } from "./text.ts";

/** One topic. */
export interface Topic {
  /** One line, lower case. */
  readonly summary: string;
  /** The lines of its page. */
  lines(width: number): Promise<readonly string[]>;
}

/** Every topic, by name. */
export const topics: Readonly<Record<string, Topic>> = {
  addresses: {
    summary: "the address language, scheme by scheme",
    lines: addresses,
  },
  options: {
    summary: "what may stand after the ? of an address",
    lines: options,
  },
  "exit-status": {
    summary: "what each exit status means",
    async lines(width) {
      const { exitStatuses } = await import("./exit.ts");
      const rows = Object.entries(exitStatuses).map(([status, text]) => [status, text] as const);
      return definitions([...rows, ["128+N", "ended by signal N: 130 by Ctrl-C"]], width);
    },
  },
  limits: {
    summary: "every bound, its default and its reason",
    lines: limits,
  },
  models: {
    summary: "the server models of --model",
    async lines(width) {
      const { modelForms } = await import("../service/model.ts");
      return [
        ...definitions(Object.entries(modelForms), width),
        "",
        ...wrap(modelWords, width),
      ];
    },
  },
  signals: {
    summary: "what each signal does",
    lines: (width) => Promise.resolve(definitions(signals, width)),
  },
  heartbeat: {
    summary: "how a dead peer is noticed: the words of --heartbeat",
    lines: async (width) => (await import("./topic_heartbeat.ts")).heartbeatLines(width),
  },
  systemd: {
    summary: "a unit with hardening, and restarts that refuse nobody",
    lines: async (width) => (await import("./topic_systemd.ts")).systemdLines(width),
  },
  environment: {
    summary: "variables that are read, and those given to children",
    lines: (width) => Promise.resolve(definitions(environment, width)),
  },
};

const modelWords =
  "Bounds, access lists, drain and session lines are the server's, whoever serves. A process or " +
  "thread that dies loses its own sessions and is replaced; one that answers nothing is ended and " +
  "replaced (--hang-after). Models other than loop and iterative serve TCP and Unix stream sockets.";

async function addresses(width: number): Promise<string[]> {
  const { transports } = await import("../transport/table.ts");
  const schemes = Object.values(transports).flatMap(({ help }) => [
    "",
    help.forms.join("  "),
    ...wrap(help.summary, width, 4),
    ...help.examples.map((example) => `    ${example}`),
  ]);
  return [
    ...wrap(
      "An address says where; options of that endpoint follow the first ?, joined by & " +
        "(tcp://h:80?nodelay&rcvbuf=64KiB). A listen: before it makes it wait for peers " +
        "(listen:tcp://:8080); commands that can only listen imply it.",
      width,
    ),
    "",
    ...wrap(
      "What a connection does over time is said in its address too, each end for itself: " +
        "tcp://h:80?reconnect&heartbeat=every=5s (plumb help options).",
      width,
    ),
    ...schemes,
    "",
    "Units",
    ...definitions([
      ["duration", "250ms 30s 5m 2h"],
      ["size", "64KiB 1MB (10^6) 1.5GiB"],
      ["rate", "10MiB/s 10Mbit/s"],
    ], width),
  ];
}

async function options(width: number): Promise<string[]> {
  const [{ transports }, { lastingOptions, lastingSchemes }] = await Promise.all([
    import("../transport/table.ts"),
    import("../api/lasting_options.ts"),
  ]);
  const own = Object.values(transports).flatMap(({ scheme, options }) => {
    if (options.length === 0) return [];
    return [`${scheme}:`, ...definitions(options.map(optionLine), width), ""];
  });
  return [
    ...own,
    ...wrap(
      `Every active address that can be opened again (${lastingSchemes.join(" ")}), for the ends ` +
        "of connect and relay; the flags of the same names are defaults for all of them:",
      width,
    ),
    ...definitions(lastingOptions.map(optionLine), width),
    "",
  ];
}

function optionLine(row: OptionRow): readonly [string, string] {
  const value = row.choices?.join("|") ?? row.placeholder ?? row.kind;
  const isOptional = row.bare !== undefined;
  const given = row.kind === "flag" ? "" : isOptional ? `[=${value}]` : `=${value}`;
  const side = row.side === undefined ? "" : ` (${row.side} side only)`;
  return [`${row.name}${given}`, `${row.help}${side}`];
}

async function limits(width: number): Promise<string[]> {
  const [{ limitTable }, { formatDuration, formatSize }] = await Promise.all([
    import("../core/limits.ts"),
    import("../address/value.ts"),
  ]);
  const format = { count: String, bytes: formatSize, ms: formatDuration };
  const rows = Object.entries(limitTable).map(([name, { value, unit, reason }]) =>
    [`${name}=${format[unit](value)}`, reason] as const
  );
  return [
    ...wrap("--limit NAME=VALUE changes one; going over one is an error that names it.", width),
    "",
    ...definitions(rows, width, 34),
  ];
}

const signals: ReadonlyArray<readonly [string, string]> = [
  [
    "SIGINT, SIGTERM",
    "commands that serve many: stop accepting, let sessions end for --drain, then cut them; a " +
    "second signal cuts at once. Exit status 0 if all ended by themselves, else 128+N. Others: " +
    "end at once, 128+N.",
  ],
  [
    "SIGHUP",
    "servers: read the files of --allow and --deny again, without touching sessions. Where a " +
    "connection is down that is made anew (reconnect): make it now. As SIGTERM, once the terminal " +
    "that it was started on is gone",
  ],
  ["SIGUSR2", "say the tally so far, and where connections are that are made anew"],
  ["SIGPIPE", "ignored: a closed standard output ends quietly"],
];

const environment: ReadonlyArray<readonly [string, string]> = [
  ["NO_COLOR", "read: no colour, as --color never"],
  ["NOTIFY_SOCKET, WATCHDOG_USEC", "read by servers: the service manager to tell (sd_notify)"],
  ["LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES", "read by fd:NAME: sockets that systemd passed"],
  ["PLUMB_SESSION", "given to children: number of the session"],
  ["PLUMB_PEER", "given to children: address of the peer"],
  ["PLUMB_LOCAL", "given to children: the address that the peer reached"],
  ["PLUMB_TARGET, PLUMB_ADDRESS", "given to watch --on-change: the target's name and address"],
  ["PLUMB_STATE, PLUMB_PREVIOUS", "the same: unknown, up, suspect or down, now and before"],
  ["PLUMB_PREVIOUS_MS, PLUMB_TIME", "the same: how long it was so, and when it changed (RFC 3339)"],
  ["PLUMB_REASON", "the same: why, in words; empty where it is up"],
  ["PLUMB_ROUND_TRIP_MS", "the same: of the last probe that was answered; empty before the first"],
];
