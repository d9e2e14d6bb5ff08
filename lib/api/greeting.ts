/**
 * What a connection begins with (`on-connect=FILE`): a login, a subscription.
 * @module
 */

import { concatenate } from "../core/bytes.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { Ports } from "../core/transport.ts";
import { openActive } from "../transport/open.ts";

/**
 * Reads the file, anew for each connection: a token in it may have been changed meanwhile.
 *
 * @throws {NetError} what opening it says, with the file's name; kind "limit" over `on-connect`
 */
export async function readGreeting(
  path: string,
  context: Context,
  ports: Ports,
): Promise<Uint8Array> {
  const maximum = context.limits["on-connect"];
  const address = { scheme: "file", passive: false, path, options: [] } as const;
  await using file = await openActive(address, context, ports);
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(16 * 1024);
  for (let length = 0;;) {
    const count = await file.read(buffer);
    if (count === null) return concatenate(parts);
    length += count;
    if (length > maximum) throw tooLong(path, maximum);
    parts.push(buffer.slice(0, count));
  }
}

function tooLong(path: string, maximum: number): NetError {
  return new NetError({
    kind: "option",
    op: "on-connect",
    address: path,
    message: `more than ${maximum} bytes (limit on-connect)`,
    hint: "raise it with --limit on-connect=SIZE",
  });
}

/**
 * Sends it as the first bytes of a connection, or as its first message.
 *
 * @throws {NetError} what writing says; the session is closed then, as when the signal aborts
 */
export async function greet(
  session: Duplex,
  greeting: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const cut = () => session.abort(signal.reason);
  signal.addEventListener("abort", cut, { once: true });
  try {
    signal.throwIfAborted();
    await session.write(greeting);
  } catch (thrown) {
    session.abort(thrown);
    throw signal.aborted ? signal.reason : thrown;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}
