/**
 * DNS records for people and for programs: data as in zone files (RFC 1035 section 5), and as
 * plain JSON values.
 * @module
 */

import type { DnsData } from "./dns_record.ts";

/** The data of a record as a zone file has it, names without their last dot. */
export function dataText(data: DnsData): string {
  switch (data.type) {
    case "A":
    case "AAAA":
      return data.address;
    case "NS":
    case "CNAME":
    case "PTR":
      return data.target;
    case "MX":
      return `${data.preference} ${data.exchange}`;
    case "SOA": {
      const times = [data.refresh, data.retry, data.expire, data.minimum];
      return `${data.primary} ${data.mailbox} ${data.serial} ${times.join(" ")}`;
    }
    case "TXT":
      return data.texts.map(quoted).join(" ");
    case "SRV":
      return `${data.priority} ${data.weight} ${data.port} ${data.target}`;
    case "CAA":
      return `${data.flags} ${escaped(data.tag, /["\\]|[^\x21-\x7e]/g)} ${quoted(data.value)}`;
    case "NAPTR": {
      const texts = [data.flags, data.services, data.regexp].map(quoted).join(" ");
      return `${data.order} ${data.preference} ${texts} ${data.replacement}`;
    }
    case "other":
      // RFC 3597 section 5: the form for kinds that the reader does not know.
      return `\\# ${data.bytes.length} ${data.bytes.toHex()}`.trimEnd();
  }
}

/** Quotes bytes; all but printable ASCII is escaped, so that nothing reaches a terminal as it is. */
function quoted(text: string): string {
  return `"${escaped(text, /["\\]|[^\x20-\x7e]/g)}"`;
}

/** Bytes with a backslash before those that mean something, and others as `\DDD`. */
function escaped(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return `\\${String(character.charCodeAt(0)).padStart(3, "0")}`;
  });
}

/** Fields of a record's data for JSON: texts that are UTF-8 as characters, else byte by byte. */
export function dataFields(data: DnsData): Readonly<Record<string, unknown>> {
  if (data.type === "other") return { bytes: data.bytes.toHex() };
  const { type: _, ...fields } = data;
  if ("texts" in fields) return { texts: fields.texts.map(characters) };
  return "tag" in fields ? { ...fields, value: characters(fields.value) } : fields;
}

function characters(text: string): string {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return text; // not UTF-8: one character a byte says more than replacement marks
  }
}
