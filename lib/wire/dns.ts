/**
 * DNS messages (RFC 1035 section 4) with EDNS(0) (RFC 6891): value <-> bytes. What comes in is
 * hostile until read: every count, length and pointer is checked against the message.
 * @module
 */

import { dnsFault, encodeName, normalName, readName, sameName } from "./dns_name.ts";
import {
  type DnsData,
  type DnsRecord,
  dnsTypes,
  encodeData,
  joined,
  longWord,
  readData,
  typeNumber,
  word,
} from "./dns_record.ts";

/** Response codes (IANA "DNS RCODEs"); those over 15 need EDNS. */
const responseCodes: Readonly<Record<number, string>> = {
  0: "NOERROR",
  1: "FORMERR",
  2: "SERVFAIL",
  3: "NXDOMAIN",
  4: "NOTIMP",
  5: "REFUSED",
  6: "YXDOMAIN",
  7: "YXRRSET",
  8: "NXRRSET",
  9: "NOTAUTH",
  10: "NOTZONE",
  16: "BADVERS",
};

/** Name of a response code: `NXDOMAIN`, or `RCODE11`. */
export function responseCodeName(code: number): string {
  return responseCodes[code] ?? `RCODE${code}`;
}

/** What is asked. */
export interface DnsQuestion {
  readonly name: string;
  /** Number of the record kind. */
  readonly type: number;
  readonly class: number;
}

/** Extension of a message (RFC 6891); its options are not read. */
export interface DnsExtension {
  /** Largest UDP message that the sender takes, in bytes. */
  readonly udpBytes: number;
  readonly version: number;
  /** DNSSEC records are wanted (RFC 3225). */
  readonly dnssec: boolean;
}

/** A message as a value. */
export interface DnsMessage {
  /** 16 bits; an answer carries that of its question. */
  readonly id: number;
  readonly response: boolean;
  /** 0 is a query. */
  readonly opcode: number;
  readonly authoritative: boolean;
  /** True where the answer did not fit: ask again over TCP. */
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  /** With the bits of the extension. */
  readonly responseCode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** Without the OPT record, which is `extension`. */
  readonly additionals: readonly DnsRecord[];
  readonly extension: DnsExtension | null;
}

/** Class of the internet. */
export const internetClass = 1;

/** Port of name servers, UDP and TCP. */
export const dnsPort = 53;

/** What plumb says it takes over UDP: fits every link without fragments (DNS flag day 2020). */
export const udpAnswerBytes = 1232;

/**
 * The question of one name and kind, ready to be encoded.
 *
 * @param id 16 bits that nobody can guess (RFC 5452 section 4.3)
 * @throws {NetError} kind "usage" for a bad name
 */
export function dnsQuery(id: number, name: string, type: number): DnsMessage {
  return {
    id,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    responseCode: 0,
    questions: [{ name: normalName(name), type, class: internetClass }],
    answers: [],
    authorities: [],
    additionals: [],
    extension: { udpBytes: udpAnswerBytes, version: 0, dnssec: false },
  };
}

/**
 * Writes a message, without compression.
 *
 * @throws {NetError} kind "usage" for a bad name
 */
export function encodeDns(message: DnsMessage): Uint8Array {
  const flags = (message.response ? 0x8000 : 0) | ((message.opcode & 0xf) << 11) |
    (message.authoritative ? 0x400 : 0) | (message.truncated ? 0x200 : 0) |
    (message.recursionDesired ? 0x100 : 0) | (message.recursionAvailable ? 0x80 : 0) |
    (message.responseCode & 0xf);
  const extension = message.extension === null
    ? []
    : [extensionRecord(message.extension, message.responseCode)];
  const sections = [message.answers, message.authorities, message.additionals];
  const counts = [message.questions, ...sections].map((section) => section.length);
  counts[3] = (counts[3] ?? 0) + extension.length;
  return joined(
    ...[message.id, flags, ...counts].map(word),
    ...message.questions.flatMap(({ name, type, class: of }) => [
      encodeName(name),
      word(type),
      word(of),
    ]),
    ...sections.flat().map(encodeRecord),
    ...extension,
  );
}

