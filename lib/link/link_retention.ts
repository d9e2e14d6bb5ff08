/**
 * How long a server of links keeps a session whose client is away.
 * @module
 */

import { NetError } from "../core/error.ts";
import type { Limits } from "../core/limits.ts";

/**
 * What was asked for, or the limit `link-retention` where nothing was.
 *
 * @param askedMs milliseconds
 * @returns milliseconds
 * @throws {NetError} kind "usage" for more than the limit: sessions that are forgotten earlier than
 * was asked for would be lost without a word
 */
export function retentionOf(askedMs: number | undefined, limits: Limits): number {
  const mostMs = limits["link-retention"];
  if (askedMs === undefined || askedMs <= mostMs) return askedMs ?? mostMs;
  const [asked, most] = [askedMs / 1000, mostMs / 1000];
  throw new NetError({
    kind: "usage",
    op: "link",
    message: `sessions cannot be kept for ${asked} s, the limit link-retention is ${most} s`,
    hint: `--limit link-retention=${asked}s allows it`,
  });
}
