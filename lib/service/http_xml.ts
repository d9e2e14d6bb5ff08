/**
 * `<text>...</text>`: text <-> XML (XML 1.0, fifth edition). Without DTD: entities of one's own are
 * how a small document becomes a large one, or reads files of the server.
 * @module
 */

import { XMLParser } from "fast-xml-parser";
import { HttpError } from "./http_error.ts";

/** Entities are not the parser's: it would expand what a DTD declares. */
const parser = new XMLParser({
  processEntities: false,
  preserveOrder: true,
  trimValues: false,
  parseTagValue: false,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  cdataPropName: "#cdata",
  commentPropName: "#comment",
});

/** The five that need no declaration (section 4.6). */
const predefined: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  apos: "'",
  quot: '"',
};

/** What is no character of XML (production 2): not even a reference may name it. */
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const noCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udfff]/u;

/**
 * Reads a document whose root is `text` with nothing but characters in it.
 *
 * @throws {HttpError} 400 for what is not well-formed, has a DTD, or is another document
 */
export function readXmlText(document: string): string {
  if (hasDocumentType(document)) throw malformed("a document type is not accepted");
  if (noCharacter.test(document)) throw malformed("a character that XML does not have");
  let nodes: readonly XmlNode[];
  try {
    nodes = parser.parse(document, true);
  } catch (thrown) {
    // The parser throws plain errors for malformed input; anything else is a bug of ours.
    if (!(thrown instanceof Error) || thrown instanceof TypeError) throw thrown;
    throw malformed("not well-formed");
  }
  const elements = nodes.filter((node) => node["#comment"] === undefined && !isBlank(node));
  const [root] = elements;
  const children = root?.text;
  if (elements.length !== 1 || !Array.isArray(children)) throw malformed("expected <text>");
  return children.map(charactersOf).join("");
}

/** What may hold a `<!` that is none: what it begins with, and what ends it. */
const opaque = [["<?", "?>"], ["<!--", "-->"], ["<![CDATA[", "]]>"]] as const;

/**
 * True where a document type declaration stands, wherever that is: the parser passes over those
 * that come too late (production 22). Scanned by hand: an expression with a loop in a loop takes
 * for ever on a megabyte of blanks.
 */
function hasDocumentType(document: string): boolean {
  for (let at = document.indexOf("<"); at >= 0; at = document.indexOf("<", at)) {
    const [start, end] = opaque.find(([start]) => document.startsWith(start, at)) ?? [];
    if (start === undefined) {
      if (/^<!DOCTYPE/i.test(document.slice(at, at + 9))) return true;
      at++;
      continue;
    }
    const found = document.indexOf(end, at + start.length);
    if (found < 0) return false; // not well-formed: the parser says so
    at = found + end.length;
  }
  return false;
}

/** A node as the parser gives it: one property, its name. */
interface XmlNode {
  readonly [name: string]: unknown;
}

function isBlank(node: XmlNode): boolean {
  const text = node["#text"];
  return typeof text === "string" && text.trim() === "";
}

function charactersOf(node: XmlNode): string {
  const text = node["#text"];
  if (typeof text === "string") return text.replace(/&([^;]*);/g, (_, name) => reference(name));
  const section = node["#cdata"];
  if (Array.isArray(section)) {
    return section.map((part: XmlNode) => String(part["#text"] ?? "")).join("");
  }
  if (node["#comment"] !== undefined) return "";
  throw malformed("an element within <text>");
}

function reference(name: string): string {
  const known = Object.hasOwn(predefined, name) ? predefined[name] : undefined;
  if (known !== undefined) return known;
  const [, hex, decimal] = /^#(?:x0*([0-9a-fA-F]{1,6})|0*(\d{1,7}))$/.exec(name) ?? [];
  const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
  const character = code <= 0x10ffff ? String.fromCodePoint(code) : "\0";
  if (noCharacter.test(character)) throw malformed("an entity that was not declared");
  return character;
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  // Read back it would be a line feed (section 2.11).
  "\r": "&#13;",
};

/**
 * Writes an element with text in it.
 *
 * @returns null where the text has a character that XML does not have
 */
export function writeXmlText(element: string, text: string): string | null {
  if (noCharacter.test(text)) return null;
  const escaped = text.replace(/[&<>\r]/g, (character) => escapes[character] ?? character);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${element}>${escaped}</${element}>\n`;
}

function malformed(what: string): HttpError {
  return new HttpError(400, `XML: ${what}`);
}
