/**
 * DNS resource records: the kinds that people ask for, with their data read out, and any other
 * kind as bytes (RFC 3597).
 * @module
 */

import { dnsFault, encodeName, readName } from "./dns_name.ts";
import { inetNtop, inetPton } from "./inet.ts";

/** Kinds by name (IANA "Resource Record (RR) TYPEs"). */
export const dnsTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  OPT: 41,
  CAA: 257,
} as const;

/** A kind of record that plumb reads. */
export type DnsType = keyof typeof dnsTypes;

/**
 * Data of a record. Texts of TXT, CAA and NAPTR are bytes, not characters: one code unit a byte
 * (latin-1), as in the addresses of scripts.
 */
export type DnsData =
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | { readonly type: "NS" | "CNAME" | "PTR"; readonly target: string }
  | { readonly type: "MX"; readonly preference: number; readonly exchange: string }
  | {
    readonly type: "SOA";
    readonly primary: string;
    readonly mailbox: string;
    readonly serial: number;
    /** The times of a zone are seconds. */
    readonly refresh: number;
    readonly retry: number;
    readonly expire: number;
    readonly minimum: number;
  }
  | { readonly type: "TXT"; readonly texts: readonly string[] }
  | {
    readonly type: "SRV";
    readonly priority: number;
    readonly weight: number;
    readonly port: number;
    readonly target: string;
  }
  | { readonly type: "CAA"; readonly flags: number; readonly tag: string; readonly value: string }
  | {
    readonly type: "NAPTR";
    readonly order: number;
    readonly preference: number;
    readonly flags: string;
    readonly services: string;
    readonly regexp: string;
    readonly replacement: string;
  }
  | { readonly type: "other"; readonly number: number; readonly bytes: Uint8Array };

/** One record of a message. */
export interface DnsRecord {
  readonly name: string;
  /** 1 is the internet; in OPT it means something else. */
  readonly class: number;
  /** How long it may be kept, in seconds. */
  readonly ttl: number;
  readonly data: DnsData;
}

const typeNames = new Map<number, DnsType>(
  Object.entries(dnsTypes).map(([name, number]) => [number, name as DnsType]),
);

/** Name of a kind: `A`, or `TYPE99` where plumb has none (RFC 3597 section 5). */
export function typeName(number: number): string {
  return typeNames.get(number) ?? `TYPE${number}`;
}

/** Number of a record's kind. */
export function typeNumber(data: DnsData): number {
  return data.type === "other" ? data.number : dnsTypes[data.type];
}

/**
 * Reads the data of a record that lies at `start` to `end` of a whole message.
 *
 * @throws {NetError} kind "protocol" where the data does not fit its kind
 */
export function readData(message: Uint8Array, number: number, start: number, end: number): DnsData {
  const read = new DataReader(message, start, end);
  const data = readKind(read, typeNames.get(number), number);
  if (read.left > 0) throw dnsFault(`${typeName(number)} record has ${read.left} bytes too many`);
  return data;
}

function readKind(read: DataReader, type: DnsType | undefined, number: number): DnsData {
  switch (type) {
    case "A":
      return { type, address: inetNtop(read.bytes(4)) };
    case "AAAA":
      return { type, address: inetNtop(read.bytes(16)) };
    case "NS":
    case "CNAME":
    case "PTR":
      return { type, target: read.name() };
    case "MX":
      return { type, preference: read.number(2), exchange: read.name() };
    case "SOA": {
      const [primary, mailbox, serial] = [read.name(), read.name(), read.number(4)];
      const [refresh, retry, expire] = [read.number(4), read.number(4), read.number(4)];
      return { type, primary, mailbox, serial, refresh, retry, expire, minimum: read.number(4) };
    }
    case "TXT": {
      const texts: string[] = [read.text()];
      while (read.left > 0) texts.push(read.text());
      return { type, texts };
    }
    case "SRV": {
      const [priority, weight, port] = [read.number(2), read.number(2), read.number(2)];
      return { type, priority, weight, port, target: read.name() };
    }
    case "CAA":
      return {
        type,
        flags: read.number(1),
        tag: read.text(),
        value: latin1(read.bytes(read.left)),
      };
    case "NAPTR": {
      const [order, preference] = [read.number(2), read.number(2)];
      const [flags, services, regexp] = [read.text(), read.text(), read.text()];
      return { type, order, preference, flags, services, regexp, replacement: read.name() };
    }
    default:
      return { type: "other", number, bytes: read.bytes(read.left).slice() };
  }
}

/** Reads the fields of one record and never past its end. */
class DataReader {
  readonly #message: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(message: Uint8Array, start: number, end: number) {
    this.#message = message;
    this.#at = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  bytes(count: number): Uint8Array {
    if (count > this.left) throw dnsFault("a record is cut off");
    this.#at += count;
    return this.#message.subarray(this.#at - count, this.#at);
  }

  number(count: 1 | 2 | 4): number {
    return this.bytes(count).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** A character-string (RFC 1035 section 3.3): a count and as many bytes. */
  text(): string {
    return latin1(this.bytes(this.number(1)));
  }

  name(): string {
    const { name, next } = readName(this.#message, this.#at);
    if (next > this.#end) throw dnsFault("a name leads out of its record");
    this.#at = next;
    return name;
  }
}

/** Bytes as text, one code unit a byte. */
export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/**
 * Writes the data of a record.
 *
 * @throws {NetError} kind "usage" for a bad name
 * @throws {RangeError} for an address or text that is none
 */
export function encodeData(data: DnsData): Uint8Array {
  switch (data.type) {
    case "A":
    case "AAAA": {
      const bytes = inetPton(data.address);
      if (bytes?.length !== (data.type === "A" ? 4 : 16)) throw new RangeError(data.address);
      return bytes;
    }
    case "NS":
    case "CNAME":
    case "PTR":
      return encodeName(data.target);
    case "MX":
      return joined(word(data.preference), encodeName(data.exchange));
    case "SOA": {
      const times = [data.serial, data.refresh, data.retry, data.expire, data.minimum];
      return joined(encodeName(data.primary), encodeName(data.mailbox), ...times.map(longWord));
    }
    case "TXT":
      return joined(...data.texts.map(counted));
    case "SRV":
      return joined(...[data.priority, data.weight, data.port].map(word), encodeName(data.target));
    case "CAA":
      return joined(Uint8Array.of(data.flags), counted(data.tag), fromLatin1(data.value));
    case "NAPTR":
      return joined(
        ...[data.order, data.preference].map(word),
        ...[data.flags, data.services, data.regexp].map(counted),
        encodeName(data.replacement),
      );
    case "other":
      return data.bytes;
  }
}

/** 16 bits in network order. */
export function word(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

/** 32 bits in network order. */
export function longWord(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    if (code > 0xff || character.length > 1) throw new RangeError("text has more than bytes in it");
    return code;
  });
}

function counted(text: string): Uint8Array {
  if (text.length > 255) throw new RangeError("a character-string has at most 255 bytes");
  return joined(Uint8Array.of(text.length), fromLatin1(text));
}

/** Puts pieces one after the other. */
export function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
