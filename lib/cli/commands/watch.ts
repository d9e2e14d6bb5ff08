/**
 * `plumb watch ADDR...`: liveness of many endpoints.
 * @module
 */

import { parseAddress } from "../../address/parse.ts";
import { addressFor } from "../../api/endpoint.ts";
import { type TargetInit, type Watch, watch } from "../../api/watch.ts";
import { refuseUnwatchable } from "../../api/watch_probe.ts";
import { refuseWeb, serveWatch } from "../../api/watch_web.ts";
import type { Context } from "../../core/context.ts";
import { NetError, toNetError } from "../../core/error.ts";
import type { EventReader } from "../../core/event_stream.ts";
import type { WatchEvent } from "../../link/watching.ts";
import type { ProbeMode } from "../../link/watch_defaults.ts";
import { ChangeHooks, checkHook } from "../change_hooks.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { statusOfSignal } from "../exit.ts";
import type { Flags } from "../flag.ts";
import { Newest } from "../newest.ts";
import { usage } from "../normalise.ts";
import type { Plan } from "../plan.ts";
import { planEndpoint } from "../planned_endpoint.ts";
import { collectAtRest } from "../rest.ts";
import { drainOnSignal, type DrainSignals } from "../signals.ts";
import { readTargets } from "../target_file.ts";
import { ChangeReport, TableReport, type WatchReport } from "../watch_report.ts";
import { countsText } from "../watch_table.ts";

/**
 * @throws {AddressError} for what is no address
 * @throws {NetError} kind "usage" for flags that exclude each other, "exposure"
 */
export function plan(invocation: Invocation): Plan {
  const { flags, positionals } = invocation;
  if (positionals.length === 0 && flags.text("file") === undefined) {
    throw usage("watch", "ADDR is missing", "what to watch, or --file FILE");
  }
  if (flags.flag("once") && flags.number("count") !== undefined) {
    throw usage("watch", "--once and --count exclude each other");
  }
  const hook = flags.text("on-change");
  if (hook !== undefined) checkHook(hook);
  const web = flags.text("web");
  if (web !== undefined) refuseWeb(addressFor(web, "passive"), isPublic(flags));
  else if (flags.list("web-host").length > 0) throw usage("watch", "--web-host belongs to --web");
  const endpoints = positionals.map((text) => planEndpoint("target", text, "active"));
  for (const { address } of endpoints) refuseUnwatchable(parseAddress(address));
  return invocation.plan({ endpoints });
}

/** @throws {NetError} a file of targets that is broken; kind "result" where one is not up at the end */
export async function run(plan: Plan, session: CommandContext): Promise<number> {
  const { flags, host, context } = session;
  const rounds = roundsOf(flags);
  const first = await targetsOf(plan, session);
  const newest = new Newest();
  // No signal comes in before both are there: nothing is waited for in between.
  using signals = drainOnSignal(host, context, {
    tally: () => sayTally(watching, report),
    reload: () => void reload(plan, session, newest, watching, report),
  });
  await using watching = watch(first, {
    ...signals.context,
    ...settingsOf(flags, rounds),
    stdio: session.ports.stdio,
  });
  const end = () => void watching[Symbol.asyncDispose]();
  let failure: { readonly thrown: unknown } | undefined;
  await using report = reportOf(session, watching, rounds, (thrown) => {
    failure = { thrown };
    end();
  });
  const within = { ...signals.context, log: report.log };
  await using hooks = hooksOf(session, report, within);
  const hooked = feedHooks(watching[Symbol.asyncIterator](), hooks);
  const events = watching[Symbol.asyncIterator]();
  await using _web = await openWeb(session, watching, within);
  // Reading targets and telling the first round makes more garbage than they hold.
  using _rest = collectAtRest(within, () => {
    const { targets: { size }, counts: { unknown } } = watching;
    return { open: size, opened: size - unknown, bytes: 0 };
  });
  signals.drain.addEventListener("abort", end, { once: true });
  if (signals.drain.aborted) end();
  try {
    await tell(events, report);
  } finally {
    signals.drain.removeEventListener("abort", end);
  }
  await hooked;
  if (failure !== undefined) throw failure.thrown;
  await report.end();
  // Who asked for so many rounds has the result first, and then waits for what it set off.
  await hooks?.settled();
  return statusOf(watching, rounds, signals);
}

/** Undefined: without end. */
function roundsOf(flags: Flags): number | undefined {
  return flags.flag("once") ? 1 : flags.number("count");
}

function settingsOf(flags: Flags, rounds: number | undefined) {
  const misses = flags.number("misses") ?? 1;
  const concurrency = flags.number("concurrency");
  return {
    mode: flags.text("mode") as ProbeMode, // a choice: nothing else gets here
    everyMs: flags.number("every") ?? 0,
    timeoutMs: flags.number("timeout") ?? 0,
    // Fewer rounds than misses could find nothing to be down.
    misses: Math.min(misses, rounds ?? misses),
    rises: flags.number("rises") ?? 1,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(rounds === undefined ? {} : { rounds }),
  };
}

