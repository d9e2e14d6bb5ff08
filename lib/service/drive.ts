/**
 * Duplex x ByteMachine -> SessionOutcome: serves one session with a machine.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import { onAbort } from "../core/abort.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { ByteMachine } from "../core/machine.ts";
import { reasonOfSignal } from "../core/reason.ts";
import { TimerWheel } from "../core/wheel.ts";
import { lingerClose } from "../stream/linger.ts";
import type { SessionOutcome } from "./contract.ts";
import type { Face, FaceEnd } from "./face.ts";
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
export function drive(
  session: Duplex,
  machine: ByteMachine,
  context: Context,
  options: DriveOptions = {},
  watch?: SessionInfo["watch"],
): Promise<SessionOutcome> {
  const { clock, log, signal } = context;
  let activeMs = clock.now();
  const setup = { session, machine, clock, log, moved: () => activeMs = clock.now() };
  const face = session.traits.messages ? new MessageFace(setup) : new StreamFace(setup);
  watch?.(face);
  const { idleMs, lifetimeMs } = options;
  const running = face.run();
  const forget = onAbort(signal, () => face.stop({ reason: reasonOfSignal(signal) }));
  const timers: Timer[] = [];
  if (idleMs !== undefined) {
    const expire = () => face.stop({ reason: "idle", error: idleError(session, idleMs) });
    const watched = { lastActivityMs: () => activeMs, expire };
    timers.push(TimerWheel.of(clock).watch(idleMs, watched));
  }
  if (lifetimeMs !== undefined) {
    timers.push(TimerWheel.of(clock).timer(lifetimeMs, () => face.stop({ reason: "lifetime" })));
  }
  const release = async () => {
    forget();
    for (const timer of timers) timer.cancel();
    await session[Symbol.asyncDispose]();
    await face.settled();
  };
  // By callbacks: the frame of an async function would be held for as long as the session is idle.
  return running.then(
    (end) => conclude(session, face, end, context, release),
    async (thrown) => {
      await release();
      throw thrown;
    },
  );
}

/** Closes the session as it ought to be after such an end. */
async function conclude(
  session: Duplex,
  face: Face,
  end: FaceEnd,
  { clock, limits, signal }: Context,
  release: () => Promise<void>,
): Promise<SessionOutcome> {
  try {
    if (signal.aborted) session.abort(signal.reason);
    else if (end.reason === "local-end") await lingerClose(session, clock, limits["close-linger"]);
    return { ...end, bytesIn: face.bytesIn, bytesOut: face.bytesOut };
  } finally {
    await release();
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
