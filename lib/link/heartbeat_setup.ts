/**
 * What a heartbeat is made of, and how its errors are worded.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Traits } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { adaptiveDetector } from "./detector_adaptive.ts";
import { type Detector, missesDetector } from "./detector.ts";
import { FramedDialect } from "./framed_dialect.ts";
import type { Dialect } from "./heartbeat_dialect.ts";
import type { HeartbeatOptions } from "./heartbeat_options.ts";
import { MessageDialect } from "./message_dialect.ts";
import { Questions } from "./questions.ts";
import { TextDialect } from "./text_dialect.ts";

/** The detector that was asked for. */
export function detectorOf(options: HeartbeatOptions, nowMs: number): Detector {
  const { detector = "misses" } = options;
  if (typeof detector === "function") return detector(nowMs);
  return detector === "adaptive"
    ? adaptiveDetector(options, nowMs)
    : missesDetector(options, nowMs);
}

/** Text where there is text, else frames. */
export function dialectOf(
  traits: Traits,
  options: HeartbeatOptions,
  { clock, limits }: Context,
): Dialect {
  const { everyMs, send, expect, mode, detector, facts } = options;
  if (send !== undefined || expect !== undefined) {
    return new TextDialect(traits, { ...options, longestLine: limits.line });
  }
  // A detector that learns from round trips wants questions, whatever they say besides.
  const isAsking = mode === "pingpong" || detector === "adaptive";
  const questions = new Questions(clock, isAsking, facts);
  return traits.messages
    ? new MessageDialect(traits, questions, everyMs)
    : new FramedDialect(traits, questions, limits["heartbeat-window"], everyMs);
}

/** The error of a peer that was given up. @param isSpoken false where it has never said a frame */
export function deadError(
  session: Duplex,
  { op = "heartbeat", everyMs, misses, graceMs = 0, detector }: HeartbeatOptions,
  silentMs: number,
  isSpoken: boolean,
): NetError {
  const counted = detector === undefined || detector === "misses";
  const total = counted ? everyMs * misses + graceMs : silentMs;
  const how = counted ? `${misses} missed, every ${inWords(everyMs)}` : `every ${inWords(everyMs)}`;
  return new NetError({
    kind: "dead",
    op,
    address: session.remote.text,
    message: `no sign of life for ${inWords(total)} (${how})`,
    ...(isSpoken ? {} : { hint: neverSpoken }),
    blame: "remote",
  });
}

/** A peer that waits to be spoken to cannot be told from one that is gone. */
const neverSpoken =
  "no preface of framed heartbeats came: the other side needs --heartbeat or serve pingpong";

function inWords(durationMs: number): string {
  return durationMs < 1000
    ? `${Math.round(durationMs)} ms`
    : `${+(durationMs / 1000).toFixed(2)} s`;
}

/** What reads and writes throw after the session was closed on this side. */
export function closedHere(session: Duplex, reason: unknown): NetError {
  return new NetError({
    kind: "aborted",
    op: "read",
    address: session.remote.text,
    message: "the session was closed on this side",
    ...(reason === undefined ? {} : { cause: reason }),
  });
}

/** Codecs know nothing of the peer: their errors get its address, and the operation. */
export function placed(error: NetError, address: string, op: string | undefined): NetError {
  if (error.address !== undefined) return error;
  const { kind, reason: message, code, hint, blame } = error;
  return new NetError({
    kind,
    op: op ?? error.op,
    message,
    address,
    blame,
    cause: error,
    ...(code === undefined ? {} : { code }),
    ...(hint === undefined ? {} : { hint }),
  });
}
