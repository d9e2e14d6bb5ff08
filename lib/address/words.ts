/**
 * Splits a command into words by the quoting rules of the POSIX shell (Shell Command Language
 * section 2.2), and does nothing else of a shell: no variables, globs, operators or comments.
 * @module
 */

import { AddressError } from "../core/error.ts";

/** A quote that is never closed. */
export interface OpenQuote {
  /** Where it opens, in UTF-16 code units. */
  readonly offset: number;
  /** What is wrong there, for people. */
  readonly message: string;
}

/** Characters that stand for themselves, taken a run at a time. */
const plain = /[^ \t\n\\'"]+/y;
const plainInDouble = /[^\\"]+/y;

/**
 * Splits a command into words.
 *
 * @throws {AddressError} for a quote that is not closed or a backslash with nothing after it
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitWords } from "./words.ts";
 *
 * assertEquals(splitWords(`grep -e 'a b' "it's"`), ["grep", "-e", "a b", "it's"]);
 * ```
 */
export function splitWords(text: string): string[] {
  const words = scanWords(text);
  if (Array.isArray(words)) return words;
  throw new AddressError(text, words.offset, words.message);
}

/** As `splitWords`, for a caller who knows the whole text that the error is about. */
export function scanWords(text: string): string[] | OpenQuote {
  const words: string[] = [];
  let word: string | null = null; // null between words: '' is a word, a blank is none
  for (let at = 0; at < text.length;) {
    const c = text.charAt(at);
    if (c === " " || c === "\t" || c === "\n") {
      if (word !== null) words.push(word);
      word = null;
      at++;
    } else if (c === "\\") {
      const next = text.charAt(at + 1);
      if (next === "") return { offset: at, message: "a backslash with nothing after it" };
      // 2.2.1: a backslash and a newline are nothing at all, not even the begin of a word.
      if (next !== "\n") word = (word ?? "") + next;
      at += 2;
    } else if (c === "'") {
      const close = text.indexOf("'", at + 1);
      if (close < 0) return { offset: at, message: "a single quote that is not closed" };
      word = (word ?? "") + text.slice(at + 1, close);
      at = close + 1;
    } else if (c === '"') {
      const inner = doubleQuoted(text, at + 1);
      if (inner === null) return { offset: at, message: "a double quote that is not closed" };
      word = (word ?? "") + inner.text;
      at = inner.end;
    } else {
      const run = runFrom(plain, text, at);
      word = (word ?? "") + run;
      at += run.length;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

/** 2.2.3: inside double quotes a backslash is one only before these and a newline. */
function doubleQuoted(text: string, start: number): { text: string; end: number } | null {
  let inner = "";
  for (let at = start; at < text.length;) {
    const c = text.charAt(at);
    const next = text.charAt(at + 1);
    if (c === '"') return { text: inner, end: at + 1 };
    if (c !== "\\") {
      const run = runFrom(plainInDouble, text, at);
      inner += run;
      at += run.length;
    } else if (next !== "" && '$`"\\\n'.includes(next)) {
      if (next !== "\n") inner += next;
      at += 2;
    } else {
      inner += c;
      at++;
    }
  }
  return null;
}

function runFrom(run: RegExp, text: string, at: number): string {
  run.lastIndex = at;
  return run.exec(text)?.[0] ?? "";
}
