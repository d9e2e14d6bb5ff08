/**
 * `--heartbeat` and `heartbeat=`: how life is looked for, as it is written.
 *
 *     every=5s,misses=3,grace=1s,mode=pingpong
 *     every=30s,send=PING\r\n,expect=^PONG,strip=no
 *     mode=pingpong,say=role=db
 *
 * A comma separates; `\,` is a comma. In `send` there are `\r \n \t \\ \xHH`; `expect` is a regular
 * expression as it stands, but for its `\,`.
 * @module
 */

import { quote } from "../core/error.ts";
import { LinearPattern } from "../core/linear_pattern.ts";
import { nearest } from "../core/nearest.ts";
import { ValueError } from "./fault.ts";
import { switchedOff } from "./lasting.ts";
import { formatDuration, parseDuration } from "./units.ts";

/** What was written, with the defaults; `keepAlive` takes it as it is. Times in milliseconds. */
export interface HeartbeatSpec {
  /** One sign of life in this time, sent and expected. */
  readonly everyMs: number;
  /** So many intervals without one, and the peer is dead. */
  readonly misses: number;
  /** Added to the whole. */
  readonly graceMs: number;
  /** Each side says by itself that it lives, or this one asks. */
  readonly mode: "heartbeat" | "pingpong";
  /** What notices death. */
  readonly detector: "misses" | "adaptive";
  /** Lines that match `expect` are taken out of the data. */
  readonly strip: boolean;
  /** Bytes for a foreign peer. */
  readonly send?: Uint8Array;
  /** Its lines that are heartbeats. */
  readonly expect?: RegExp;
  /** What this side says of itself to another plumb: `say=role=db`, any number of times. */
  readonly say?: Readonly<Record<string, string>>;
}

/** More often than that, and the load is what one measures. */
const leastEveryMs = 10;
const mostMs = 24 * 3_600_000;
const mostMisses = 1_000;

/** A sign of life is short; what is long is a file. */
const longestSend = 1024;

/** A part of the text: from its key to before its comma. */
interface Part {
  readonly key: string;
  /** With its escapes. */
  readonly raw: string;
  /** Offset of `raw` in the whole. */
  readonly at: number;
}

/** Values so far. */
type Draft = { -readonly [K in keyof HeartbeatSpec]: HeartbeatSpec[K] };

/** What each key reads, in the order in which `formatHeartbeat` prints. */
const readers: Readonly<Record<string, (part: Part, draft: Draft) => void>> = {
  every: (part, draft) => draft.everyMs = duration(part, leastEveryMs),
  misses: (part, draft) => draft.misses = count(part),
  grace: (part, draft) => draft.graceMs = duration(part, 0),
  mode: (part, draft) => draft.mode = choice(part, ["heartbeat", "pingpong"]),
  detector: (part, draft) => draft.detector = choice(part, ["misses", "adaptive"]),
  send: (part, draft) => draft.send = sendBytes(part),
  expect: (part, draft) => draft.expect = pattern(part),
  strip: (part, draft) => draft.strip = choice(part, ["yes", "no"]) === "yes",
  say: (part, draft) => draft.say = saying(part, draft.say),
};

/** The usual heartbeat: one every 5 s, dead after three misses. */
export const defaultHeartbeat: HeartbeatSpec = {
  everyMs: 5_000,
  misses: 3,
  graceMs: 0,
  mode: "heartbeat",
  detector: "misses",
  strip: true,
};

/**
 * Reads a heartbeat. What is not written has its default; the order is free.
 *
 * @throws {ValueError} with the offset of what is wrong: an unknown or repeated word, a value that
 * cannot be, words that do not go together
 */
export function parseHeartbeat(text: string): HeartbeatSpec {
  const draft: Draft = { ...defaultHeartbeat };
  const seen = new Map<string, Part>();
  for (const part of partsOf(text)) {
    const { key, at } = part;
    const start = at - key.length - 1;
    const reader = Object.hasOwn(readers, key) ? readers[key] : undefined;
    if (reader === undefined) throw unknownKey(text, key, start);
    if (seen.has(key) && key !== "say") throw new ValueError(text, start, `${key} is given twice`);
    seen.set(key, part);
    try {
      reader(part, draft);
    } catch (thrown) {
      if (!(thrown instanceof ValueError)) throw thrown;
      throw new ValueError(text, at + thrown.offset, `${key}: ${thrown.reason}`, thrown.hint);
    }
  }
  const clash = clashOf(draft, seen);
  if (clash !== null) throw new ValueError(text, clash.at, clash.message, clash.hint);
  return draft;
}

