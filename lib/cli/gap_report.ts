/**
 * `plumb listen --gaps`: what each sender's datagrams lost, doubled or reordered on the way.
 * @module
 */

import { dial } from "../api/connect.ts";
import { withinTime } from "../api/endpoint.ts";
import { sayListening } from "../api/listening_line.ts";
import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Datagrams } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { GapSession } from "../stream/gap_session.ts";
import type { SenderGaps } from "../stream/gaps.ts";
import { openPassive } from "../transport/open.ts";
import type { CommandContext } from "./command.ts";
import { standardStreams } from "./commands/connect.ts";
import type { Flags } from "./flag.ts";
import { usage } from "./normalise.ts";
import { oneSession } from "./one_session.ts";

/** @throws {NetError} kind "usage" where `--gaps` has no meaning */
export function refuseGaps(flags: Flags, scheme: string): void {
  if (!flags.flag("gaps")) return;
  if (scheme !== "udp" && scheme !== "unixgram") {
    throw usage("listen", `--gaps: ${scheme} has no datagrams`, "listen on udp:// or unixgram:");
  }
  if (flags.source("heartbeat") !== undefined) {
    throw usage("listen", "--gaps and --heartbeat exclude each other", "it answers nobody");
  }
  if (flags.flag("keep")) throw usage("listen", "--gaps and --keep exclude each other");
}

/** Passes on what every sender sends, and says what is missing of it. */
export function listenForGaps(address: Address, session: CommandContext): Promise<number> {
  return oneSession(session, async (context) => {
    const gaps = new GapSession(await openSockets(address, context, session), context);
    const say = () => sayGaps(gaps, context);
    const stopSignal = session.host.onSignal("SIGUSR2", say);
    const finish = async () => {
      stopSignal();
      say();
      await gaps[Symbol.asyncDispose]();
    };
    try {
      const timeoutMs = session.flags.number("timeout");
      await withinTime(context, timeoutMs, "listen", address, () => gaps.first(), () => {});
      const a = await dial(standardStreams, context, session.ports);
      return { a, b: gaps, finish };
    } catch (thrown) {
      await finish();
      throw thrown;
    }
  });
}

async function openSockets(
  address: Address,
  context: Context,
  { ports }: CommandContext,
): Promise<readonly Datagrams[]> {
  const opened = await openPassive(address, context, ports);
  return opened.map((passive) => {
    if (passive.kind !== "datagrams") {
      throw new NetError({ kind: "unexpected", op: "listen", message: "no datagram socket" });
    }
    sayListening(context.log, passive.datagrams.local);
    return passive.datagrams;
  });
}

function sayGaps(session: GapSession, { log }: Context): void {
  for (const [sender, gaps] of session.report()) {
    log.write("notice", "gaps", gapLine(sender, gaps), { sender, ...gaps });
  }
}

/** `gaps udp://10.0.0.2:4000: 98 received of n=1..100, 2 lost, 0 duplicates, 1 reordered`. */
export function gapLine(sender: string, gaps: SenderGaps): string {
  const { received, first, last, lost, duplicates, reordered, restarts, unnumbered } = gaps;
  return [
    `gaps ${sender}: ${received} received${first === null ? "" : ` of n=${first}..${last}`}`,
    `${lost} lost`,
    `${duplicates} duplicates`,
    `${reordered} reordered`,
    ...(restarts > 0 ? [`${restarts} restarts`] : []),
    ...(unnumbered > 0 ? [`${unnumbered} without a number`] : []),
  ].join(", ");
}
