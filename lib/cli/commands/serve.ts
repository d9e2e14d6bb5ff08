/**
 * `plumb serve SERVICE ADDR...`: a server on one or more addresses at once.
 * @module
 */

import { modelOf, refuseModel } from "../../api/models.ts";
import { serve } from "../../api/serve.ts";
import { type AnyService, isHandler, refuseService, serviceNamed } from "../../api/services.ts";
import { parseAddress } from "../../address/parse.ts";
import type { OptionTable, OptionValue } from "../../core/option.ts";
import { services } from "../../service/table.ts";
import { announceName } from "../announce_flags.ts";
import { planAnnounce, refuseAnnounceFlags, runAnnounce } from "../announcing.ts";
import type { CommandContext, Invocation } from "../command.ts";
import type { Flags } from "../flag.ts";
import { modelOptionsOf } from "../model_options.ts";
import { checkServerFlags, checkTakeover, manySessions } from "../many_sessions.ts";
import { usage } from "../normalise.ts";
import type { Plan } from "../plan.ts";
import { planEndpoint } from "../planned_endpoint.ts";
import { heartbeatOf } from "../heartbeat_value.ts";
import { equipmentOf, sayDump, timeBoundsOf } from "../session_options.ts";

export async function plan(invocation: Invocation): Promise<Plan> {
  const { flags } = invocation;
  await checkServerFlags(invocation);
  const [first = "", ...words] = invocation.positionals;
  if (first === announceName) return planAnnounce(invocation);
  refuseAnnounceFlags(invocation, first);
  const isCommand = /^(exec|sh):/.test(first); // exec:CMD is the service and its subject in one
  const name = isCommand ? "exec" : first;
  const service = serviceNamed(name, [announceName]);
  refuseOtherServices(flags, service);
  refuseTwoHeartbeats(flags, service);
  heartbeatOf("serve", flags, service.name === pingpongName);
  const subject = isCommand ? first : takesSubject(service, words) ? words.shift() : undefined;
  if (words.length === 0) throw usage("serve", "ADDR is missing", `where to serve ${name}`);
  const endpoints = words.map((text) => planEndpoint("address", text, "passive"));
  const addresses = endpoints.map(({ address }) => parseAddress(address));
  checkTakeover(flags, addresses);
  const given = subject === undefined ? {} : { subject };
  const options = serviceOptions(flags, service.options);
  const isPublic = flags.flag("public") ?? false;
  refuseService(service, addresses, { ...given, service: options, public: isPublic });
  refuseModel(modelOf(modelOptionsOf(flags, "serve")), addresses);
  return invocation.plan({
    endpoints,
    settings: { service: name, ...given, options },
  });
}

/** True where the first word is not an address, but what is served. */
function takesSubject(service: AnyService, [first]: readonly string[]): boolean {
  const subject = isHandler(service) ? service.subject : null;
  if (subject === null || first === undefined) return false;
  return subject.required || subject.matches(first);
}

/** A flag of another service would be taken and do nothing. @throws {NetError} kind "usage" */
function refuseOtherServices(flags: Flags, service: AnyService): void {
  const own = new Set(service.options.map(({ name }) => name));
  for (const other of Object.values(services)) {
    const alien = other.options.find(({ name }) => {
      const isHeartbeats = name === "say" && flags.source("heartbeat") === "flag";
      return !own.has(name) && !isHeartbeats && flags.source(name) === "flag";
    });
    if (alien !== undefined) {
      throw usage("serve", `--${alien.name} is of ${other.name}, not of ${service.name}`);
    }
  }
}

/** The service whose `--say` is its own. */
const pingpongName = "pingpong";

/** The service speaks the very frames of a heartbeat. @throws {NetError} kind "usage" */
function refuseTwoHeartbeats(flags: Flags, { name }: AnyService): void {
  if (name !== pingpongName || flags.source("heartbeat") === undefined) return;
  throw usage("serve", "--heartbeat is not for pingpong, which answers heartbeats as it is");
}

/** The flags that are options of this service. */
function serviceOptions(
  flags: Flags,
  options: OptionTable,
): Record<string, OptionValue> {
  const values: Record<string, OptionValue> = {};
  for (const { name, repeat } of options) {
    const given = flags.given.filter((flag) => flag.name === name).map(({ value }) => value);
    if (repeat && given.length > 0) values[name] = given.join("\n");
    else if (given[0] !== undefined) values[name] = given[0];
  }
  return values;
}

export function run(plan: Plan, session: CommandContext): Promise<number> {
  const { service, subject, options } = plan.settings;
  if (service === announceName) return runAnnounce(plan, session);
  const heartbeat = heartbeatOf("serve", session.flags, service === pingpongName);
  return manySessions(
    session,
    (context, policy) =>
      serve(String(service), plan.endpoints.map((endpoint) => endpoint.address), {
        ...context,
        ...policy,
        ...timeBoundsOf(session.flags),
        stdio: session.ports.stdio,
        service: options as Record<string, OptionValue>,
        ...(typeof subject === "string" ? { subject } : {}),
        public: session.flags.flag("public") ?? false,
        ...modelOptionsOf(session.flags, "serve"),
        ...(heartbeat === undefined ? {} : { heartbeat }),
        equipment: equipmentOf(session.flags),
        say: sayDump(session),
      }),
  );
}
