/**
 * Queues, timers and TCP_INFO of a socket -> phrases for people. Pure.
 *
 * "Unacknowledged" is what was sent and not confirmed; the kernel's send queue holds what was not
 * even sent as well (tcpi_notsent_bytes), which is told apart here: one is the network's or the
 * peer's, the other is the window's.
 * @module
 */

import { counted } from "../core/counted.ts";
import type { InetDiagRow } from "../wire/inet_diag.ts";
import type { TcpInfo } from "../wire/tcp_info.ts";
import { approximateDuration } from "./quantity.ts";
import type { SocketRow } from "./sockets_row.ts";

/** Silence that is worth a word: shorter ones are the pace of any conversation. */
const silenceMs = 1_000;

/** Parts of the busy time below this are noise. */
const limitedShare = 0.05;

/** What is worth knowing of a socket, what is wrong first; empty where the kernel tells nothing. */
export function socketWords(row: SocketRow): string[] {
  if (row.state === "LISTEN") return listenerWords(row);
  const { inet } = row;
  if (inet === null || inet.protocol === "udp") return [...queueWords(row), ...dropWords(inet)];
  return tcpWords(row, inet);
}

function listenerWords({ receiveQueue, sendQueue, protocol }: SocketRow): string[] {
  if (receiveQueue === null) return [];
  if (sendQueue === null) return [`${connections(receiveQueue)} to be accepted`];
  // The kernel lets one more in than it was told (sk_acceptq_is_full). A Unix listener does too.
  const full = receiveQueue > sendQueue;
  const then = protocol === "tcp" ? "new connections are dropped" : "connecting blocks";
  const words = `${connections(receiveQueue)} to be accepted, of at most ${sendQueue}`;
  return full ? [`accept queue full: ${then}`, words] : [words];
}

function connections(count: number): string {
  if (count === 0) return "no connection waits";
  return count === 1 ? "1 connection waits" : `${count} connections wait`;
}

/** Datagrams and Unix sockets: only how much lies where. */
function queueWords({ receiveQueue, sendQueue, protocol }: SocketRow): string[] {
  const where = protocol === "udp" ? "not sent yet" : "not read by the peer";
  return [...unreadWords(receiveQueue), ...(sendQueue ? [`${exactSize(sendQueue)} ${where}`] : [])];
}

function unreadWords(receiveQueue: number | null): string[] {
  return receiveQueue ? [`${exactSize(receiveQueue)} not read by the program`] : [];
}

function dropWords(inet: InetDiagRow | null): string[] {
  return inet?.drops ? [counted(inet.drops, "datagram") + " dropped"] : [];
}

function tcpWords(row: SocketRow, inet: InetDiagRow): string[] {
  const { info } = inet;
  if (row.state === "TIME-WAIT") return [`forgotten in ${seconds(inet.timerMs)}`];
  if (row.state === "SYN-SENT" || row.state === "SYN-RECV") return handshakeWords(row, inet);
  return [
    ...windowWords(inet),
    ...unacknowledgedWords(row, inet),
    ...unreadWords(row.receiveQueue),
    ...(info === null ? [] : [...probeWords(inet, info), ...paceWords(info, inet.congestion)]),
  ];
}

function handshakeWords(row: SocketRow, inet: InetDiagRow): string[] {
  const asked = row.state === "SYN-SENT" ? "no answer yet" : "the handshake's last word is missing";
  if (inet.retransmits === 0) return [asked];
  return [`${asked}, ${counted(inet.retransmits, "retransmit")}`, ...nextTry(inet)];
}

function nextTry({ timer, timerMs }: InetDiagRow): string[] {
  return timer === "retransmit" ? [`next try in ${seconds(timerMs)}`] : [];
}

