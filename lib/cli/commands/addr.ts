/**
 * `plumb addr [ADDR...] [--to HOST]`: addresses in every form, this machine's interfaces, and the
 * way to a host. Sends nothing, but for a name given to `--to`, which the system resolves.
 * @module
 */

import { NetError, toNetError } from "../../core/error.ts";
import { type Context, deriveContext } from "../../core/context.ts";
import {
  interfaceFacts,
  type NoRoute,
  type RouteFacts,
  routesTo,
  scopeIndex,
} from "../addr_machine.ts";
import { interfacesText, routeText } from "../addr_machine_text.ts";
import { reportAddress } from "../addr_report.ts";
import { readAddrSubject } from "../addr_subject.ts";
import { addrText } from "../addr_text.ts";
import type { CommandContext, Invocation } from "../command.ts";
import type { Plan } from "../plan.ts";

/** @throws {NetError} kind "usage" or "address": text that is no address */
export function plan(invocation: Invocation): Plan {
  for (const text of invocation.positionals) readAddrSubject(text);
  return invocation.plan({ settings: { addresses: [...invocation.positionals] } });
}

/** @throws {NetError} kind "unreachable" where no address of the `--to` host has a route */
export async function run(plan: Plan, session: CommandContext): Promise<number> {
  const given = plan.settings["addresses"];
  const texts = Array.isArray(given) ? given.map(String) : [];
  const to = session.flags.text("to");
  if (texts.length === 0 && to === undefined) await printInterfaces(session);
  let first = true;
  for (const text of texts) {
    const report = reportAddress(text, readAddrSubject(text), scopeIndex);
    if (session.output.json) await session.output.object("address", { ...report });
    else await session.output.text(`${first ? "" : "\n"}${addrText(report)}`);
    first = false;
  }
  if (to !== undefined) await printRoutes(to, session);
  return 0;
}

async function printInterfaces({ output }: CommandContext): Promise<void> {
  const interfaces = interfaceFacts();
  if (!output.json) return await output.text(interfacesText(interfaces));
  for (const facts of interfaces) await output.object("interface", { ...facts });
}

async function printRoutes(to: string, session: CommandContext): Promise<void> {
  const { output } = session;
  const routes = await bounded(session, (context) => routesTo(to, context));
  for (const route of routes) {
    if (output.json) await output.object("route", routeFields(route));
    else await output.text(routeText(route));
  }
  // One family without a route is how most machines are; a host without any is out of reach.
  const [failure] = routes;
  if (failure !== undefined && routes.every((route) => "error" in route) && "error" in failure) {
    throw toNetError(failure.error, "addr", to);
  }
}

function routeFields(route: RouteFacts | NoRoute): Readonly<Record<string, unknown>> {
  if (!("error" in route)) return { ...route };
  const { to, destination, error } = route;
  return { to, destination, kind: "unreachable", code: error.code ?? null, message: error.reason };
}

/** Runs what may resolve a name, under `--timeout`. */
async function bounded<T>(
  { context, flags }: CommandContext,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const limitMs = flags.number("timeout");
  if (limitMs === undefined) return await work(context);
  using child = deriveContext(context);
  const timer = context.clock.timer(limitMs, () => {
    const message = `not resolved within ${limitMs} ms`;
    child.abort(new NetError({ kind: "timeout", op: "addr", message }));
  });
  try {
    return await work(child.context);
  } finally {
    timer.cancel();
  }
}
