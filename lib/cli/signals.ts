/**
 * Signals -> aborted contexts: rule 8 of the contract, for commands with one session and for
 * commands that serve many.
 * @module
 */

import { type Context, deriveContext } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import type { Host, HostSignal } from "../core/host.ts";
import { statusOfSignal } from "./exit.ts";

/** Signals are watched until this is disposed. */
export interface WatchedSignals extends Disposable {
  /** What the command runs under: aborted with a `NetError` of kind "signal". */
  readonly context: Context;
  /** The signal that came first, or null. */
  received(): HostSignal | null;
}

/** Signals of a server. */
export interface DrainSignals extends WatchedSignals {
  /** Aborted by the first signal: accept no more, let sessions end. */
  readonly drain: AbortSignal;
  /** True when a second signal came, and so `context` was aborted. */
  forced(): boolean;
}

/** What a server does when it is asked something by a signal. */
export interface ServerHooks {
  /** SIGUSR2: say the tally so far. */
  tally?(): void;
  /** SIGHUP while the terminal lives: read access lists and certificates again. */
  reload?(): void;
}

/** What a command with one session does when it is asked something by a signal. */
export interface SessionHooks {
  /** SIGHUP while the terminal lives: retries. False: there is nothing that could be retried. */
  retry?(): boolean;
}

/**
 * For commands with one session: SIGINT, SIGTERM or SIGHUP aborts the context at once. A second
 * one ends the process, should closing hang. SIGHUP retries where a connection is made anew.
 * SIGUSR2 is heard by who has a tally; whoever has none is at least not ended by it.
 */
export function endOnSignal(
  host: Host,
  parent: Context,
  hooks: SessionHooks = {},
): WatchedSignals {
  const child = deriveContext(parent);
  let first: HostSignal | null = null;
  const onEnd = (signal: HostSignal) => {
    if (first !== null) host.exit(statusOfSignal(signal));
    first = signal;
    child.abort(signalError(signal));
  };
  const onHangUp = (signal: HostSignal) => {
    if (host.terminalGone() || hooks.retry?.() !== true) onEnd(signal);
  };
  const stop = listen(host, {
    SIGINT: onEnd,
    SIGTERM: onEnd,
    SIGHUP: onHangUp,
    SIGUSR2: () => {},
  });
  return {
    context: child.context,
    received: () => first,
    [Symbol.dispose]() {
      stop();
      child[Symbol.dispose]();
    },
  };
}

/**
 * For commands that serve many: the first SIGINT or SIGTERM aborts `drain`, the second the
 * context, a third ends the process. SIGHUP is SIGTERM once the terminal has gone.
 */
export function drainOnSignal(
  host: Host,
  parent: Context,
  hooks: ServerHooks = {},
): DrainSignals {
  const child = deriveContext(parent);
  const drain = new AbortController();
  let first: HostSignal | null = null;
  let forced = false;
  const onEnd = (signal: HostSignal) => {
    if (forced) host.exit(statusOfSignal(signal));
    if (first === null) {
      first = signal;
      drain.abort(signalError(signal));
    } else {
      forced = true;
      child.abort(signalError(signal));
    }
  };
  const stop = listen(host, {
    SIGINT: onEnd,
    SIGTERM: onEnd,
    SIGHUP: () => host.terminalGone() ? onEnd("SIGTERM") : hooks.reload?.(),
    SIGUSR2: () => hooks.tally?.(),
  });
  return {
    context: child.context,
    drain: drain.signal,
    received: () => first,
    forced: () => forced,
    [Symbol.dispose]() {
      stop();
      child[Symbol.dispose]();
    },
  };
}

/** What a context is aborted with when a signal came. */
export function signalError(signal: HostSignal): NetError {
  return new NetError({ kind: "signal", op: "run", message: `ended by ${signal}`, code: signal });
}

function listen(
  host: Host,
  handlers: Readonly<Partial<Record<HostSignal, (signal: HostSignal) => void>>>,
): () => void {
  const stops: (() => void)[] = [];
  for (const [name, then] of Object.entries(handlers)) {
    const signal = name as HostSignal;
    stops.push(host.onSignal(signal, () => then(signal)));
  }
  return () => stops.forEach((stop) => stop());
}
