/**
 * `--on-change CMD`: a command for each change of a state, with the facts in its environment.
 * @module
 */

import { scanWords } from "../address/words.ts";
import type { Address } from "../core/address.ts";
import { type Context, deriveContext } from "../core/context.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { Ports } from "../core/transport.ts";
import { TimerWheel } from "../core/wheel.ts";
import type { StateChange } from "../link/watch.ts";
import { openActive } from "../transport/open.ts";
import { timestamp } from "./ndjson.ts";
import { usage } from "./normalise.ts";

/** Refuses what is no command. @throws {NetError} kind "usage" */
export function checkHook(command: string): void {
  const words = scanWords(command);
  if (!Array.isArray(words)) throw usage("watch", `--on-change: ${words.message}`);
  if (words.length === 0) throw usage("watch", "--on-change: no command");
}

/**
 * Runs commands: a few at a time, and those of one target one after the other, in the order of its
 * changes. A command that fails is said and changes nothing else.
 */
export class ChangeHooks implements AsyncDisposable {
  readonly #address: Address;
  readonly #context: Context;
  readonly #child: ReturnType<typeof deriveContext>;
  readonly #ports: Ports;
  readonly #waiting: StateChange[] = [];
  /** Names of targets whose command runs. */
  readonly #busy = new Map<string, Promise<void>>();
  #leftOut = 0;

  /**
   * @param command split into words by POSIX quotes, and never seen by a shell
   * @param isQuiet its standard error would disturb what is drawn on the terminal
   * @param context its limits bound how many run and wait, and for how long
   */
  constructor(command: string, isQuiet: boolean, context: Context, ports: Ports) {
    const options = isQuiet ? [{ name: "stderr", value: "null" }] : [];
    this.#address = { scheme: "exec", passive: false, command, options };
    this.#context = context;
    this.#child = deriveContext(context);
    this.#ports = ports;
  }

  /** A state has changed. Never waits and never throws. */
  changed(change: StateChange): void {
    if (this.#waiting.length >= this.#context.limits["watch-hook-queue"]) {
      // Once for each time that it is full.
      if (this.#leftOut++ === 0) this.#warn("changes are left out (limit watch-hook-queue)");
      return;
    }
    this.#waiting.push(change);
    this.#startNext();
  }

  /** Waits until all have run, as long as that may take. */
  async settled(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values());
  }

  /** Ends those that run, and forgets those that wait. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#waiting.length = 0;
    this.#child.abort(new NetError({ kind: "aborted", op: "on-change", message: "plumb ends" }));
    await this.settled();
    this.#child[Symbol.dispose]();
  }

  #startNext(): void {
    while (this.#busy.size < this.#context.limits["watch-hooks"]) {
      const at = this.#waiting.findIndex(({ name }) => !this.#busy.has(name));
      const [change] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (change === undefined) break;
      const running = this.#run(change).finally(() => {
        this.#busy.delete(change.name);
        this.#startNext();
      });
      this.#busy.set(change.name, running);
    }
    if (this.#waiting.length === 0) this.#leftOut = 0;
  }

  async #run(change: StateChange): Promise<void> {
    const { clock, limits } = this.#context;
    const seconds = limits["watch-hook-time"] / 1000;
    using within = deriveContext(this.#child.context);
    const timer = TimerWheel.of(clock).timer(limits["watch-hook-time"], () => {
      const message = `ended after ${seconds} s (limit watch-hook-time)`;
      within.abort(new NetError({ kind: "limit", op: "on-change", message }));
    });
    try {
      await this.#command(change, within.context);
    } catch (thrown) {
      const stopped = within.context.signal.aborted ? within.context.signal.reason : thrown;
      if (!this.#child.context.signal.aborted) this.#warn(toNetError(stopped, "on-change").reason);
    } finally {
      timer.cancel();
    }
  }

  async #command(change: StateChange, context: Context): Promise<void> {
    const ports = { stdio: this.#ports.stdio, environment: factsOf(change) };
    // Not under the signal, which would give up a child that has just been started.
    await using session = await openActive(this.#address, this.#context, ports);
    const abort = () => session.abort(context.signal.reason);
    if (context.signal.aborted) abort();
    else context.signal.addEventListener("abort", abort, { once: true });
    try {
      await session.closeWrite();
      const output = await readSome(session);
      const status = await session.child;
      context.signal.throwIfAborted();
      const { name, state } = change;
      const fields = { target: name, state, exitStatus: status?.code };
      if (output !== "") {
        this.#context.log.write("info", "on-change", `on-change: ${output}`, fields);
      }
      if (status && status.code !== 0) {
        this.#warn(`exit status ${status.code} for ${name} ${state}`, fields);
      }
    } finally {
      context.signal.removeEventListener("abort", abort);
      // One that was ended goes soon, and is not left to whoever comes after.
      await session.child;
    }
  }

  #warn(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#context.log.write("warning", "on-change", `on-change: ${message}`, fields);
  }
}

/** What it says: the first kilobyte, the rest is read and thrown away. */
async function readSome(session: { read(into: Uint8Array): Promise<number | null> }) {
  const into = new Uint8Array(4096);
  const kept = new Uint8Array(1024);
  let length = 0;
  for (let count = await session.read(into); count !== null; count = await session.read(into)) {
    const part = into.subarray(0, Math.min(count, kept.length - length));
    kept.set(part, length);
    length += part.length;
  }
  return new TextDecoder().decode(kept.subarray(0, length)).trimEnd();
}

/** The interface of hooks (rule 12 of the contract); what is not known is empty. */
function factsOf(change: StateChange): Readonly<Record<string, string>> {
  const { name, address, state, previous, reason, roundTripMs, previousMs, timeMs } = change;
  return {
    PLUMB_TARGET: name,
    PLUMB_ADDRESS: address,
    PLUMB_STATE: state,
    PLUMB_PREVIOUS: previous,
    PLUMB_PREVIOUS_MS: String(Math.round(previousMs)),
    // A variable cannot hold NUL, and a system's words need not be free of it.
    PLUMB_REASON: reason.replaceAll("\0", ""),
    PLUMB_ROUND_TRIP_MS: roundTripMs === null ? "" : roundTripMs.toFixed(3),
    PLUMB_TIME: timestamp(timeMs),
  };
}
