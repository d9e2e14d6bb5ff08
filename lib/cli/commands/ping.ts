/**
 * `plumb ping ADDR`: round trips by opening connections, by an echo service, or by another plumb.
 * @module
 */

import { parseAddress } from "../../address/parse.ts";
import { formatDuration } from "../../address/value.ts";
import { ping, pingDefaults, type Pinging } from "../../api/ping.ts";
import { type PingMode, pingModeOf } from "../../api/ping_modes.ts";
import type { PingSummary } from "../../api/ping_summary.ts";
import { NetError } from "../../core/error.ts";
import { drawHistogram } from "../../measure/histogram_text.ts";
import { readSayings } from "../../wire/peer_facts.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { statusOfError, statusOfSignal } from "../exit.ts";
import type { Flags } from "../flag.ts";
import { usage } from "../normalise.ts";
import { resultFields, summaryFields } from "../ping_json.ts";
import { resultLine, summaryLines } from "../ping_text.ts";
import type { Plan } from "../plan.ts";
import { planEndpoint } from "../planned_endpoint.ts";
import { endOnSignal } from "../signals.ts";

/** @throws {NetError} kind "usage" for what cannot be pinged so, or said */
export function plan(invocation: Invocation): Plan {
  const { flags } = invocation;
  const [text = ""] = invocation.positionals;
  const endpoint = planEndpoint("peer", text, "active");
  const mode = pingModeOf(parseAddress(endpoint.address), modeFlag(flags), sizeOf(flags));
  if (mode !== "echo" && flags.source("size") === "flag") {
    throw usage("ping", `--size is of --mode echo, and not of ${mode}`);
  }
  if (mode !== "pingpong" && flags.list("say").length > 0) {
    throw usage("ping", `--say is of --mode pingpong, and not of ${mode}`);
  }
  readSayings(flags.list("say"));
  return invocation.plan({ endpoints: [endpoint], settings: { mode } });
}

function modeFlag(flags: Flags): PingMode | undefined {
  return flags.text("mode") as PingMode | undefined;
}

function sizeOf(flags: Flags): number {
  return flags.number("size") ?? pingDefaults.size;
}

/**
 * @returns 128 + N after a signal, for all that the summary is printed; 0 where any answer came
 * @throws {NetError} what kept it from being opened; what ended it; that no answer came at all;
 * kind "result" where an echo differed
 */
export async function run(plan: Plan, session: CommandContext): Promise<number> {
  const { flags, host, ports } = session;
  using signals = endOnSignal(host, session.context);
  const count = flags.number("count");
  const options = {
    mode: plan.settings.mode as PingMode,
    ...(count === undefined ? {} : { count }),
    intervalMs: flags.number("interval") ?? pingDefaults.intervalMs,
    timeoutMs: flags.number("timeout") ?? pingDefaults.timeoutMs,
    size: sizeOf(flags),
    say: readSayings(flags.list("say")),
  };
  const target = plan.endpoints[0]?.address ?? "";
  try {
    await using pinging = await ping(target, {
      ...signals.context,
      stdio: ports.stdio,
      ...options,
    });
    const address = pinging.address ?? target;
    const summary = await report(pinging, session, { ...options, address });
    const signal = signals.received();
    if (signal !== null) return statusOfSignal(signal);
    throwIfFailed(summary, pinging, address, options.timeoutMs);
    return 0;
  } catch (thrown) {
    const signal = signals.received();
    if (signal !== null) return statusOfSignal(signal);
    throw thrown;
  }
}

interface Manner {
  readonly mode: PingMode;
  readonly address: string;
  readonly size: number;
  readonly timeoutMs: number;
}

/** Prints results as they come, and what they come to. */
async function report(
  pinging: Pinging,
  session: CommandContext,
  manner: Manner,
): Promise<PingSummary> {
  const { output, host, context } = session;
  const { mode, address } = manner;
  const stopSignal = host.onSignal("SIGUSR2", () => {
    const summary = pinging.summary();
    const text = summaryLines(summary, address).slice(1, 3).join(", ");
    context.log.write("notice", "tally", text, summaryFields(summary, address, mode));
  });
  try {
    for await (const result of pinging) {
      if (output.json) await output.object("ping", { address, mode, ...resultFields(result) });
      else await output.text(resultLine(result, manner));
    }
    const summary = await pinging.done;
    if (output.json) await output.object("summary", summaryFields(summary, address, mode));
    else await output.text(["", ...summaryLines(summary, address)].join("\n"));
    if (!output.json && host.stdio.outputIsTerminal) {
      const drawn = drawHistogram(pinging.histogram, host.terminalSize()?.columns);
      if (drawn.length > 0) await output.text(drawn.join("\n"));
    }
    return summary;
  } finally {
    stopSignal();
  }
}

/** Some lost are a result like any other, as with ping(8); none at all is a failure. */
function throwIfFailed(
  summary: PingSummary,
  { isConnected }: Pinging,
  address: string,
  timeoutMs: number,
): void {
  const { error, different, received, sent, lastLoss } = summary;
  if (different > 0) {
    const message = different === 1 ? "an echo differs" : `${different} echoes differ`;
    throw new NetError({ kind: "result", op: "ping", address, message, blame: "remote" });
  }
  if (error !== undefined) {
    // It was open: what would be "could not connect" at the start is a lost session now.
    if (!isConnected || statusOfError(error) !== 3) throw error;
    const { op, reason: message, code } = error;
    throw new NetError({
      kind: "broken",
      op,
      address,
      message,
      ...(code === undefined ? {} : { code }),
      cause: error,
    });
  }
  if (received > 0) return;
  if (lastLoss !== undefined && !isConnected) throw lastLoss;
  throw new NetError({
    kind: isConnected ? "dead" : "timeout",
    op: "ping",
    address,
    message: `no answer to ${sent === 1 ? "a request" : `${sent} requests`} within ${
      formatDuration(timeoutMs)
    }${sent === 1 ? "" : " each"}`,
    blame: "remote",
  });
}
