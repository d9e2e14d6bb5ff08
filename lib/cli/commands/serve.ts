/**
 * `plumb serve SERVICE ADDR...`: a server on one or more addresses at once.
 * @module
 */

import { serve, serviceNamed } from "../../api/serve.ts";
import type { OptionValue } from "../../core/option.ts";
import type { CommandContext, Invocation } from "../command.ts";
import type { Flags } from "../flag.ts";
import { manySessions } from "../many_sessions.ts";
import type { Plan } from "../plan.ts";
import { planEndpoint } from "../planned_endpoint.ts";
import { equipped, relayOptionsOf } from "../session_options.ts";

export function plan(invocation: Invocation): Plan {
  const [name = "", ...addresses] = invocation.positionals;
  const service = serviceNamed(name);
  return invocation.plan({
    endpoints: addresses.map((text) => planEndpoint("address", text, "passive")),
    settings: { service: service.name, options: serviceOptions(invocation.flags, service.options) },
  });
}

/** The flags that are options of this service. */
function serviceOptions(
  flags: Flags,
  options: readonly { readonly name: string }[],
): Record<string, OptionValue> {
  const values: Record<string, OptionValue> = {};
  for (const { name } of options) {
    const given = flags.given.find((flag) => flag.name === name);
    if (given !== undefined) values[name] = given.value;
  }
  return values;
}

export function run(plan: Plan, session: CommandContext): Promise<number> {
  const { service, options } = plan.settings;
  return manySessions(
    session,
    (context, policy) =>
      serve(String(service), plan.endpoints.map((endpoint) => endpoint.address), {
        ...context,
        ...policy,
        ...relayOptionsOf(session.flags),
        stdio: session.ports.stdio,
        service: options as Record<string, OptionValue>,
        equip: (end, info) => equipped(end, session, `.${info.id}`),
      }),
  );
}
