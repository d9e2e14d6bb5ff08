/**
 * Waiting for what a session does, with a bound, for the contract suite.
 * @module
 */

import type { Duplex } from "../../lib/core/contract.ts";
import { type ErrorKind, NetError } from "../../lib/core/error.ts";

/** Nothing on this machine takes longer unless it hangs. */
const hangMs = 10_000;

/** Fails instead of hanging. */
export function within<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hangs: ${what}`)), hangMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** True while a promise has not settled, looked at after `afterMs` milliseconds. */
export async function isPending(work: Promise<unknown>, afterMs = 50): Promise<boolean> {
  let pending = true;
  const settled = () => {
    pending = false;
  };
  work.then(settled, settled);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  return pending;
}

/** The kind of error that `work` fails with, or undefined where it succeeds. */
export async function kindOf(work: Promise<unknown>): Promise<ErrorKind | undefined> {
  try {
    await within(work, "a failure");
    return undefined;
  } catch (thrown) {
    if (thrown instanceof NetError) return thrown.kind;
    throw thrown;
  }
}

/** Reads to the end; with `most`, at most so many bytes at a time. */
export async function readAll(session: Duplex, most = 64 * 1024): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const into = new Uint8Array(most);
  for (;;) {
    const count = await within(session.read(into), "reading to the end");
    if (count === null) return concat(parts);
    parts.push(into.slice(0, count));
  }
}

/** Reads exactly so many bytes. */
export async function readCount(session: Duplex, length: number): Promise<Uint8Array> {
  const into = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await within(session.read(into.subarray(at)), `reading ${length} bytes`);
    if (count === null) throw new Error(`ended after ${at} of ${length} bytes`);
    at += count;
  }
  return into;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
