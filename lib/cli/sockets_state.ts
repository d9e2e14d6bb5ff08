/**
 * States of sockets under the names of ss(8): what each means, and what to do where some pile up.
 * @module
 */

import { NetError, quote } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import { ssStateName, type TcpState } from "../wire/procnet.ts";

/** What is known of a state. */
interface StateRow {
  /** For TCP, in the words of RFC 9293 section 3.3.2. */
  readonly meaning: string;
  /** For the states that pile up: whose doing it is, and what helps. */
  readonly advice?: string;
}

/** Every state, in the order in which sockets are listed. */
export const socketStates = {
  LISTEN: { meaning: "waits for connections" },
  ESTAB: { meaning: "open both ways" },
  "SYN-SENT": { meaning: "connecting: the peer has not answered yet" },
  "SYN-RECV": {
    meaning: "half open: answered a connection request, the peer's last word is missing",
    advice: "the way back is broken (route, firewall), or somebody floods with forged requests: " +
      "keep net.ipv4.tcp_syncookies=1, raise the listener's backlog, net.core.somaxconn and " +
      "net.ipv4.tcp_max_syn_backlog, lower net.ipv4.tcp_synack_retries",
  },
  "FIN-WAIT-1": { meaning: "this side has closed, the peer has not confirmed it yet" },
  "FIN-WAIT-2": { meaning: "this side has closed, the peer has not" },
  "TIME-WAIT": {
    meaning: "over; this side closed first, and the kernel keeps the pair of ports for 60 s",
    advice: "harmless until the ports towards one peer run out: keep connections open and use " +
      "them again, let the other side close first, widen net.ipv4.ip_local_port_range, " +
      "set net.ipv4.tcp_tw_reuse=1 for clients; servers restart with SO_REUSEADDR",
  },
  "CLOSE-WAIT": {
    meaning: "the peer has closed, the program on this side has not",
    advice: "a fault of the program that holds them, which no setting of the kernel mends: it " +
      "must close when reading gives the end of input; a restart of it frees them; " +
      "plumb sockets --state CLOSE-WAIT names it",
  },
  "LAST-ACK": { meaning: "both have closed, the peer has not confirmed it yet" },
  CLOSING: { meaning: "both have closed at the same time" },
  UNCONN: { meaning: "bound or made, without a peer" },
} as const satisfies Readonly<Record<string, StateRow>>;

/** A state as ss(8) names it. */
export type SocketState = keyof typeof socketStates;

/** The states in their order. */
export const socketStateNames: readonly SocketState[] = Object.keys(socketStates) as SocketState[];

/** What helps where sockets of this state pile up, or undefined where they do not. */
export function adviceOn(state: SocketState): string | undefined {
  const row: StateRow = socketStates[state];
  return row.advice;
}

/** The same state as ss(8) names it. */
export function socketState(state: TcpState): SocketState {
  // Every name that is not in the table of exceptions is the same in both.
  return (ssStateName[state] ?? state) as SocketState;
}

/** Other names: those of the RFC, of netstat(8), and what ss(8) takes in its filters. */
const otherNames: Readonly<Record<string, SocketState>> = {
  LISTENING: "LISTEN",
  ESTABLISHED: "ESTAB",
  CONNECTED: "ESTAB",
  SYNRECEIVED: "SYN-RECV",
  CLOSED: "UNCONN",
  CLOSE: "UNCONN",
  UNCONNECTED: "UNCONN",
};

/**
 * Reads a state, in any spelling: `TIME-WAIT`, `time_wait`, `timewait`.
 *
 * @throws {NetError} kind "usage", naming the nearest
 */
export function readSocketState(text: string): SocketState {
  const key = text.toUpperCase().replaceAll(/[-_ ]/g, "");
  const own = socketStateNames.find((name) => name.replaceAll("-", "") === key);
  const found = own ?? (Object.hasOwn(otherNames, key) ? otherNames[key] : undefined);
  if (found !== undefined) return found;
  const known = socketStateNames.map((name) => name.toLowerCase());
  const near = nearest(text, known)?.toUpperCase();
  const message = `--state: no state ${JSON.stringify(quote(text))}`;
  const hint = near === undefined ? `one of ${known.join(" ")}` : `did you mean ${near}?`;
  throw new NetError({ kind: "usage", op: "sockets", message, hint });
}
