/**
 * `plumb serve announce ADDR...`: the one service that speaks first, and so connects.
 * @module
 */

import { announce, refuseStream } from "../api/announce.ts";
import { parseAddress } from "../address/parse.ts";
import { counted } from "../core/counted.ts";
import { readTemplate } from "../service/announce.ts";
import { announceFlags, announceName } from "./announce_flags.ts";
import type { CommandContext, Invocation } from "./command.ts";
import { sharedFlags } from "./flags.ts";
import { usage } from "./normalise.ts";
import type { Plan } from "./plan.ts";
import { planEndpoint } from "./planned_endpoint.ts";
import { approximateDuration } from "./quantity.ts";
import { drainOnSignal } from "./signals.ts";

/** Refuses its flags for other services. @throws {NetError} kind "usage" */
export function refuseAnnounceFlags({ flags }: Invocation, service: string): void {
  const given = announceFlags.find(({ name }) => flags.source(name) !== undefined);
  if (given !== undefined) {
    throw usage("serve", `--${given.name} is of announce, not of ${service}`);
  }
}

/** It lets nobody in and has no sessions: flags about them would be taken and do nothing. */
function refuseServerFlags({ flags, row }: Invocation): void {
  const own = new Set([...announceFlags, ...sharedFlags].map(({ name }) => name));
  const alien = row.flags.find(({ name }) => !own.has(name) && flags.source(name) === "flag");
  if (alien !== undefined) throw usage("serve", `--${alien.name} is not of ${announceName}`);
}

/** @throws {NetError} kind "usage" for addresses without datagrams, or a text that cannot be */
export function planAnnounce(invocation: Invocation): Plan {
  const [, ...words] = invocation.positionals;
  refuseServerFlags(invocation);
  if (words.length === 0) throw usage("serve", "ADDR is missing", "where to announce");
  const endpoints = words.map((text) => planEndpoint("address", text, "active"));
  for (const { address } of endpoints) refuseStream(parseAddress(address));
  readTemplate(invocation.flags.text("text") ?? "");
  return invocation.plan({ endpoints, settings: { service: announceName } });
}

/** Announces until a signal comes, which is how it ends: exit 0, as a server with no sessions. */
export async function runAnnounce(plan: Plan, session: CommandContext): Promise<number> {
  const { flags, host } = session;
  const { clock, log } = session.context;
  const startMs = clock.now();
  let sent = 0;
  const sayTally = (level: "notice" | "info") => {
    const durationMs = Math.round(clock.now() - startMs);
    const text = `${counted(sent, "message")} announced, ${approximateDuration(durationMs)}`;
    log.write(level, "tally", text, { sent, durationMs });
  };
  using signals = drainOnSignal(host, session.context, { tally: () => sayTally("notice") });
  const given = {
    everyMs: flags.number("every"),
    text: flags.text("text"),
    count: flags.number("count"),
    timeoutMs: flags.number("timeout"),
  };
  const options = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  await announce(plan.endpoints.map(({ address }) => address), {
    ...session.context,
    stdio: session.ports.stdio,
    ...options,
    onSent: () => sent++,
    signal: signals.drain,
  }).catch((thrown) => {
    // A signal while names are resolved: nothing was announced, and nothing has failed.
    if (signals.received() === null) throw thrown;
  });
  sayTally("info");
  return 0;
}
