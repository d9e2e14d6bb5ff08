/**
 * What a peer says of itself <-> lines of text: `version=0.1.0`, `sessions=3`, `say.role=db`.
 *
 * Lines and not a table of numbers, so that a later version can say more: a name that is not known
 * is skipped. What users say has a prefix of its own, so that no later name can collide with it.
 * @module
 */

import { NetError, quote } from "../core/error.ts";

/** What a peer says of itself; what it does not say, or cannot know, is missing. */
export interface PeerFacts {
  /** Version of its program. */
  readonly version?: string;
  /** How long it has run, in milliseconds. */
  readonly uptimeMs?: number;
  /** Sessions that it has open; only a server counts them. */
  readonly sessions?: number;
  /** Load averages of its machine over 1, 5 and 15 minutes (proc_loadavg(5)). */
  readonly load?: readonly [number, number, number];
  /** Descriptors that it may still open. */
  readonly freeDescriptors?: number;
  /** What its user has it say: `--say key=value`. */
  readonly say?: Readonly<Record<string, string>>;
}

/** Most of `--say` that one peer says. */
export const maximumSayings = 16;

/** Longest value of one, in bytes of UTF-8. */
export const maximumSayingBytes = 200;

/** A key of `--say`. */
const sayingKey = /^[A-Za-z][A-Za-z0-9_.-]{0,31}$/;

const sayingPrefix = "say.";

/** Words of a version are shown to people: short, and without blanks. */
const versionText = /^[\x21-\x7e]{1,64}$/;

/**
 * Why `key=value` cannot be said, or null where it can.
 *
 * @param key letters, digits and `_ . -`, at most 32, a letter first
 * @param value one line of at most 200 bytes
 */
export function whyUnsayable(key: string, value: string): string | null {
  if (!sayingKey.test(key)) return "a key is a letter, then letters, digits, _ . or -, 32 at most";
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(value)) return "a value has no control characters";
  if (encoder.encode(value).length > maximumSayingBytes) {
    return `a value is at most ${maximumSayingBytes} bytes`;
  }
  return null;
}

/**
 * Reads what a user wants said: texts like `role=db`.
 *
 * @throws {NetError} kind "usage" for one that is not `key=value`, a key twice, or too many
 */
export function readSayings(texts: readonly string[]): Readonly<Record<string, string>> {
  const say: Record<string, string> = Object.create(null);
  const refuse = (message: string) =>
    new NetError({ kind: "usage", op: "say", message, hint: "write --say KEY=VALUE" });
  for (const text of texts) {
    const equals = text.indexOf("=");
    if (equals <= 0) throw refuse(`${quote(text)} is not KEY=VALUE`);
    const [key, value] = [text.slice(0, equals), text.slice(equals + 1)];
    const why = whyUnsayable(key, value);
    if (why !== null) throw refuse(`${quote(text)}: ${why}`);
    if (Object.hasOwn(say, key)) throw refuse(`${key} is said twice`);
    say[key] = value;
  }
  if (texts.length > maximumSayings) throw refuse(`at most ${maximumSayings} things can be said`);
  return say;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Writes facts, those of the program before those of its user.
 *
 * @param room most bytes that may be used; lines that do not fit are left out
 */
export function encodeFacts(facts: PeerFacts, room: number): Uint8Array {
  const { version, uptimeMs, sessions, load, freeDescriptors, say = {} } = facts;
  const pairs: [string, string | undefined][] = [
    ["version", version],
    ["uptime", whole(uptimeMs)],
    ["sessions", whole(sessions)],
    ["load", load?.map((average) => average.toFixed(2)).join(" ")],
    ["descriptors", whole(freeDescriptors)],
    ...Object.entries(say).map(([key, value]): [string, string] => [sayingPrefix + key, value]),
  ];
  let lines = new Uint8Array(0);
  for (const [key, value] of pairs) {
    if (value === undefined) continue;
    const line = encoder.encode(`${key}=${value}\n`);
    if (lines.length + line.length > room) continue;
    const longer = new Uint8Array(lines.length + line.length);
    longer.set(lines);
    longer.set(line, lines.length);
    lines = longer;
  }
  return lines;
}

function whole(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(Math.max(0, Math.round(value)));
}

/**
 * Reads facts.
 *
 * @param bytes bounded by the caller
 * @throws {NetError} kind "protocol" for text that is none, a line without `=`, a name twice, a
 * number that is none, or more than a user may have said
 */
export function decodeFacts(bytes: Uint8Array): PeerFacts {
  const facts: { -readonly [K in keyof PeerFacts]: PeerFacts[K] } = {};
  // Without a prototype: the names come from the peer.
  const say: Record<string, string> = Object.create(null);
  const seen = new Set<string>();
  for (const [key, value] of pairsOf(bytes)) {
    if (seen.has(key)) throw malformed(`${shown(key)} is said twice`);
    seen.add(key);
    if (key.startsWith(sayingPrefix)) {
      const name = key.slice(sayingPrefix.length);
      const why = whyUnsayable(name, value);
      if (why !== null) throw malformed(why);
      say[name] = value;
    } else if (key === "version") {
      if (!versionText.test(value)) throw malformed("the version is none");
      facts.version = value;
    } else if (key === "uptime") facts.uptimeMs = numberOf(key, value);
    else if (key === "sessions") facts.sessions = numberOf(key, value);
    else if (key === "descriptors") facts.freeDescriptors = numberOf(key, value);
    else if (key === "load") facts.load = loadOf(value);
  }
  const said = Object.keys(say).length;
  if (said > maximumSayings) throw malformed(`more than ${maximumSayings} things are said`);
  return said === 0 ? facts : { ...facts, say };
}

function* pairsOf(bytes: Uint8Array): Generator<[string, string]> {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw malformed("the facts are not UTF-8");
  }
  if (text === "") return;
  if (!text.endsWith("\n")) throw malformed("the facts are cut off");
  for (const line of text.slice(0, -1).split("\n")) {
    const equals = line.indexOf("=");
    if (equals <= 0) throw malformed("a fact is not KEY=VALUE");
    yield [line.slice(0, equals), line.slice(equals + 1)];
  }
}

function numberOf(key: string, value: string): number {
  // 15 digits are exact in a number.
  if (!/^[0-9]{1,15}$/.test(value)) throw malformed(`${key} is no number`);
  return Number(value);
}

function loadOf(value: string): readonly [number, number, number] {
  const averages = /^([0-9]{1,9}\.[0-9]{2}) ([0-9]{1,9}\.[0-9]{2}) ([0-9]{1,9}\.[0-9]{2})$/.exec(
    value,
  );
  if (averages === null) throw malformed("load is not three numbers");
  return [Number(averages[1]), Number(averages[2]), Number(averages[3])];
}

function shown(key: string): string {
  return JSON.stringify(key.slice(0, 40));
}

function malformed(message: string): NetError {
  return new NetError({ kind: "protocol", op: "ping", message, blame: "remote" });
}
