/**
 * Addresses -> messages sent to each of them in a rhythm.
 * @module
 */

import type { Address } from "../core/address.ts";
import { deriveContext } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { announce as announceTo, type AnnounceOptions, readTemplate } from "../service/announce.ts";
import { identity } from "../sys/identity.ts";
import { dial } from "./connect.ts";
import { addressFor, type CallOptions, contextOf, portsOf } from "./endpoint.ts";

/** How `announce` behaves. */
export interface AnnounceCallOptions extends CallOptions, AnnounceOptions {
  /** Time for resolving (ms); default 30,000. */
  readonly timeoutMs?: number;
}

/** What was announced. */
export interface AnnounceTally {
  /** Messages sent, to all targets together. */
  readonly sent: number;
}

/**
 * Sends a message to each address, again and again, until the signal aborts or all `count` are
 * sent: to a group, to everybody on a network (with `?broadcast`), to one host.
 *
 * @param addresses datagram addresses: `udp://239.0.0.2:9000?interface=eth0`, `unixgram:/run/x`
 * @throws {NetError} kind "usage" for an address without datagrams; what sending says
 *
 * @example
 * ```ts
 * import { announce } from "@plumb/plumb";
 *
 * const { sent } = await announce("udp://127.0.0.1:9", { text: "n={seq}", everyMs: 1, count: 2 });
 * if (sent !== 2) throw new Error("not sent");
 * ```
 */
export async function announce(
  addresses: string | Address | readonly (string | Address)[],
  options: AnnounceCallOptions = {},
): Promise<AnnounceTally> {
  const list: readonly (string | Address)[] = Array.isArray(addresses) ? addresses : [addresses];
  const targets = list.map((address) => addressFor(address, "active"));
  targets.forEach(refuseStream);
  if (options.text !== undefined) readTemplate(options.text);
  using child = deriveContext(contextOf(options));
  const { context } = child;
  const sessions: Duplex[] = [];
  try {
    for (const target of targets) {
      sessions.push(await dial(target, context, portsOf(options), options.timeoutMs));
    }
  } catch (thrown) {
    for (const session of sessions) session.abort();
    throw thrown;
  }
  for (const { remote: { text: address } } of sessions) {
    context.log.write("notice", "announcing", `announcing to ${address}`, { address });
  }
  const facts = identity();
  const running = sessions.map(async (session) => {
    try {
      return await announceTo(session, options, facts, context);
    } catch (thrown) {
      child.abort(thrown); // one that cannot be sent to ends the others
      throw thrown;
    }
  });
  await Promise.allSettled(running);
  const counts = await Promise.all(running);
  return { sent: counts.reduce((sum, one) => sum + one, 0) };
}

/** Refuses what has no datagrams, before anything is opened. @throws {NetError} kind "usage" */
export function refuseStream({ scheme }: Address): void {
  if (scheme === "udp" || scheme === "unixgram") return;
  throw new NetError({
    kind: "usage",
    op: "announce",
    message: `${scheme} has no datagrams`,
    hint: "announce to udp:// or unixgram:",
  });
}
