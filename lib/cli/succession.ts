/**
 * What a server takes over from the one before, and leaves to the one after: `--takeover` and
 * `--pid-file`.
 * @module
 */

import type { Handover, Successor } from "../api/handover.ts";
import type { RunningServer } from "../api/running.ts";
import type { Takeover } from "../api/takeover.ts";
import type { Context } from "../core/context.ts";
import { toNetError } from "../core/error.ts";
import type { Host } from "../core/host.ts";
import type { Ports } from "../core/transport.ts";
import type { Flags } from "./flag.ts";
import type { ServiceManager } from "./service_manager.ts";
import type { Observed } from "./stats.ts";

/** The place of a server in the line of those that serve the same addresses. */
export class Succession implements AsyncDisposable {
  readonly #path: string | undefined;
  readonly #pidFile: string | undefined;
  readonly #host: Host;
  readonly #context: Context;
  #before: Takeover | null;
  #after: Handover | undefined;
  #pid: AsyncDisposable | undefined;

  private constructor(flags: Flags, host: Host, context: Context, before: Takeover | null) {
    this.#path = flags.text("takeover");
    this.#pidFile = flags.text("pid-file");
    this.#host = host;
    this.#context = context;
    this.#before = before;
  }

  /**
   * Asks the server before, where there is one. Without one the pid file is taken at once: a
   * server that runs already is told before anything is bound.
   *
   * @throws {NetError} as `Takeover.from`; kind "in-use" for a live server's pid file
   */
  static async begin(flags: Flags, host: Host, context: Context): Promise<Succession> {
    const path = flags.text("takeover");
    const before = path === undefined
      ? null
      : await (await import("../api/takeover.ts")).Takeover.from(path, context);
    const succession = new Succession(flags, host, context, before);
    try {
      if (before === null) await succession.#takePidFile();
    } catch (thrown) {
      await succession[Symbol.asyncDispose]();
      throw thrown;
    }
    return succession;
  }

  /** As `CallOptions.handed`; undefined where there was no server before. */
  get handed(): Ports["handed"] {
    return this.#before?.handed;
  }

  /** As `handed`, for the place of the figures. */
  get handedFigures(): Ports["handed"] {
    return this.#before?.handedFigures;
  }

  /**
   * The server listens: the one before may go, and the next one may come. One that was told to end
   * by now does not take over: the one before goes on.
   *
   * @throws {NetError} where the place for the next one is taken, and nobody was there before: who
   * has taken over serves on, for nobody else does any more
   */
  async listening(
    server: RunningServer,
    observed: Observed,
    manager: ServiceManager | null,
  ): Promise<void> {
    if (server.gate.closing.aborted) return;
    const before = this.#before;
    if (before === null) return await this.#waitForNext(server, observed, manager);
    // While the one before still holds it: it removes only what is its own when it ends.
    await this.#takePidFile(before.pid);
    await before.ready().catch((thrown) => {
      // It has ended by itself meanwhile: that is what was wanted of it.
      const { message } = toNetError(thrown, "takeover");
      this.#context.log.write("info", "takeover", `the server before went away: ${message}`);
    });
    this.#context.log.write("notice", "takeover", `taken over from process ${before.pid}`);
    this.#before = null;
    await this.#waitForNext(server, observed, manager).catch((thrown) => {
      const { message } = toNetError(thrown, "takeover");
      this.#context.log.write("warning", "takeover", `nobody can take over: ${message}`);
    });
  }

  async #waitForNext(
    server: RunningServer,
    observed: Observed,
    manager: ServiceManager | null,
  ): Promise<void> {
    if (this.#path === undefined) return;
    const { Handover } = await import("../api/handover.ts");
    const onGone = ({ pid, taken }: Successor) => {
      manager?.succeededBy(pid);
      if (observed.listeners.some((listener) => taken.has(listener))) observed.leave();
      void server.drain();
    };
    const listeners = [...server.listeners, ...observed.listeners];
    this.#after = await Handover.at(this.#path, listeners, this.#context, onGone);
  }

  /** Gives all of it up. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#before?.[Symbol.asyncDispose]();
    await this.#after?.[Symbol.asyncDispose]();
    await this.#pid?.[Symbol.asyncDispose]();
  }

  async #takePidFile(except?: number): Promise<void> {
    if (this.#pidFile === undefined) return;
    const { takePidFile } = await import("../sys/pid_file.ts");
    this.#pid = await takePidFile(this.#pidFile, this.#host.pid, this.#context, except);
  }
}
