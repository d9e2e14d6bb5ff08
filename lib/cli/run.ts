/**
 * argv -> Plan -> exit status. The one place where errors become text.
 * @module
 */

import { makeContext } from "../core/context.ts";
import type { Host } from "../core/host.ts";
import { silentLog } from "../core/log.ts";
import { farArgument, threadKind } from "../service/far_sign.ts";
import { type Manner, mannerOf, readArgs, type Request } from "./args.ts";
import type { CommandContext, CommandModule, CommandRow, Invocation } from "./command.ts";
import { flagsOf } from "./command.ts";
import { ErrorOutput } from "./error_output.ts";
import { describeFailure } from "./failure.ts";
import { Flags } from "./flag.ts";
import type { OpenLog } from "./log.ts";
import { usage } from "./normalise.ts";
import { Output, OutputClosed } from "./output.ts";
import type { Plan } from "./plan.ts";
import { commands } from "./table.ts";

/** What `run` works with besides argv and host; only tests give it. */
export interface RunOptions {
  readonly commands?: readonly CommandRow[];
}

/**
 * Runs a command line.
 *
 * @returns the exit status; never throws
 *
 * @example
 * ```ts
 * import { denoHost } from "../sys/host.ts";
 * import { run } from "./run.ts";
 *
 * const exitStatus = await run(["version"], denoHost());
 * ```
 */
export async function run(
  argv: readonly string[],
  host: Host,
  options: RunOptions = {},
): Promise<number> {
  if (argv[0] === farArgument || threadKind() !== null) return await serveAsFar();
  const manner = mannerOf(argv);
  const errors = new ErrorOutput(host, wantsColor(manner, host));
  try {
    const request = readArgs(argv, options.commands ?? commands, host.environment);
    // The overview is for people: a reader of objects gets one.
    if (request.kind === "nothing" && manner.json) {
      throw usage("usage", "COMMAND is missing", "see: plumb help");
    }
    return await perform(request, host, errors, options.commands ?? commands);
  } catch (thrown) {
    errors.endStatus();
    if (thrown instanceof OutputClosed) return 0;
    return report(thrown, manner, errors);
  }
}

/** A child process or a thread of a server: loading the module serves, and ends the process. */
async function serveAsFar(): Promise<never> {
  await import("../api/far_main.ts");
  return await new Promise<never>(() => {});
}

async function perform(
  request: Request,
  host: Host,
  errors: ErrorOutput,
  table: readonly CommandRow[],
): Promise<number> {
  if (request.kind === "nothing") {
    const { overview } = await import("./help.ts");
    errors.text(overview(table, host.terminalSize()?.columns));
    return 2;
  }
  const { invocation } = request;
  const module = await invocation.row.load();
  const plan = await module.plan(invocation);
  const json = invocation.flags.flag("json") === true;
  const output = new Output(host.stdio, json, host.clock);
  if (invocation.flags.flag("plan")) {
    await printPlan(plan, invocation, output);
    return 0;
  }
  return await execute(module, plan, { invocation, host, errors, output });
}

async function printPlan(plan: Plan, invocation: Invocation, output: Output): Promise<void> {
  if (output.json) {
    const { planFields } = await import("./plan_json.ts");
    return await output.object("plan", planFields(plan));
  }
  const { planText } = await import("./plan_text.ts");
  await output.text(planText(plan, flagsOf(invocation.row)));
}

interface Surroundings {
  readonly invocation: Invocation;
  readonly host: Host;
  readonly errors: ErrorOutput;
  readonly output: Output;
}

/** Runs a plan. From here on the command knows nothing but the plan. */
async function execute(
  module: CommandModule,
  plan: Plan,
  { invocation, host, errors, output }: Surroundings,
): Promise<number> {
  const { row, commands } = invocation;
  const flags = new Flags(plan.flags, flagsOf(row));
  using opened = await logFor(row, flags, host, errors);
  const context = makeContext({
    clock: host.clock,
    log: opened?.log ?? silentLog,
    limits: plan.limits,
  });
  const ports = { stdio: host.stdio };
  const session: CommandContext = {
    row,
    commands,
    flags,
    host,
    context,
    output,
    errors,
    ports,
  };
  try {
    return await module.run(plan, session);
  } catch (thrown) {
    const failure = describeFailure(thrown);
    opened?.noteInFile("error", "error", failure.line || failure.fields.message, failure.fields);
    throw thrown;
  }
}

/** LogTape costs as much as half the start of the runtime: only commands that log load it. */
async function logFor(
  row: CommandRow,
  flags: Flags,
  host: Host,
  errors: ErrorOutput,
): Promise<OpenLog | null> {
  const file = flags.text("log");
  if (!row.logs && file === undefined) return null;
  const json = flags.flag("json") === true;
  const format = flags.text("log-format") ?? (json ? "json" : "text");
  const { openLog } = await import("./log.ts");
  return openLog({
    host,
    errors,
    silent: flags.flag("silent") === true,
    verbosity: flags.number("verbose") ?? 0,
    json: json || format === "json",
    ...(file === undefined ? {} : { file }),
    fileJson: format === "json",
  });
}

/** `--color`, then NO_COLOR (https://no-color.org), then whether it is a terminal that has any. */
function wantsColor(manner: Manner, host: Host): boolean {
  if (manner.color === "always" || manner.color === "never") return manner.color === "always";
  if (host.environment("NO_COLOR") || host.environment("TERM") === "dumb") return false;
  return host.errorIsTerminal;
}

function report(thrown: unknown, manner: Manner, errors: ErrorOutput): number {
  const failure = describeFailure(thrown);
  if (manner.json) errors.object("error", failure.fields);
  else if (failure.line !== "") errors.line(`plumb: ${failure.line}`);
  if (manner.verbosity >= 2) {
    if (manner.json) errors.object("stack", { lines: failure.stack });
    else for (const line of failure.stack) errors.line(line);
  }
  return failure.exitStatus;
}
