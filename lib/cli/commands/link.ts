/**
 * `plumb link ADDR` and `plumb link keygen FILE`: a session between two plumbs that survives its
 * connections.
 * @module
 */

import { splitForward } from "../../address/forward.ts";
import { formatAddress } from "../../address/format.ts";
import { parseAddress } from "../../address/parse.ts";
import { parsePermit } from "../../address/permit.ts";
import { refuseForwards, refusePermits } from "../../api/exposure.ts";
import { checkCarrier } from "../../api/link_carrier.ts";
import { NetError, toNetError } from "../../core/error.ts";
import { retentionOf } from "../../link/link_retention.ts";
import { createKeyFile } from "../../sys/key_file.ts";
import type { CommandContext, Invocation } from "../command.ts";
import type { Flags } from "../flag.ts";
import { linkClientFlags, linkFlags, linkServerFlags } from "../link_flags.ts";
import { linkHeartbeatOf } from "../link_options.ts";
import { checkServerFlags, checkTakeover } from "../many_sessions.ts";
import { usage } from "../normalise.ts";
import type { Plan, PlannedEndpoint } from "../plan.ts";
import { endpointOf, planEndpoint } from "../planned_endpoint.ts";

/** The word in the place of an address. */
const keygen = "keygen";

/** @throws {NetError} kind "usage", "address", "option" or "exposure" */
export async function plan(invocation: Invocation): Promise<Plan> {
  const { flags } = invocation;
  const [text = "", file] = invocation.positionals;
  if (text === keygen) return planKeygen(invocation, file);
  if (file !== undefined) throw usage("link", "one address only", "FILE goes with keygen");
  const carrier = planEndpoint("carrier", text);
  const isServer = carrier.side === "passive";
  refuse(flags, isServer ? linkClientFlags : linkServerFlags, (name) => {
    const side = isServer ? "the side that connects" : "the side that listens";
    return `--${name} is for ${side}`;
  });
  const address = parseAddress(carrier.address);
  const seals = flags.flag("no-seal") !== true;
  checkCarrier(address, { seals, hasKey: flags.text("key-file") !== undefined });
  linkHeartbeatOf(flags);
  if (!isServer) {
    const pairs = [...planPairs(flags, "forward"), ...planPairs(flags, "reverse")];
    return invocation.plan({ endpoints: [carrier, ...pairs] });
  }
  await checkServerFlags(invocation);
  checkTakeover(flags, [address]);
  retentionOf(flags.number("retain"), invocation.limits);
  const permits = flags.list("permit").map((text) => named("permit", () => parsePermit(text)));
  refusePermits(address, permits, flags.flag("public") ?? false);
  return invocation.plan({ endpoints: [carrier] });
}

/** `plumb link keygen FILE`. */
function planKeygen(invocation: Invocation, file: string | undefined): Plan {
  if (file === undefined) throw usage("link", "FILE is missing", "write plumb link keygen FILE");
  refuse(invocation.flags, linkFlags, (name) => `--${name} does not go with keygen`);
  return invocation.plan({ settings: { keygen: file } });
}

/** What would be taken and do nothing is refused. */
function refuse(
  flags: Flags,
  rows: readonly { readonly name: string }[],
  text: (name: string) => string,
): void {
  const given = rows.find(({ name }) => flags.source(name) === "flag");
  if (given !== undefined) throw usage("link", text(given.name));
}

/** Both ends of each `--forward` or `--reverse`, one after the other. */
function planPairs(flags: Flags, name: "forward" | "reverse"): PlannedEndpoint[] {
  return flags.list(name).flatMap((text) => {
    const pair = named(name, () => splitForward(text));
    refuseForwards([pair], flags.flag("public") ?? false);
    return named(name, () => [
      planEndpoint(name, formatAddress(pair.listen)),
      planEndpoint(`${name} to`, formatAddress(pair.target)),
    ]);
  });
}

/** What is wrong with the value of a flag, with the flag's name. */
function named<T>(flag: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    const { kind, message } = toNetError(thrown, "link");
    throw new NetError({ kind, op: `--${flag}`, message, cause: thrown });
  }
}

/** @throws {NetError} what `runLinkServer` and `runLinkClient` throw */
export async function run(plan: Plan, session: CommandContext): Promise<number> {
  const { keygen: file } = plan.settings;
  if (typeof file === "string") {
    createKeyFile(file);
    const fields = { path: file };
    session.context.log.write("notice", "key", `a new key is in ${file}`, fields);
    return 0;
  }
  if (endpointOf(plan, "carrier").passive) {
    return await (await import("../link_serving.ts")).runLinkServer(plan, session);
  }
  return await (await import("../linking.ts")).runLinkClient(plan, session);
}
