/**
 * A session whose orderly close is over only once all that was sent was acknowledged.
 *
 * Acknowledged means: TCP, the peer's kernel has it (SIOCOUTQ is 0, the FIN included); Unix
 * sockets, the peer has read it. What the peer's program has done with it nobody can see from here.
 * @module
 */

import { sleep } from "../core/clock.ts";
import type { Scheme } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { Reconnecting } from "../link/reconnect.ts";
import { WrappedDuplex } from "../stream/wrapped.ts";
import { SO_ERROR, SOCK_STREAM, SOL_SOCKET } from "../sys/constants.ts";
import { findDescriptor } from "../sys/descriptor.ts";
import { getIntegerOption } from "../sys/option.ts";
import { unacknowledgedBytes } from "../sys/queue.ts";
import { encodeSockaddr } from "../wire/sockaddr.ts";

/** Schemes of which the kernel tells what was acknowledged. */
const schemes: readonly Scheme[] = ["tcp", "unix"];

/** Pauses between two questions, ms: they double from the first to the last. */
const firstPauseMs = 1;
const longestPauseMs = 50;

/**
 * Refuses what cannot be confirmed, before anything is opened.
 *
 * @throws {NetError} kind "usage"
 */
export function refuseConfirm(scheme: Scheme): void {
  if (schemes.includes(scheme)) return;
  throw new NetError({
    kind: "usage",
    op: "confirm",
    message: `nobody acknowledges what is sent to ${scheme}`,
    hint: `--confirm works with ${schemes.join(" and ")}`,
  });
}

/**
 * Puts the wait around a session. It owns the session.
 *
 * @param longestMs how long disposing waits for the peer (ms)
 * @returns disposing it throws kind "broken" where not all was acknowledged
 * @throws {NetError} kind "unavailable" where the system does not tell; the session is closed then
 */
export function confirmed(session: Duplex, longestMs: number, context: Context): Duplex {
  if (unacknowledged(session) === null) {
    session.abort();
    throw new NetError({
      kind: "unavailable",
      op: "confirm",
      address: session.remote.text,
      message: "the system does not tell what was acknowledged",
      hint: "it takes --allow-ffi",
    });
  }
  return new ConfirmedSession(session, longestMs, context);
}

class ConfirmedSession extends WrappedDuplex {
  readonly #longestMs: number;
  readonly #context: Context;
  #isAborted = false;
  #disposing: Promise<void> | undefined;

  constructor(inner: Duplex, longestMs: number, context: Context) {
    super(inner);
    this.#longestMs = longestMs;
    this.#context = context;
  }

  override abort(reason?: unknown): void {
    this.#isAborted = true;
    super.abort(reason);
  }

  override [Symbol.asyncDispose](): Promise<void> {
    return this.#disposing ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    const missing = this.#isAborted ? null : await this.#missing();
    await super[Symbol.asyncDispose]();
    if (missing === null || this.#isAborted) return;
    const address = this.inner.remote.text;
    throw new NetError({
      kind: "broken",
      op: "confirm",
      address,
      message: missing,
      blame: "remote",
    });
  }

  /** Waits for the peer. @returns what is missing in words, or null */
  async #missing(): Promise<string | null> {
    const lost = lostBytes(this.inner);
    if (lost > 0) return `${lost} bytes went to a connection that was lost, or were thrown away`;
    const { clock } = this.#context;
    const endMs = clock.now() + this.#longestMs;
    for (let pauseMs = firstPauseMs;; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const left = unacknowledged(this.inner);
      if (left === 0 || this.#isAborted) return null;
      if (left === null) return "the connection broke before all that was sent was acknowledged";
      if (clock.now() >= endMs) {
        return `not all that was sent was acknowledged within ${this.#longestMs} ms`;
      }
      await sleep(clock, pauseMs);
    }
  }
}

/** What a session that survives its connections cannot answer for. */
function lostBytes(session: Duplex): number {
  if (!(session instanceof Reconnecting)) return 0;
  const { bytesAtRisk, bytesDropped } = session.tally;
  return bytesAtRisk + bytesDropped;
}

/** Bytes that the peer has not got; null where that is not known, or the connection has gone. */
function unacknowledged(session: Duplex): number | null {
  const { scheme, path } = session.remote;
  if (scheme === "unix" && path !== undefined) return unreadByPeer(path);
  return session.unacknowledged?.() ?? null;
}

/**
 * The runtime tells no descriptor of a Unix connection: it is found by its peer's name, which tells
 * it apart only where there is one connection to that name.
 */
function unreadByPeer(path: string): number | null {
  const remote = encodeSockaddr({ family: "unix", path: path.replace(/^@/, "\0") });
  const unnamed = encodeSockaddr({ family: "unix", path: "" });
  const fd = findDescriptor(unnamed, remote, SOCK_STREAM);
  if (fd === null || findDescriptor(unnamed, remote, SOCK_STREAM, new Set([fd])) !== null) {
    return null;
  }
  const count = unacknowledgedBytes(fd);
  // A peer that closes without reading empties the queue as well, and leaves ECONNRESET behind.
  return count === 0 && getIntegerOption(fd, SOL_SOCKET, SO_ERROR) !== 0 ? null : count;
}