/** Reads a heartbeat, or null for `no`: the word that takes a default back for one address. */
export function parseHeartbeatOrNone(text: string): HeartbeatSpec | null {
  return text === switchedOff ? null : parseHeartbeat(text);
}

/** Prints a heartbeat in full, so that `parseHeartbeat` gives it back. */
export function formatHeartbeat(spec: HeartbeatSpec): string {
  const { everyMs, misses, graceMs, mode, detector, send, expect, strip, say = {} } = spec;
  const parts = [`every=${formatDuration(everyMs)}`, `misses=${misses}`];
  if (graceMs > 0) parts.push(`grace=${formatDuration(graceMs)}`);
  if (mode !== "heartbeat") parts.push(`mode=${mode}`);
  if (detector !== "misses") parts.push(`detector=${detector}`);
  if (send !== undefined) parts.push(`send=${[...send].map(escapeByte).join("")}`);
  if (expect !== undefined) parts.push(`expect=${escapeCommas(expect.source)}`);
  if (expect !== undefined && !strip) parts.push("strip=no");
  for (const [name, value] of Object.entries(say)) parts.push(sayingPart(name, value));
  return parts.join(",");
}

function partsOf(text: string): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (let at = 0; at <= text.length; at++) {
    if (text[at] === "\\") at++;
    else if (at === text.length || text[at] === ",") {
      parts.push(partAt(text, from, Math.min(at, text.length)));
      from = at + 1;
    }
  }
  if (from <= text.length) parts.push(partAt(text, from, text.length));
  return parts;
}

function partAt(text: string, from: number, to: number): Part {
  const part = text.slice(from, to);
  const equals = part.indexOf("=");
  if (equals > 0) {
    return { key: part.slice(0, equals), raw: part.slice(equals + 1), at: from + equals + 1 };
  }
  const hint = part === "" ? "write every=5s,misses=3" : "write KEY=VALUE; a comma is \\,";
  throw new ValueError(text, from, part === "" ? "an empty part" : "a part without =", hint);
}

function unknownKey(text: string, key: string, at: number): ValueError {
  const near = nearest(key, Object.keys(readers));
  const hint = near === undefined
    ? `one of ${Object.keys(readers).join(", ")}`
    : `did you mean ${near}?`;
  return new ValueError(text, at, `${quote(key)} is no part of a heartbeat`, hint);
}

/** Words that do not go together. */
function clashOf(
  { send, expect, mode, graceMs }: Draft,
  seen: ReadonlyMap<string, Part>,
): { readonly at: number; readonly message: string; readonly hint: string } | null {
  const at = (key: string) => (seen.get(key)?.at ?? 0) - key.length - 1;
  const isText = send !== undefined || expect !== undefined;
  if (isText && seen.has("say")) {
    const message =
      "what is said of oneself is told to plumbs, send and expect are for other peers";
    return { at: at("say"), message, hint: "write one of them" };
  }
  if (isText && mode === "pingpong") {
    const message = "mode=pingpong is between two plumbs, send and expect are for other peers";
    return { at: at("mode"), message, hint: "write one of them" };
  }
  if (seen.has("strip") && expect === undefined) {
    const message = "strip is about lines that match expect, and there is none";
    return { at: at("strip"), message, hint: "add expect=REGEX" };
  }
  if (seen.has("grace") && graceMs > mostMs) {
    return { at: at("grace"), message: "a grace is at most 24h", hint: "write grace=1s" };
  }
  return null;
}

function duration({ raw }: Part, leastMs: number): number {
  const durationMs = parseDuration(raw);
  if (durationMs >= leastMs && durationMs <= mostMs) return durationMs;
  const bounds = `${formatDuration(leastMs)} to ${formatDuration(mostMs)}`;
  throw new ValueError(raw, 0, "out of bounds", `write ${bounds}`);
}

