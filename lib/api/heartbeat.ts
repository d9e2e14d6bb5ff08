/**
 * Heartbeats of sessions that came in: the same for every model, because what travels is a text.
 * @module
 */

import { type HeartbeatSpec, parseHeartbeat } from "../address/heartbeat.ts";
import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { HeartbeatOptions } from "../link/heartbeat_options.ts";
import { keepAlive, type KeptAlive } from "../link/keep_alive.ts";
import type { SessionHandler } from "../service/policy.ts";
import { hasLibc } from "../sys/libc.ts";
import { whyUnsayable } from "../wire/peer_facts.ts";
import { ownFacts } from "./own_facts.ts";

/**
 * What a heartbeat's text asks for, with what this program says of itself.
 *
 * @param op the operation that errors name
 * @param sessions how many sessions are open, where that is known
 * @throws {NetError} kind "usage" for a text that is none
 */
export function heartbeatOptions(
  heartbeat: string | HeartbeatSpec,
  { clock }: Context,
  op: string,
  sessions?: () => number,
): HeartbeatOptions {
  const spec = typeof heartbeat === "string" ? parseHeartbeat(heartbeat) : heartbeat;
  const { say } = spec;
  for (const [name, value] of Object.entries(say ?? {})) refuseUnsayable(op, name, value);
  const factsOf = ownFacts(clock, say === undefined ? {} : { say });
  return { ...spec, op, facts: () => factsOf(sessions?.()) };
}

function refuseUnsayable(op: string, name: string, value: string): void {
  const why = whyUnsayable(name, value);
  if (why === null) return;
  throw new NetError({ kind: "usage", op, message: `heartbeat: say=${name}: ${why}` });
}

/** Puts a heartbeat around one session, which it owns from here on. @throws {NetError} kind "usage" */
export function withHeartbeat(
  session: Duplex,
  heartbeat: string,
  context: Context,
  op: string,
): KeptAlive {
  return keepAlive(session, heartbeatOptions(heartbeat, context, op), context);
}

/**
 * A handler whose sessions have a heartbeat. The handler's own is closed after it, as the session
 * inside is by the server.
 *
 * @throws {NetError} kind "usage" for a text that is none
 */
export function keepingAlive(
  handle: SessionHandler,
  heartbeat: string | undefined,
  context: Context,
  op: string,
): SessionHandler {
  if (heartbeat === undefined) return handle;
  let sessions: (() => number) | undefined;
  const options = heartbeatOptions(heartbeat, context, op, () => sessions?.() ?? 0);
  return (session, within, info) => {
    sessions ??= info.sessions;
    const kept = keepAlive(session, options, within);
    // Not awaited in a frame of its own: it would be held for as long as the session is open.
    return handle(kept, within, info).finally(() => kept[Symbol.asyncDispose]());
  };
}

/** Unsent bytes that may wait in the kernel ahead of a heartbeat. */
const shortQueue = "128KiB";

/**
 * The address with a short queue of unsent bytes (TCP_NOTSENT_LOWAT, tcp(7)): a heartbeat would
 * otherwise wait behind megabytes on a slow path, and its round trip would be that of the queue.
 * Set on a listener, connections inherit it. An option of the user's own is left as it is.
 */
export function withShortQueue<A extends Address>(address: A): A {
  const name = "notsent-lowat";
  const isGiven = address.options.some((option) => option.name === name);
  // Better without than not at all: what the runtime cannot set by itself takes FFI.
  if (address.scheme !== "tcp" || isGiven || !hasLibc()) return address;
  return { ...address, options: [...address.options, { name, value: shortQueue }] };
}
