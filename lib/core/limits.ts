/**
 * Every bound on what comes from outside, in one place, each with its reason. `--limit NAME=VALUE`
 * changes one; going over one is an error that names it.
 * @module
 */

/** One bound. */
export interface LimitRow {
  readonly value: number;
  readonly unit: "count" | "bytes" | "ms";
  /** What it protects from. */
  readonly reason: string;
}

/** The bounds, by the name that `--limit` takes. */
export const limitTable = {
  "connections": {
    value: 10_000,
    unit: "count",
    reason: "a server must not take every descriptor of the machine",
  },
  "connections-per-peer": {
    value: 1_000,
    unit: "count",
    reason: "one address must not take the place of all others",
  },
  "descriptor-reserve": {
    value: 64,
    unit: "count",
    reason: "the runtime needs descriptors of its own; without any left it can panic",
  },
  "processes": {
    value: 1_000,
    unit: "count",
    reason: "under --model process each session is a process of some 50 MB; more wait",
  },
  "threads": {
    value: 256,
    unit: "count",
    reason: "under --model thread each session is a thread of some 10 MB; more wait",
  },
  "busy-answers": {
    value: 32,
    unit: "count",
    reason: "who is told by --busy-message that there is no place holds a descriptor meanwhile",
  },
  "datagram-sessions": {
    value: 4_096,
    unit: "count",
    reason: "source addresses are easily forged; each would cost a session",
  },
  "datagram-sessions-per-peer": {
    value: 1_024,
    unit: "count",
    reason: "one address has 65,535 ports",
  },
  "datagram-queue": {
    value: 256 * 1024,
    unit: "bytes",
    reason: "a session that is not read must not hold the memory of the others",
  },
  "datagram-queues": {
    value: 32 * 1024 * 1024,
    unit: "bytes",
    reason: "many sessions of one socket that are not read hold much, each within its own bound",
  },
  "datagram-rate-hosts": {
    value: 16_384,
    unit: "count",
    reason: "--rate-per-peer remembers each host, and source addresses are easily forged",
  },
  "gap-senders": {
    value: 1_024,
    unit: "count",
    reason: "listen --gaps remembers 4,096 numbers of each sender",
  },
  "datagram-idle": {
    value: 60_000,
    unit: "ms",
    reason: "a datagram peer never says that it has gone",
  },
  "line": {
    value: 1024 * 1024,
    unit: "bytes",
    reason: "a peer that never sends a newline must not fill the memory",
  },
  "header": {
    value: 16 * 1024,
    unit: "bytes",
    reason: "headers are read before anything is known of the peer",
  },
  "header-time": {
    value: 10_000,
    unit: "ms",
    reason: "the head of a request that trickles in must not hold a connection",
  },
  "body": {
    value: 1024 * 1024,
    unit: "bytes",
    reason: "the services of text hold the body of a request whole",
  },
  "body-time": {
    value: 30_000,
    unit: "ms",
    reason: "the body of a request that trickles in must not hold a connection",
  },
  "keep-alive": {
    value: 60_000,
    unit: "ms",
    reason: "a connection is kept for the next request, but not for ever",
  },
  "write-stall": {
    value: 60_000,
    unit: "ms",
    reason: "an answer that nobody takes must not hold a file and a connection",
  },
  "message": {
    value: 16 * 1024 * 1024,
    unit: "bytes",
    reason: "a message is held whole before it is handed on",
  },
  "close-wait": {
    value: 10_000,
    unit: "ms",
    reason: "a closed session waits for the peer to take what was written, but not for ever",
  },
  "access-list": {
    value: 16 * 1024 * 1024,
    unit: "bytes",
    reason: "a file of --allow or --deny; all networks of the internet are half of it",
  },
  "address": {
    value: 64 * 1024,
    unit: "bytes",
    reason: "an address comes from command lines, files and peers; none is longer in earnest",
  },
  "memory-pipe": {
    value: 256 * 1024,
    unit: "bytes",
    reason: "a writer to memory: waits when the reader is this far behind",
  },
  "memory-backlog": {
    value: 511,
    unit: "count",
    reason: "connections to memory: that nobody accepted yet, as a kernel's backlog",
  },
  "script-steps": {
    value: 1_000,
    unit: "count",
    reason: "a script is written by hand, in one address",
  },
  "close-linger": {
    value: 2_000,
    unit: "ms",
    reason: "a peer that still sends after its session ended must not hold a descriptor",
  },
  "on-connect": {
    value: 64 * 1024,
    unit: "bytes",
    reason: "what each connection begins with is read whole, from a file that may be any",
  },
  "event-queue": {
    value: 1_024,
    unit: "count",
    reason: "events of a connection wait for who reads them, who may have stopped; the oldest go",
  },
  "heartbeat-window": {
    value: 1024 * 1024,
    unit: "bytes",
    reason: "a session with a framed heartbeat reads on while its data waits for a slow reader",
  },
  "watch-targets": {
    value: 100_000,
    unit: "count",
    reason: "each target of a watch is some hundred bytes, and a share of its probes",
  },
  "watch-probes": {
    value: 1_000,
    unit: "count",
    reason: "probes at a time: each that waits for an answer holds a descriptor",
  },
  "watch-file": {
    value: 16 * 1024 * 1024,
    unit: "bytes",
    reason: "a file of targets; a hundred thousand are less",
  },
  "watch-viewers": {
    value: 64,
    unit: "count",
    reason: "browsers that look at watch --web; each holds a connection for as long as it looks",
  },
  "watch-hooks": {
    value: 8,
    unit: "count",
    reason: "commands of --on-change at a time; the others wait",
  },
  "watch-hook-time": {
    value: 60_000,
    unit: "ms",
    reason: "a command of --on-change that hangs must not keep the others from running",
  },
  "watch-hook-queue": {
    value: 1_024,
    unit: "count",
    reason: "changes that wait for a command of --on-change; those beyond are said and left out",
  },
  "link-replay": {
    value: 8 * 1024 * 1024,
    unit: "bytes",
    reason: "what a link has sent is held until the peer has it; with more, writers wait",
  },
  "link-window": {
    value: 4 * 1024 * 1024,
    unit: "bytes",
    reason: "one channel of a link that nobody reads must not fill the memory",
  },
  "link-receive": {
    value: 64 * 1024 * 1024,
    unit: "bytes",
    reason: "all channels of a link that nobody reads; once promised, windows no longer grow",
  },
  "link-channels": {
    value: 1_024,
    unit: "count",
    reason: "each channel that a link's peer opens costs a connection and 128 KiB of window",
  },
  "link-listeners": {
    value: 64,
    unit: "count",
    reason: "each listener that a link's peer asks for takes a port of this machine",
  },
  "link-text": {
    value: 4_096,
    unit: "bytes",
    reason: "addresses that a link's peer asks for; no permitted one is longer in earnest",
  },
  "link-sessions": {
    value: 256,
    unit: "count",
    reason: "sessions of a link's server, those without a carrier included; each may hold replay",
  },
  "link-retention": {
    value: 300_000,
    unit: "ms",
    reason: "a session whose client does not come back must not hold its memory for ever",
  },
  "link-handshakes": {
    value: 64,
    unit: "count",
    reason: "carriers of a link that are not let in yet; anyone can open one",
  },
  "link-handshake-time": {
    value: 10_000,
    unit: "ms",
    reason: "who connects and does not prove itself must not hold a carrier of a link",
  },
  "link-attempts": {
    value: 30,
    unit: "count",
    reason: "failed handshakes of one address in a minute; trying keys is not to be cheap",
  },
  "dns-answers": {
    value: 1_000,
    unit: "count",
    reason: "a name server is not trusted to be brief",
  },
  "dns-aliases": {
    value: 16,
    unit: "count",
    reason: "each alias may cost a question; honest names have two or three",
  },
} as const satisfies Readonly<Record<string, LimitRow>>;

/** Name of a bound. */
export type LimitName = keyof typeof limitTable;

/** The bounds in force. */
export type Limits = Readonly<Record<LimitName, number>>;

/** The bounds as they are without `--limit`. */
export const defaultLimits: Limits = Object.freeze(
  Object.fromEntries(Object.entries(limitTable).map(([name, row]) => [name, row.value])),
) as Limits;

/** True for a name that `--limit` takes. */
export function isLimitName(name: string): name is LimitName {
  return Object.hasOwn(limitTable, name);
}
