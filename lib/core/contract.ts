/**
 * The contracts that every room keeps: a session of bytes or messages, a socket with many peers,
 * a listener and what it accepts. Small on purpose; each says what cancellation leaves behind.
 * @module
 */

import type { Context } from "./context.ts";

/** Credentials of a process at the other end of a Unix socket (`SO_PEERCRED`, unix(7)). */
export interface Credentials {
  /** The process that connected or listened; it may have ended since. */
  readonly pid: number;
  /** Its effective user, at that moment. */
  readonly uid: number;
  /** Its effective group, at that moment. */
  readonly gid: number;
}

/** One end of a session, as it is shown to people and to programs. */
export interface Peer {
  /** The scheme of the endpoint: `tcp`, `unix`, `exec` and so on. */
  readonly scheme: string;
  /** The end in the address language: `tcp://127.0.0.1:40123`, `unix:/run/x`. */
  readonly text: string;
  /** Numeric host, IPv4-mapped IPv6 shown as IPv4; only for internet sockets. */
  readonly host?: string;
  /** Port in host order, 1 to 65535; only for internet sockets. */
  readonly port?: number;
  /** Path of a Unix socket or file; abstract names begin with `@`. */
  readonly path?: string;
  /** Who it is by the kernel's word; Unix sockets only, and only where it is certain. */
  readonly credentials?: Credentials;
}

/** How a process that was one end of a session has finished. */
export interface ChildStatus {
  /** Process id; free for reuse once this is known. */
  readonly pid: number;
  /** Exit status, 0 to 255; 128 + N when a signal ended it. */
  readonly code: number;
  /** Name of the signal that ended it (`SIGKILL`), or null. */
  readonly signal: string | null;
}

/** What a session can do; fixed while it lives. */
export interface Traits {
  /** True where one `write` is one `read` at the other end (datagrams, SEQPACKET, WebSocket). */
  readonly messages: boolean;
  /** Largest message that can be written, in bytes; only with `messages`. */
  readonly maximumMessage?: number;
  /** True where `closeWrite` reaches the peer as an end of input of its own. */
  readonly halfClose: boolean;
  /** True where `abort` reaches the peer as a reset; elsewhere it sees an end of input. */
  readonly resets?: boolean;
  /** True where the end is a terminal with a person at it. */
  readonly terminal?: boolean;
  /** True where nothing can be written: a file opened for reading. */
  readonly readOnly?: boolean;
  /** True where nothing can be read: a file opened for writing. */
  readonly writeOnly?: boolean;
  /** True where the session stays open without a peer's end of input (a datagram session). */
  readonly endless?: boolean;
}

/**
 * A session, of bytes or of messages.
 *
 * At most one `read` and one `write` are under way at a time; they do not wait for each other.
 * Disposing closes both ways in order (what was written is still delivered) and frees everything.
 */
export interface Duplex extends AsyncDisposable {
  /** This side's end; fixed while the session lives, also after its end. */
  readonly local: Peer;
  /** The other side's end. */
  readonly remote: Peer;
  /** Asked before reading and writing: what they mean depends on it. */
  readonly traits: Traits;

  /**
   * Reads what is there, at most `into.length` bytes; waits while nothing is. With
   * `traits.messages` it is exactly one message: 0 is an empty one, and a message longer than
   * `into` is an error ("too-large"), never a silent cut.
   *
   * @returns how many bytes were put into `into`, or null: the peer finished sending. After null
   * every further read is null.
   * @throws {NetError} kind "reset" when the peer broke the connection, "aborted" after `abort`.
   */
  read(into: Uint8Array): Promise<number | null>;

  /**
   * Writes the whole chunk (or one message). `chunk` may be reused once the promise settles.
   *
   * @throws {NetError} kind "reset" or "broken" when the peer takes no more, "too-large" for a
   * message over the limit (the session stays usable then), "aborted" after `abort`.
   */
  write(chunk: Uint8Array): Promise<void>;

  /** Says that nothing more will be written (half-close, shutdown(2) SHUT_WR). Idempotent. */
  closeWrite(): Promise<void>;

  /**
   * Ends both ways at once, with a reset where the kernel has one. Reads and writes that wait are
   * rejected with kind "aborted". Idempotent, never throws.
   */
  abort(reason?: unknown): void;

  /**
   * Optional power: settles when a `read` would not wait (data, end or error), without holding a
   * large buffer meanwhile. Abandoning the promise loses nothing: the next `read` gives the data.
   */
  readable?(): Promise<void>;

