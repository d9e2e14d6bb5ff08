/**
 * One name and kind -> what is known of it: aliases followed, "no such name" told from "no data".
 * @module
 */

import type { Context } from "../core/context.ts";
import { NetError, quote } from "../core/error.ts";
import { type DnsMessage, internetClass, responseCodeName } from "../wire/dns.ts";
import { foldedName, normalName, sameName } from "../wire/dns_name.ts";
import { type DnsRecord, dnsTypes, typeName, typeNumber } from "../wire/dns_record.ts";
import { askServers, type DnsClient, type DnsReply } from "./dns_client.ts";

/** How a lookup ended; all but "found" carry an error. */
export type LookupOutcome = "found" | "no-data" | "no-such-name" | "failed";

/** What is known of one name and kind. */
export interface Lookup {
  /** The name that was asked for, in full. */
  readonly name: string;
  readonly type: string;
  readonly outcome: LookupOutcome;
  /** CNAME records that lead from the name to the records, in order (RFC 1034 section 3.6.2). */
  readonly chain: readonly DnsRecord[];
  readonly records: readonly DnsRecord[];
  /** Answers in the order of the questions; more than one where aliases had to be asked for. */
  readonly replies: readonly DnsReply[];
  /** How long the outcome may be kept where there is nothing, in seconds (RFC 2308 section 5). */
  readonly negativeTtl?: number;
  readonly error?: NetError;
}

/**
 * Looks a name up. A failure is part of what is given back, so that the other lookups of a
 * command go on.
 *
 * @param type number of the record kind
 * @throws {NetError} kind "usage" for a bad name; the signal's reason once it aborts
 */
export async function lookUp(
  name: string,
  type: number,
  client: DnsClient,
  context: Context,
): Promise<Lookup> {
  const start = normalName(name);
  const chain: DnsRecord[] = [];
  const replies: DnsReply[] = [];
  const partial = () => ({ name: start, type: typeName(type), chain, records: [], replies });
  try {
    for (let at = start;;) {
      const reply = await askServers(at, type, client, context);
      replies.push(reply);
      const found = readAnswer(reply.message, at, type, chain, context.limits["dns-aliases"]);
      if (found.records.length > 0) {
        return { ...partial(), outcome: "found", records: found.records };
      }
      const empty = emptyOutcome(reply.message, found.name);
      // A server that only knows its own zones leaves it to us to ask for where an alias leads.
      if (found.name !== at && empty.ask) at = found.name;
      else return { ...partial(), ...empty.lookup };
    }
  } catch (thrown) {
    if (!(thrown instanceof NetError) || thrown.kind !== "resolve") throw thrown;
    return { ...partial(), outcome: "failed", error: thrown };
  }
}

interface Answer {
  /** Where the aliases lead. */
  readonly name: string;
  readonly records: readonly DnsRecord[];
}

/** Follows the aliases within one answer, adding them to `chain`. */
function readAnswer(
  message: DnsMessage,
  start: string,
  type: number,
  chain: DnsRecord[],
  maximumAliases: number,
): Answer {
  const own = message.answers.filter((record) => record.class === internetClass);
  const byName = Map.groupBy(own, (record) => foldedName(record.name));
  for (let at = start;;) {
    const here = byName.get(foldedName(at)) ?? [];
    const records = here.filter(({ data }) => typeNumber(data) === type);
    const alias = here.find(({ data }) => data.type === "CNAME");
    if (records.length > 0 || alias?.data.type !== "CNAME") return { name: at, records };
    const { target } = alias.data;
    chain.push(alias);
    if (chain.some((earlier) => sameName(earlier.name, target))) throw circle(start, chain);
    if (chain.length > maximumAliases) throw tooLong(start, maximumAliases);
    at = target;
  }
}

/** What an answer without records means. */
function emptyOutcome(
  message: DnsMessage,
  name: string,
): { readonly ask: boolean; readonly lookup: Pick<Lookup, "outcome" | "error" | "negativeTtl"> } {
  const word = responseCodeName(message.responseCode);
  const negative = negativeTtlOf(message);
  const kept = negative === undefined ? {} : { negativeTtl: negative };
  const error = (kind: "resolve" | "result", text: string, code?: string) =>
    new NetError({ kind, op: "dns", address: name, message: text, ...(code ? { code } : {}) });
  if (word === "NXDOMAIN") {
    const lookup = {
      outcome: "no-such-name",
      error: error("resolve", "no such name", word),
    } as const;
    return { ask: false, lookup: { ...lookup, ...kept } };
  }
  if (word !== "NOERROR") {
    const failed = error("resolve", refusals[word] ?? "the server refused", word);
    return { ask: false, lookup: { outcome: "failed", error: failed } };
  }
  // RFC 2308 section 2.2: a referral has NS records and no SOA; it says nothing about the name.
  const soa = message.authorities.some(({ data }) => data.type === "SOA");
  const servers = message.authorities.flatMap(({ data }) =>
    data.type === "NS" ? [data.target] : []
  );
  if (!soa && servers.length > 0 && !message.authoritative) {
    const text = `the server does not know and refers to ${servers.slice(0, 4).join(", ")}`;
    return { ask: true, lookup: { outcome: "failed", error: error("resolve", text) } };
  }
  const lookup = { outcome: "no-data", error: error("result", "no such record") } as const;
  return { ask: !soa, lookup: { ...lookup, ...kept } };
}

const refusals: Readonly<Record<string, string>> = {
  FORMERR: "the server does not understand the question",
  SERVFAIL: "the server failed",
  NOTIMP: "the server cannot do this",
  REFUSED: "the server refuses to answer",
};

/** RFC 2308 section 5: the lesser of the SOA record's TTL and its last field. */
function negativeTtlOf(message: DnsMessage): number | undefined {
  for (const { data, ttl } of message.authorities) {
    if (data.type === "SOA") return Math.min(ttl, data.minimum);
  }
  return undefined;
}

function circle(name: string, chain: readonly DnsRecord[]): NetError {
  const names = chain.slice(0, 8).map((record) => quote(record.name)).join(" -> ");
  const message = `the aliases lead in a circle: ${names}`;
  return new NetError({ kind: "resolve", op: "dns", address: name, message, blame: "remote" });
}

function tooLong(name: string, maximum: number): NetError {
  const message = `more than ${maximum} aliases in a row`;
  const hint = "raise it with --limit dns-aliases=N";
  return new NetError({
    kind: "resolve",
    op: "dns",
    address: name,
    message,
    hint,
    blame: "remote",
  });
}

/** Numbers of kinds by name, as `--type` takes them. */
export function typeByName(name: string): number {
  const types: Readonly<Record<string, number>> = dnsTypes;
  const type = types[name];
  if (type === undefined) throw new TypeError(`no record kind ${name}`);
  return type;
}
