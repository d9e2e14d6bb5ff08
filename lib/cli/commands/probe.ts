/**
 * `plumb probe udp://HOST:PORT`: the largest datagram that gets there in one piece.
 * @module
 */

import { probeSize, refuseOtherThanUdp, type SizeProbe } from "../../api/probe_size.ts";
import { parseAddress } from "../../address/parse.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { statusOfSignal } from "../exit.ts";
import type { Plan } from "../plan.ts";
import { planEndpoint } from "../planned_endpoint.ts";
import { endOnSignal } from "../signals.ts";

/** @throws {NetError} kind "usage" for anything but `udp://` */
export function plan(invocation: Invocation): Plan {
  const [text = ""] = invocation.positionals;
  const endpoint = planEndpoint("peer", text, "active");
  refuseOtherThanUdp(parseAddress(endpoint.address));
  return invocation.plan({ endpoints: [endpoint] });
}

/** @throws {NetError} kind "timeout" where nothing echoes, "refused" and others */
export async function run(plan: Plan, session: CommandContext): Promise<number> {
  const { flags, host, output, ports } = session;
  using signals = endOnSignal(host, session.context);
  const given = {
    timeoutMs: flags.number("timeout"),
    waitMs: flags.number("wait"),
    tries: flags.number("tries"),
  };
  const options = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  try {
    const address = plan.endpoints[0]?.address ?? "";
    const found = await probeSize(address, { ...signals.context, stdio: ports.stdio, ...options });
    if (output.json) await output.object("probe", probeFields(found));
    else await output.text(sizeText(found));
    return 0;
  } catch (thrown) {
    const signal = signals.received();
    if (signal !== null) return statusOfSignal(signal);
    throw thrown;
  }
}

/** What `--json` prints: microseconds are what the clock can tell. */
function probeFields(found: SizeProbe): Record<string, unknown> {
  return { ...found, roundTripMs: Math.round(found.roundTripMs * 1000) / 1000 };
}

const limits: Readonly<Record<SizeProbe["limit"], string>> = {
  local: "this machine refuses to send more in one packet",
  path: "a router on the way takes no larger packet",
  silence: "nothing larger came back, and nobody said why",
  none: "no datagram is larger",
};

function sizeText({ address, size, mtu, limit, sent, roundTripMs }: SizeProbe): string {
  return [
    `${address}`,
    `  largest payload  ${size} bytes: ${limits[limit]}`,
    `  MTU implied      ${mtu} bytes, IP and UDP headers included`,
    `  round trip       ${roundTripMs.toFixed(3)} ms at best, ${sent} datagrams sent`,
  ].join("\n");
}