/** How long the peer's window is closed: nothing is sent while it is (RFC 9293 section 3.8.6.1). */
function windowWords({ timer, info }: InetDiagRow): string[] {
  const closed = info?.peerWindow === 0 && (info.notSentBytes ?? 0) > 0;
  if (!closed && timer !== "zero-window-probe") return [];
  // The probe timer also runs for a window smaller than a segment, which is no zero window.
  if (info?.peerWindow) return [`peer's window ${exactSize(info.peerWindow)}, too small to send`];
  if (info === null) return ["peer's window zero"];
  // The last data went out when the window closed; where earlier pauses of the program make that
  // older, the time limited by the window, which is counted from the connection's start, is less.
  const limitedMs = (info.receiveWindowLimitedUs ?? Infinity) / 1000;
  return [`peer's window zero for ${seconds(Math.min(info.lastDataSentMs, limitedMs))}`];
}

function unacknowledgedWords({ sendQueue }: SocketRow, inet: InetDiagRow): string[] {
  const notSent = Math.min(inet.info?.notSentBytes ?? 0, sendQueue ?? 0);
  const inFlight = (sendQueue ?? 0) - notSent;
  const again = inet.timer === "zero-window-probe" ? 0 : inet.retransmits;
  const retransmits = again === 0 ? "" : `, ${counted(again, "retransmit")}`;
  return [
    ...(inFlight > 0 ? [`${exactSize(inFlight)} unacknowledged${retransmits}`] : []),
    ...(notSent > 0 ? [`${exactSize(notSent)} not sent yet`] : []),
    ...(again > 0 ? nextTry(inet) : []),
  ];
}

function probeWords({ timer, timerMs }: InetDiagRow, info: TcpInfo): string[] {
  const keepalive = timer === "keepalive";
  const probes = info.probes === 0 ? [] : [
    counted(info.probes, keepalive ? "keepalive probe" : "window probe") + " unanswered",
  ];
  return [...probes, ...(keepalive ? [`keepalive in ${seconds(timerMs)}`] : [])];
}

/** How it goes: round trips, what was lost, what holds it up, how long nothing came. */
function paceWords(info: TcpInfo, congestion: string | null): string[] {
  const busy = info.busyUs ?? 0;
  const share = (us: number | null) => busy > 0 && us !== null ? us / busy : 0;
  const limited = [
    ["the peer's window", share(info.receiveWindowLimitedUs)],
    ["the send buffer", share(info.sendBufferLimitedUs)],
  ] as const;
  const heldUp = limited.filter(([, part]) => part >= limitedShare)
    .map(([by, part]) =>
      `limited by ${by} for ${Math.round(Math.min(part, 1) * 100)} % of the time`
    );
  const lost = info.totalRetransmits === 0
    ? []
    : [`${counted(info.totalRetransmits, "segment")} sent again in all`];
  const trip = info.roundTripUs === 0 ? [] : [
    `round trip ${microseconds(info.roundTripUs)} +- ${microseconds(info.roundTripVariationUs)}`,
  ];
  const silent = Math.min(info.lastDataReceivedMs, info.lastAckReceivedMs);
  return [
    ...heldUp,
    ...lost,
    ...trip,
    `${congestion ?? "congestion"} window ${counted(info.congestionWindow, "segment")}`,
    ...(silent >= silenceMs ? [`nothing heard for ${seconds(silent)}`] : []),
  ];
}

/** `64 KiB`: without decimals where there are none to see. */
function exactSize(bytes: number): string {
  const steps = ["B", "KiB", "MiB", "GiB"];
  const step = bytes < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  const rounded = value >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
  return `${rounded} ${steps[step]}`;
}

/** `12 s`, `0.4 s`; minutes and hours above. */
function seconds(ms: number): string {
  if (ms >= 120_000) return approximateDuration(ms);
  return `${ms < 9_950 ? Math.round(ms / 100) / 10 : Math.round(ms / 1000)} s`;
}

function microseconds(us: number): string {
  return us < 1000 ? `${us} us` : `${Math.round(us / 100) / 10} ms`;
}