function count({ raw }: Part): number {
  const misses = /^[1-9]\d{0,3}$/.test(raw) ? Number(raw) : 0;
  if (misses >= 1 && misses <= mostMisses) return misses;
  throw new ValueError(raw, 0, "not a number of misses", `write 1 to ${mostMisses}`);
}

function choice<T extends string>({ raw }: Part, words: readonly T[]): T {
  const word = words.find((one) => one === raw);
  if (word !== undefined) return word;
  const near = nearest(raw, words);
  const hint = near === undefined ? `one of ${words.join(", ")}` : `did you mean ${near}?`;
  throw new ValueError(raw, 0, `${quote(raw)} is none of the choices`, hint);
}

const simpleEscapes: Readonly<Record<string, string>> = {
  r: "\r",
  n: "\n",
  t: "\t",
  "\\": "\\",
  ",": ",",
};

const encoder = new TextEncoder();

function sendBytes({ raw }: Part): Uint8Array {
  const bytes: number[] = [];
  const escape = /\\(?:x([0-9a-fA-F]{2})|([\s\S]?))/g;
  let from = 0;
  for (const found of raw.matchAll(escape)) {
    bytes.push(...encoder.encode(raw.slice(from, found.index)));
    from = found.index + found[0].length;
    const [, hex, letter = ""] = found;
    const simple = Object.hasOwn(simpleEscapes, letter) ? simpleEscapes[letter] : undefined;
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (simple !== undefined) bytes.push(simple.charCodeAt(0));
    else throw unknownEscape(raw, found.index);
  }
  bytes.push(...encoder.encode(raw.slice(from)));
  if (bytes.length > 0 && bytes.length <= longestSend) return Uint8Array.from(bytes);
  const message = bytes.length === 0 ? "nothing to send" : "too long to send";
  throw new ValueError(raw, 0, message, `write 1 to ${longestSend} bytes`);
}

function unknownEscape(raw: string, at: number): ValueError {
  return new ValueError(raw, at, "an unknown escape", "there are \\r \\n \\t \\\\ \\, and \\xHH");
}

function pattern({ raw }: Part): RegExp {
  if (raw === "") throw new ValueError(raw, 0, "an empty pattern would take every line");
  // Escapes are skipped whole: `\\,` is a backslash and the comma that ended the part before.
  const source = raw.replace(/\\([\s\S])/g, (whole, one) => one === "," ? "," : whole);
  let read: RegExp;
  try {
    read = new RegExp(source);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.replace(/^.*: /, "") : "";
    throw new ValueError(raw, 0, `no regular expression: ${why.toLowerCase()}`);
  }
  try {
    new LinearPattern(read);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : "";
    throw new ValueError(raw, 0, `not for what a peer sends: ${why}`);
  }
  return read;
}

/** Which names and values may be said is the wire's to know (`wire/peer_facts.ts`). */
function saying({ raw }: Part, said: HeartbeatSpec["say"]): Readonly<Record<string, string>> {
  const text = raw.replace(/\\([\\,])/g, "$1");
  const equals = text.indexOf("=");
  if (equals <= 0) throw new ValueError(raw, 0, "not KEY=VALUE", "write say=role=db");
  const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
  const say: Record<string, string> = Object.assign(Object.create(null), said);
  if (Object.hasOwn(say, name)) throw new ValueError(raw, 0, `${quote(name)} is said twice`);
  say[name] = value;
  return say;
}

/** What a side says of itself, as a part of a heartbeat's text. */
export function sayingPart(name: string, value: string): string {
  return `say=${name}=${value.replace(/[\\,]/g, "\\$&")}`;
}

function escapeByte(byte: number): string {
  const char = String.fromCharCode(byte);
  for (const [letter, meant] of Object.entries(simpleEscapes)) {
    if (meant === char) return `\\${letter}`;
  }
  const isPlain = byte >= 0x20 && byte < 0x7f;
  return isPlain ? char : `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** Commas of a pattern; one that is escaped already would be read as the end of its escape. */
function escapeCommas(source: string): string {
  return source.replace(/\\[\s\S]|,/g, (found) => found === "," ? "\\," : found);
}
