/**
 * Duplex x ByteMachine -> SessionOutcome: serves one session with a machine.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { ByteMachine } from "../core/machine.ts";
import { reasonOfSignal } from "../core/reason.ts";
import { TimerWheel } from "../core/wheel.ts";
import { lingerClose } from "../stream/linger.ts";
import type { SessionOutcome } from "./contract.ts";
import type { FaceEnd } from "./face.ts";
import { MessageFace } from "./message_face.ts";
import type { SessionInfo } from "./policy.ts";
import { StreamFace } from "./stream_face.ts";

/** How long a session may last; without them, as long as its peer likes. */
export interface DriveOptions {
  /** Ends the session when nothing moved for so long (ms). */
  readonly idleMs?: number;
  /** Ends the session at this age (ms). */
  readonly lifetimeMs?: number;
}

/**
 * Serves a session with a machine, until one of them ends, and closes it.
 *
 * On a stream nothing is read ahead of what can be written; the peer's end of input is the machine's
 * "end", and what the machine still sends is delivered before its own end is. On messages each one
 * is answered by at most one, and over UDP never by a longer one, and never to a well-known port.
 *
 * @param context its signal cuts the session
 * @param watch told where the bytes so far can be looked up
 * @returns how it went; what broke the session is in `error`
 * @throws what the machine threw: a bug. The session is closed then, too.
 *
 * @example
 * ```ts
 * import { connect, drive, makeContext, services } from "@plumb/plumb";
 *
 * const context = makeContext();
 * const session = await connect("script:send=hello&end");
 * const machine = services.upper?.make({ clock: context.clock, messages: false, options: {} });
 * if (machine !== undefined) await drive(session, machine, context);
 * ```
 */
export async function drive(
  session: Duplex,
  machine: ByteMachine,
  context: Context,
  options: DriveOptions = {},
  watch?: SessionInfo["watch"],
): Promise<SessionOutcome> {
  const { clock, log, limits, signal } = context;
  let activeMs = clock.now();
  const setup = { session, machine, clock, log, moved: () => activeMs = clock.now() };
  const face = session.traits.messages ? new MessageFace(setup) : new StreamFace(setup);
  watch?.(face);
  const timers: Timer[] = [];
  let stop: (end: FaceEnd) => void = () => {};
  const stopped = new Promise<FaceEnd>((resolve) => stop = resolve);
  const onSignal = () => stop({ reason: reasonOfSignal(signal) });
  if (signal.aborted) onSignal();
  else signal.addEventListener("abort", onSignal, { once: true });
  const wheel = TimerWheel.of(clock);
  const { idleMs, lifetimeMs } = options;
  if (idleMs !== undefined) {
    const expire = () => stop({ reason: "idle", error: idleError(session, idleMs) });
    timers.push(wheel.watch(idleMs, { lastActivityMs: () => activeMs, expire }));
  }
  if (lifetimeMs !== undefined) {
    timers.push(wheel.timer(lifetimeMs, () => stop({ reason: "lifetime" })));
  }
  try {
    const end = await Promise.race([stopped, face.run()]);
    if (signal.aborted) session.abort(signal.reason);
    else if (end.reason === "local-end") await lingerClose(session, clock, limits["close-linger"]);
    return { ...end, bytesIn: face.bytesIn, bytesOut: face.bytesOut };
  } finally {
    signal.removeEventListener("abort", onSignal);
    for (const timer of timers) timer.cancel();
    await session[Symbol.asyncDispose]();
    await face.settled();
  }
}

function idleError(session: Duplex, idleMs: number): NetError {
  return new NetError({
    kind: "idle",
    op: "serve",
    address: session.remote.text,
    message: `nothing moved for ${idleMs} ms`,
  });
}
