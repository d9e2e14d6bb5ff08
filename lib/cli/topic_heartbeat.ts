/**
 * `plumb help heartbeat`: the words of `--heartbeat`.
 * @module
 */

import { definitions, wrap } from "./text.ts";

const words: readonly (readonly [string, string])[] = [
  ["every=D", "one sign of life in this time, sent and expected (default 5s)"],
  ["misses=N", "so many intervals in a row without any, and the peer is dead (default 3)"],
  ["grace=D", "added to the whole, for peers that start slowly (default 0s)"],
  ["mode=heartbeat", "each side says by itself that it lives (default)"],
  ["mode=pingpong", "this side asks; the other answers with its clock and what it says of itself"],
  ["detector=misses", "counts intervals (default)"],
  ["detector=adaptive", "asks again, sooner, when an answer takes longer than round trips were"],
  ["say=KEY=VALUE", "what this side says of itself to another plumb; may be repeated (--say)"],
  ["send=TEXT", "for a peer that is no plumb: sent every interval; \\r \\n \\t \\\\ \\xHH"],
  [
    "expect=REGEX",
    "lines of its that match are heartbeats, and are taken out of the data; no looking around and " +
    "no reference back, so that no line of a peer takes long",
  ],
  ["strip=no", "they stay in the data"],
];

/** The lines of the page. */
export function heartbeatLines(width: number): string[] {
  return [
    ...wrap(
      "--heartbeat every=5s,misses=3 looks for life in a session: for each end that connects (or " +
        "as an option of its address, ?heartbeat=...) and each session that comes in. A dead peer " +
        "ends it with exit status 4, or is dialled anew with --reconnect. A comma separates; \\, is " +
        "a comma.",
      width,
    ),
    "",
    ...definitions(words, width),
    "",
    ...wrap(
      "Any byte of the peer is a sign of life, and so is that its kernel acknowledges data: a busy " +
        "or slow peer is not dead, one that reads and never answers is. Without send and expect " +
        "both sides must be plumbs with --heartbeat, or serve pingpong; anything else is told at " +
        "its first bytes (exit status 4). The kernel's own: ?keepalive=30s/5s/3 on TCP addresses.",
      width,
    ),
    "",
    "plumb serve echo :7007 --heartbeat every=5s,misses=3",
    "plumb connect --heartbeat every=5s --reconnect tcp://h:7007",
    "plumb connect --heartbeat 'every=30s,send=PING\\r\\n,expect=^PONG' tcp://irc:6667",
  ];
}