  /** Optional power: bytes that a `read` would give without waiting, or null if unknown. */
  unread?(): number | null;

  /**
   * Optional power, processes only: settles with how the child finished; null for one that could
   * not be ended (another user's by now) and was left to itself. Never rejects.
   */
  readonly child?: Promise<ChildStatus | null>;

  /** Optional power: bytes written that the peer has not acknowledged yet, or null if unknown. */
  unacknowledged?(): number | null;

  /**
   * Optional power: of the unacknowledged bytes those that were not sent even once, or null if
   * unknown. Where it is all of them, the peer has no room for more: it is slow, and not gone.
   */
  unsent?(): number | null;

  /**
   * Optional power, of streams only: reads what is there without a copy, as memory of the session.
   *
   * @returns null at the end; undefined where a `read` would wait. Throws what a `read` rejects with.
   */
  lend?(): Uint8Array | null | undefined;

  /** With `lend`: takes its memory back. What a failed write may still read is never given back. */
  giveBack?(lent: Uint8Array): void;

  /**
   * Optional power: bytes of all writes that the system has taken so far. After a write that failed
   * it tells how much of that one is on its way, and so must not be written again elsewhere.
   */
  handedOver?(): number;
}

/** One datagram: its bytes are only valid until the next `receive` into the same buffer. */
export interface Datagram {
  /** The payload; its length may be 0. */
  readonly data: Uint8Array;
  /** Who sent it, or who gets it. `text` is empty for a sender without an address. */
  readonly peer: Peer;
}

/** A datagram socket with many peers. `stream/sessions.ts` makes a Listener of sessions of it. */
export interface Datagrams extends AsyncDisposable {
  /** Where it is bound, with the real port. */
  readonly local: Peer;
  /** Largest payload that `send` takes, in bytes. */
  readonly maximumMessage: number;
  /**
   * Waits for one datagram.
   *
   * @returns the datagram in `into`, or null once the socket was closed or aborted.
   * @throws {NetError} kind "refused" with the peer in `address` where the network said so.
   */
  receive(into: Uint8Array): Promise<Datagram | null>;
  /** Sends one datagram. @throws {NetError} kind "too-large", "refused", "unreachable" and so on */
  send(packet: Datagram): Promise<void>;
  /** Closes it at once; a `receive` that waits gives null. Idempotent, never throws. */
  abort(): void;
}

/** A connection that was accepted and not yet looked at. */
export interface Incoming {
  /** Who connected, known before any data: access is decided by it. */
  readonly remote: Peer;
  /** Does what must be done before data (a TLS handshake); for plain sockets nothing. */
  settle(context: Context): Promise<Duplex>;
  /** Refuses it: closed with a reset where the kernel has one. Idempotent, never throws. */
  reject(): void;
}

/** A socket option by the name that addresses have for it; sizes in bytes. */
export interface SocketOptionSetting {
  /** `priority`, `nodelay`. */
  readonly name: string;
  /** As the option's own unit has it; a size in bytes, a time in milliseconds. */
  readonly value: boolean | number | string;
}

/** A passive endpoint. Disposing closes it and leaves accepted sessions alone. */
export interface Listener extends AsyncDisposable {
  /** Where it listens, with the real port. */
  readonly local: Peer;
  /** Datagram listeners: sessions have no connection behind them and do not hold a drain. */
  readonly datagrams?: boolean;
  /**
   * Waits for the next connection; never does a handshake.
   *
   * @returns null once the listener was closed.
   * @throws {NetError} kind "transient" for what concerns one lost client only (accept again at
   * once), "exhausted" where the system has no descriptor or memory (accept again later).
   */
  accept(): Promise<Incoming | null>;
  /** Datagram listeners: packets dropped because of a bound, since the start. */
  dropped?(): number;
  /**
   * Optional power: the descriptor of its socket, lent, so that processes and threads accept from
   * it; null where it cannot be known. Who uses it never calls `accept` here.
   */
  descriptor?(): number | null;
  /**
   * Options of its address that an accepted connection does not inherit: who accepts by the
   * descriptor sets them. Default none.
   */
  readonly uninherited?: readonly SocketOptionSetting[];
  /**
   * Optional power: another process listens on this socket from now on. Closing it here leaves its
   * path, which is that one's to remove. With false: that process has gone, or did not want it.
   */
  handOver?(isGiven?: boolean): void;
}
