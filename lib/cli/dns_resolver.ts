/**
 * How `dns` resolves: as the system does (/etc/hosts, the servers of /etc/resolv.conf, then the
 * system's resolver), or by the server and kinds that were asked for. Prints as it goes.
 * @module
 */

import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import { openActive } from "../transport/open.ts";
import type { ResolverSettings } from "../wire/hosts_file.ts";
import { inetPton } from "../wire/inet.ts";
import type { CommandContext } from "./command.ts";
import type { DnsClient } from "./dns_client.ts";
import { type Lookup, lookUp, typeByName } from "./dns_lookup.ts";
import { lookupFields, lookupText, systemFields, systemText } from "./dns_report.ts";
import {
  candidatesOf,
  type DnsSubject,
  readServer,
  reverseSubject,
  systemServers,
} from "./dns_subject.ts";
import { askHostsFile, askSystem, readResolverSettings, type SystemAnswer } from "./dns_system.ts";

/** What looking one subject up has given. */
interface Found {
  /** Numeric addresses. */
  readonly addresses: readonly string[];
  readonly failure: NetError | null;
}

/** Looks names up and prints what it finds. */
class Resolver {
  readonly #session: CommandContext;
  readonly #context: Context;
  readonly #client: DnsClient;
  readonly #settings: ResolverSettings | null;
  readonly #types: readonly number[];

  /**
   * @param context the session's, with the time limit of the command
   * @param settings those of the system, or null where a server was named
   */
  constructor(session: CommandContext, context: Context, settings: ResolverSettings | null) {
    const { flags, ports } = session;
    this.#session = session;
    this.#context = context;
    this.#settings = settings;
    this.#types = flags.list("type").map(typeByName);
    const dial: DnsClient["dial"] = (address, under) => openActive(address, under, ports);
    this.#client = clientOf(flags.text("server"), settings, dial);
  }

  /**
   * Looks up, prints, and gives what is wrong with it, or null.
   *
   * @throws {NetError} the reason of the context's signal
   */
  async report(subject: DnsSubject): Promise<NetError | null> {
    const { addresses, failure } = await this.#find(subject);
    if (!this.#session.flags.flag("reverse") || subject.address !== null) return failure;
    const failures = [failure];
    for (const address of addresses) {
      const bytes = inetPton(address);
      if (bytes === null) continue;
      failures.push((await this.#find(reverseSubject(bytes), reverseTypes)).failure);
    }
    return failures.find((found) => found !== null) ?? null;
  }

  async #find(subject: DnsSubject, types: readonly number[] = this.#types): Promise<Found> {
    // Asked for by name, a server or a record kind is a question to DNS and to nothing else.
    const likeSystem = this.#settings !== null && this.#types.length === 0;
    if (likeSystem) {
      const answer = await askHostsFile(subject, this.#session.host);
      if (answer !== null) return await this.#foundBy(subject, answer);
    }
    const lookups = await this.#lookUp(subject, types);
    const failure = failureOf(lookups);
    const unanswered = lookups.every(({ replies }) => replies.length === 0);
    if (failure !== null && likeSystem && unanswered && subject.address === null) {
      const answer = await this.#askSystem(subject);
      if (answer !== null) return await this.#foundBy(subject, answer);
    }
    const records = lookups.flatMap((lookup) => lookup.records);
    const addresses = records.flatMap(({ data }) => "address" in data ? [data.address] : []);
    return { addresses, failure };
  }

  /** All kinds of one name at once, the names of the search list one after the other. */
  async #lookUp(subject: DnsSubject, types: readonly number[]): Promise<readonly Lookup[]> {
    const kinds = types.length > 0 ? types : subject.address === null ? forwardTypes : reverseTypes;
    let lookups: readonly Lookup[] = [];
    for (const name of candidatesOf(subject, this.#settings)) {
      lookups = await Promise.all(
        kinds.map((type) => lookUp(name, type, this.#client, this.#context)),
      );
      if (lookups.some(({ outcome }) => outcome === "found" || outcome === "failed")) break;
    }
    const { output } = this.#session;
    for (const lookup of lookups) {
      if (output.json) await output.object("lookup", lookupFields(lookup));
      else await output.text(lookupText(lookup));
    }
    return lookups;
  }

  async #foundBy(subject: DnsSubject, answer: SystemAnswer): Promise<Found> {
    const { output } = this.#session;
    if (output.json) await output.object("lookup", systemFields(subject, answer));
    else await output.text(systemText(subject, answer));
    return { addresses: subject.address === null ? answer.values : [], failure: null };
  }

  /** @returns null where it does not know either: that no server answered says more than that */
  async #askSystem(subject: DnsSubject): Promise<SystemAnswer | null> {
    try {
      return await askSystem(subject, this.#context);
    } catch (thrown) {
      if (thrown instanceof NetError && thrown.kind === "resolve") return null;
      throw thrown;
    }
  }
}

const forwardTypes = [typeByName("A"), typeByName("AAAA")];
const reverseTypes = [typeByName("PTR")];

/** Makes the resolver that the flags of a command ask for. */
export async function makeResolver(session: CommandContext, context: Context): Promise<Resolver> {
  const named = session.flags.text("server") !== undefined;
  return new Resolver(session, context, named ? null : await readResolverSettings(session.host));
}

/** Patience with a server that was named, as resolv.conf(5) has it by default. */
const patience = { attemptMs: 5000, attempts: 2 };

function clientOf(
  server: string | undefined,
  settings: ResolverSettings | null,
  dial: DnsClient["dial"],
): DnsClient {
  if (server !== undefined) return { servers: [readServer(server)], ...patience, dial };
  const { attemptMs, attempts } = settings ?? patience;
  return { servers: settings === null ? [] : systemServers(settings), attemptMs, attempts, dial };
}

/** One kind that was found is enough: a host with IPv4 only is whole. */
function failureOf(lookups: readonly Lookup[]): NetError | null {
  if (lookups.some(({ outcome }) => outcome === "found")) return null;
  const rank = { "no-such-name": 0, failed: 1, "no-data": 2, found: 3 };
  const [worst] = [...lookups].sort((a, b) => rank[a.outcome] - rank[b.outcome]);
  return worst?.error ?? null;
}
