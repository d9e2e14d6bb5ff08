/**
 * `struct tcp_info` (linux/tcp.h; getsockopt TCP_INFO of tcp(7), or INET_DIAG_INFO of
 * sock_diag(7)): bytes -> value. The struct grows at its end with the kernel, so that fields beyond
 * the length given are null, never 0.
 * @module
 */

import { viewOf } from "./netlink.ts";

/** What the kernel knows of one TCP connection. Null: this kernel does not tell. */
export interface TcpInfo {
  /** Timeouts of retransmission in a row, unanswered. */
  readonly retransmits: number;
  /** Probes in a row (of a zero window, or keepalive), unanswered. */
  readonly probes: number;
  /** Retransmission timeout, in microseconds. */
  readonly retransmitTimeoutUs: number;
  /** Largest segment sent, in bytes. */
  readonly sendMaximumSegment: number;
  /** Segments sent and not acknowledged; of a listener, connections that wait for accept(2). */
  readonly unacknowledged: number;
  /** Segments held to be lost. */
  readonly lost: number;
  /** Milliseconds since data was last sent. */
  readonly lastDataSentMs: number;
  /** Milliseconds since data was last received. */
  readonly lastDataReceivedMs: number;
  /** Milliseconds since an acknowledgement was last received. */
  readonly lastAckReceivedMs: number;
  /** Smoothed round-trip time and its variation, in microseconds; 0 before the first sample. */
  readonly roundTripUs: number;
  readonly roundTripVariationUs: number;
  /** Congestion window, in segments. */
  readonly congestionWindow: number;
  /** Segments sent again since the connection began. */
  readonly totalRetransmits: number;
  /** Bytes acknowledged by the peer, and received from it, since the connection began. */
  readonly bytesAcknowledged: number | null;
  readonly bytesReceived: number | null;
  /** Bytes written that were not sent even once. */
  readonly notSentBytes: number | null;
  /** Microseconds with something to send; of those, limited by the peer's window, or the buffer. */
  readonly busyUs: number | null;
  readonly receiveWindowLimitedUs: number | null;
  readonly sendBufferLimitedUs: number | null;
  /** The window that the peer last granted, in bytes (Linux 5.4). */
  readonly peerWindow: number | null;
  /** The window that this side last granted, in bytes (Linux 6.2). */
  readonly ownWindow: number | null;
}

/** Up to `tcpi_total_retrans`: what every kernel since 2.6 gives. */
const oldestBytes = 104;

/** @returns null where there are fewer bytes than any kernel gives */
export function decodeTcpInfo(bytes: Uint8Array): TcpInfo | null {
  if (bytes.length < oldestBytes) return null;
  const view = viewOf(bytes);
  const word = (at: number) => view.getUint32(at, true);
  const laterWord = (at: number) => at + 4 <= bytes.length ? word(at) : null;
  const laterLong = (at: number) =>
    at + 8 <= bytes.length ? Number(view.getBigUint64(at, true)) : null;
  return {
    retransmits: view.getUint8(2),
    probes: view.getUint8(3),
    retransmitTimeoutUs: word(8),
    sendMaximumSegment: word(16),
    unacknowledged: word(24),
    lost: word(32),
    lastDataSentMs: word(44),
    lastDataReceivedMs: word(52),
    lastAckReceivedMs: word(56),
    roundTripUs: word(68),
    roundTripVariationUs: word(72),
    congestionWindow: word(80),
    totalRetransmits: word(100),
    bytesAcknowledged: laterLong(120),
    bytesReceived: laterLong(128),
    notSentBytes: laterWord(144),
    busyUs: laterLong(168),
    receiveWindowLimitedUs: laterLong(176),
    sendBufferLimitedUs: laterLong(184),
    peerWindow: laterWord(228),
    ownWindow: laterWord(232),
  };
}