function encodeRecord(record: DnsRecord): Uint8Array {
  const data = encodeData(record.data);
  const head = [word(typeNumber(record.data)), word(record.class), longWord(record.ttl)];
  return joined(encodeName(record.name), ...head, word(data.length), data);
}

/** RFC 6891 section 6.1.2: the class is a size, the TTL is flags. */
function extensionRecord(extension: DnsExtension, responseCode: number): Uint8Array {
  const { udpBytes, version, dnssec } = extension;
  return encodeRecord({
    name: ".",
    class: udpBytes,
    ttl: (responseCode >>> 4) * 0x1000000 + version * 0x10000 + (dnssec ? 0x8000 : 0),
    data: { type: "other", number: dnsTypes.OPT, bytes: new Uint8Array() },
  });
}

/**
 * Reads a message.
 *
 * @param maximumRecords limit "dns-answers": more records in all are refused
 * @throws {NetError} kind "protocol" for anything malformed; too many records are
 * named with their limit
 */
export function decodeDns(bytes: Uint8Array, maximumRecords: number): DnsMessage {
  if (bytes.length < 12) throw dnsFault(`a message of ${bytes.length} bytes has no header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  const [questionCount = 0, ...counts] = [4, 6, 8, 10].map((at) => view.getUint16(at));
  const total = counts.reduce((sum, count) => sum + count, questionCount);
  if (total > maximumRecords) throw tooMany(total, maximumRecords);
  const questions: DnsQuestion[] = [];
  let at = 12;
  for (let left = questionCount; left > 0; left--) {
    const { name, next } = readName(bytes, at);
    if (next + 4 > bytes.length) throw dnsFault("a question is cut off");
    questions.push({ name, type: view.getUint16(next), class: view.getUint16(next + 2) });
    at = next + 4;
  }
  const sections = counts.map((count) => {
    const records: DnsRecord[] = [];
    for (let left = count; left > 0; left--) {
      const { record, next } = readRecord(bytes, view, at);
      records.push(record);
      at = next;
    }
    return records;
  });
  const [answers = [], authorities = [], all = []] = sections;
  const isOpt = ({ data }: DnsRecord) => typeNumber(data) === dnsTypes.OPT;
  const opt = all.find(isOpt);
  return {
    id: view.getUint16(0),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >>> 11) & 0xf,
    authoritative: (flags & 0x400) !== 0,
    truncated: (flags & 0x200) !== 0,
    recursionDesired: (flags & 0x100) !== 0,
    recursionAvailable: (flags & 0x80) !== 0,
    responseCode: (flags & 0xf) | (opt === undefined ? 0 : (opt.ttl >>> 24) << 4),
    questions,
    answers,
    authorities,
    additionals: all.filter((record) => !isOpt(record)),
    extension: opt === undefined ? null : {
      udpBytes: opt.class,
      version: (opt.ttl >>> 16) & 0xff,
      dnssec: (opt.ttl & 0x8000) !== 0,
    },
  };
}

function readRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
): { record: DnsRecord; next: number } {
  const { name, next: head } = readName(bytes, at);
  if (head + 10 > bytes.length) throw dnsFault("a record is cut off");
  const start = head + 10;
  const end = start + view.getUint16(head + 8);
  if (end > bytes.length) throw dnsFault("a record is cut off");
  const data: DnsData = readData(bytes, view.getUint16(head), start, end);
  const record = { name, class: view.getUint16(head + 2), ttl: view.getUint32(head + 4), data };
  return { record, next: end };
}

function tooMany(total: number, maximum: number): ReturnType<typeof dnsFault> {
  return dnsFault(`${total} records, at most ${maximum} are read (--limit dns-answers=N)`);
}

/**
 * True where `message` answers `query`: its id, and its question where it repeats one (an error
 * may leave it out). Anything else that arrives is somebody else's, or forged (RFC 5452).
 */
export function answers(query: DnsMessage, message: DnsMessage): boolean {
  if (!message.response || message.id !== query.id || message.opcode !== query.opcode) return false;
  const [asked, repeated] = [query.questions[0], message.questions[0]];
  if (asked === undefined) return false;
  if (repeated === undefined) return message.responseCode !== 0 || message.truncated;
  return sameName(asked.name, repeated.name) && asked.type === repeated.type &&
    asked.class === repeated.class;
}
