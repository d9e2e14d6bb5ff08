/**
 * Lookups -> text for people, objects for programs.
 * @module
 */

import { escapeControls } from "../core/error.ts";
import { responseCodeName } from "../wire/dns.ts";
import { type DnsRecord, typeName, typeNumber } from "../wire/dns_record.ts";
import { dataFields, dataText } from "../wire/dns_text.ts";
import type { Lookup } from "./dns_lookup.ts";
import type { DnsSubject } from "./dns_subject.ts";
import type { SystemAnswer } from "./dns_system.ts";
import { table } from "./text.ts";

/** A lookup as lines: who said it and how fast, then the records, aliases first. */
export function lookupText(lookup: Lookup): string {
  const last = lookup.replies.at(-1);
  const said = last === undefined ? [] : [
    last.server,
    milliseconds(lookup.replies.reduce((sum, reply) => sum + reply.durationMs, 0)),
    ...(last.message.authoritative ? ["authoritative"] : []),
    ...(lookup.replies.length > 1 ? [`${lookup.replies.length} questions`] : []),
  ];
  const head = [`${lookup.name} ${lookup.type}`, ...said].join("  ");
  const records = [...lookup.chain, ...lookup.records].map(recordCells);
  const end = lookup.outcome === "found" ? [] : [endLine(lookup)];
  return [head, ...table(records).map((line) => `  ${line}`), ...end].map(escapeControls).join(
    "\n",
  );
}

function recordCells(record: DnsRecord): string[] {
  const { name, ttl, data } = record;
  return [name, `${ttl}s`, typeName(typeNumber(data)), dataText(data)];
}

function endLine({ outcome, type, chain, negativeTtl, error }: Lookup): string {
  const kept = negativeTtl === undefined ? "" : `, may be kept ${negativeTtl}s`;
  if (outcome === "no-data") return `  no ${type} record; the name exists (NOERROR${kept})`;
  if (outcome !== "no-such-name") return `  ${error?.reason ?? "failed"}`;
  const where = chain.length === 0 ? "no such name" : "the alias leads to no name";
  return `  ${where} (NXDOMAIN${kept})`;
}

/** A lookup as an object. */
export function lookupFields(lookup: Lookup): Readonly<Record<string, unknown>> {
  const last = lookup.replies.at(-1);
  return {
    name: lookup.name,
    type: lookup.type,
    outcome: lookup.outcome,
    responseCode: last === undefined ? null : responseCodeName(last.message.responseCode),
    server: last?.server ?? null,
    authoritative: last?.message.authoritative ?? null,
    durationMs: rounded(lookup.replies.reduce((sum, reply) => sum + reply.durationMs, 0)),
    questions: lookup.replies.map(({ server, durationMs, bytes, message }) => ({
      name: message.questions[0]?.name ?? null,
      server,
      durationMs: rounded(durationMs),
      bytes,
    })),
    negativeTtl: lookup.negativeTtl ?? null,
    chain: lookup.chain.map(recordFields),
    records: lookup.records.map(recordFields),
    message: lookup.error?.reason ?? null,
  };
}

function recordFields({ name, ttl, data }: DnsRecord): Readonly<Record<string, unknown>> {
  return { name, type: typeName(typeNumber(data)), ttl, ...dataFields(data) };
}

/** What a source beside DNS said, as lines. */
export function systemText(subject: DnsSubject, answer: SystemAnswer): string {
  const head = `${subject.name}  ${answer.source}  ${milliseconds(answer.durationMs)}`;
  return [head, ...answer.values.map((value) => `  ${value}`)].map(escapeControls).join("\n");
}

/** The same as an object. */
export function systemFields(
  subject: DnsSubject,
  answer: SystemAnswer,
): Readonly<Record<string, unknown>> {
  return {
    name: subject.name,
    outcome: "found",
    source: answer.source,
    durationMs: rounded(answer.durationMs),
    [subject.address === null ? "addresses" : "names"]: answer.values,
  };
}

function rounded(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000;
}

function milliseconds(durationMs: number): string {
  return `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`;
}