/** Those of the command line, then those of the file. */
async function targetsOf(
  plan: Plan,
  { flags, host, context }: CommandContext,
): Promise<readonly TargetInit[]> {
  const given = plan.endpoints.map(({ address }) => ({ address }));
  const path = flags.text("file");
  if (path === undefined) return given;
  const text = await host.readTextFile(path, context.limits["watch-file"]);
  return [...given, ...readTargets(text, path)];
}

function reportOf(
  session: CommandContext,
  watching: Watch,
  rounds: number | undefined,
  failed: (thrown: unknown) => void,
): WatchReport {
  const { host, output } = session;
  // One look at everything is a list, and not something that moves.
  if (!host.stdio.outputIsTerminal || output.json || rounds === 1) {
    return new ChangeReport(session, watching);
  }
  return new TableReport(session, watching, wantsColor(session), failed);
}

/** As for standard error (`--color`, NO_COLOR), but for the terminal that the table is on. */
function wantsColor({ flags, host }: CommandContext): boolean {
  const color = flags.text("color");
  if (color === "always" || color === "never") return color === "always";
  return !host.environment("NO_COLOR") && host.environment("TERM") !== "dumb";
}

function hooksOf(
  { flags, host, ports }: CommandContext,
  report: WatchReport,
  context: Context,
): ChangeHooks | null {
  const command = flags.text("on-change");
  if (command === undefined) return null;
  const isDrawn = report instanceof TableReport && host.errorIsTerminal;
  return new ChangeHooks(command, isDrawn, context, ports);
}

/** Standard output that is not read must not stop the watch: the oldest changes go, and it is said. */
async function tell(events: EventReader<WatchEvent>, report: WatchReport): Promise<void> {
  let lost = 0;
  for await (const event of events) {
    if (event.event === "state") await report.changed(event);
    if (events.dropped === lost) continue;
    const changes = events.dropped - lost;
    lost = events.dropped;
    const text = `${changes} changes were not told: standard output is read too slowly`;
    report.log.write("warning", "lost", text, { changes });
  }
}

/** A reader of its own: standard output that is taken slowly must not hold a command back. */
async function feedHooks(
  events: AsyncIterableIterator<WatchEvent>,
  hooks: ChangeHooks | null,
): Promise<void> {
  if (hooks === null) return void await events.return?.();
  for await (const event of events) if (event.event === "state") hooks.changed(event);
}

async function openWeb(
  { flags, ports }: CommandContext,
  watching: Watch,
  context: Context,
): Promise<AsyncDisposable | null> {
  const address = flags.text("web");
  if (address === undefined) return null;
  const options = { public: isPublic(flags), hosts: flags.list("web-host") };
  return await serveWatch(address, watching, { ...context, ...options, stdio: ports.stdio });
}

function isPublic(flags: Flags): boolean {
  return flags.flag("public") ?? false;
}

/** SIGHUP: the file anew, and everything now. A broken file keeps the targets as they are. */
async function reload(
  plan: Plan,
  session: CommandContext,
  newest: Newest,
  watching: Watch,
  { log }: WatchReport,
): Promise<void> {
  if (session.flags.text("file") !== undefined) {
    try {
      await newest.take(() => targetsOf(plan, session), (targets) => {
        watching.setTargets(targets);
        const { size } = watching.targets;
        log.write("notice", "reload", `${size} targets`, { targets: size });
      });
    } catch (thrown) {
      const { message } = toNetError(thrown, "reload");
      const text = `reload: ${message}; the targets stay as they were`;
      log.write("error", "reload", text, { message });
    }
  }
  watching.probeNow();
}

function sayTally({ targets, counts, underWay }: Watch, { log }: WatchReport): void {
  let probes = 0;
  let failures = 0;
  for (const target of targets) {
    probes += target.probes;
    failures += target.failures;
  }
  const states = countsText(counts, { color: false });
  const text = `${states}; ${probes} probes, ${failures} not answered, ${underWay} under way`;
  log.write("notice", "tally", text, { ...counts, probes, failures, underWay });
}

/** @throws {NetError} kind "result" where all rounds are done and not every target is up */
function statusOf(watching: Watch, rounds: number | undefined, signals: DrainSignals): number {
  const { targets, counts } = watching;
  const signal = signals.received();
  if (signal !== null) return rounds !== undefined || signals.forced() ? statusOfSignal(signal) : 0;
  if (counts.up === targets.size) return 0;
  const message = `${targets.size - counts.up} of ${targets.size} not up`;
  throw new NetError({ kind: "result", op: "watch", message });
}
