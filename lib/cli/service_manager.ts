/**
 * The service manager that started this process, where there is one (sd_notify(3)): told when the
 * server is ready, reloads and stops, and that it is alive.
 * @module
 */

import type { Clock, Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { type NetError, toNetError } from "../core/error.ts";
import type { Host } from "../core/host.ts";
import { monotonicMicroseconds, notifyManager } from "../sys/notify.ts";
import { encodeSockaddr } from "../wire/sockaddr.ts";

/** Between two attempts to tell a manager whose queue is full, as while systemd reloads (ms). */
const retryMs = 100;
/** A manager that reads nothing at all must not cost memory. */
const longestQueue = 16;

/** Tells the manager; says once where that fails, and the server goes on. */
export class ServiceManager implements Disposable {
  readonly #name: Uint8Array;
  readonly #context: Context;
  #watchdog: Timer | undefined;
  /** What it is still to be told, the oldest first. */
  readonly #untold: string[] = [];
  #retry: Timer | undefined;
  #failed = false;
  /** What it was told last; a signal may ask for a reload at any time. */
  #state: "starting" | "ready" | "stopping" = "starting";

  private constructor(name: Uint8Array, context: Context) {
    this.#name = name;
    this.#context = context;
  }

  /** @returns null where nobody waits to be told */
  static of(host: Host, context: Context): ServiceManager | null {
    const path = host.environment("NOTIFY_SOCKET");
    // Other forms (vsock:) are for virtual machines.
    if (path === undefined || !/^[@/]./.test(path)) return null;
    const name = path.startsWith("@") ? `\0${path.slice(1)}` : path;
    const manager = new ServiceManager(encodeSockaddr({ family: "unix", path: name }), context);
    manager.#watch(watchdogMs(host), host.clock);
    return manager;
  }

  /** It listens. */
  ready(): void {
    if (this.#state !== "starting") return;
    this.#state = "ready";
    this.#tell("READY=1");
  }

  /** It reads its lists again; to be followed by `reloaded` (systemd.service(5), notify-reload). */
  reloading(): void {
    if (this.#state !== "ready") return;
    this.#tell(`RELOADING=1\nMONOTONIC_USEC=${monotonicMicroseconds()}`);
  }

  /** It is ready again. Not told before it was, or when it stops: that would take both back. */
  reloaded(): void {
    if (this.#state === "ready") this.#tell("READY=1");
  }

  /** It accepts no more. */
  stopping(): void {
    this.#state = "stopping";
    this.#tell("STOPPING=1");
  }

  /** Gives the place of the main process to another: the one that has taken over. */
  succeededBy(pid: number): void {
    this.#tell(`MAINPID=${pid}`);
  }

  /** Tells nothing any more. */
  [Symbol.dispose](): void {
    this.#watchdog?.cancel();
    this.#retry?.cancel();
  }

  /** At half the time, as sd_watchdog_enabled(3) advises: one lost beat is not the end. */
  #watch(everyMs: number | null, clock: Clock): void {
    if (everyMs === null) return;
    this.#watchdog = clock.timer(everyMs / 2, () => {
      this.#tell("WATCHDOG=1");
      this.#watch(everyMs, clock);
    });
  }

  #tell(state: string): void {
    if (this.#untold.length === longestQueue) this.#untold.shift();
    this.#untold.push(state);
    this.#send();
  }

  /** In order: a READY=1 that came after STOPPING=1 would take it back. */
  #send(): void {
    this.#retry?.cancel();
    for (let state = this.#untold[0]; state !== undefined; state = this.#untold[0]) {
      try {
        if (notifyManager(this.#name, state) === "again") return this.#sendLater();
      } catch (thrown) {
        const error = toNetError(thrown, "notify", "NOTIFY_SOCKET");
        // No descriptor for now: a watchdog must not end a server for being busy.
        if (error.kind === "exhausted") return this.#sendLater();
        this.#say(error);
      }
      this.#untold.shift();
    }
  }

  #sendLater(): void {
    this.#retry = this.#context.clock.timer(retryMs, () => this.#send());
  }

  #say(error: NetError): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#context.log.write("warning", "notify", error.message, { code: error.code ?? null });
  }
}

/** WATCHDOG_USEC in milliseconds, if it is for this process; null without a watchdog. */
function watchdogMs(host: Host): number | null {
  const microseconds = host.environment("WATCHDOG_USEC") ?? "";
  const pid = host.environment("WATCHDOG_PID");
  if (!/^[1-9]\d{0,14}$/.test(microseconds)) return null;
  return pid === undefined || pid === String(host.pid) ? Number(microseconds) / 1_000 : null;
}
