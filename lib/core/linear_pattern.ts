/**
 * Looks for a regular expression in time linear in the text, whatever the text.
 *
 * A backtracking engine, which `RegExp` is, takes exponential time for `^(a+)+$` on some thirty
 * letters and a wrong last one: a hostile peer could stop the whole process with one line. Here all
 * ways through the pattern are walked at once (Thompson 1968; Cox, "Regular Expression Matching Can
 * Be Simple And Fast", 2007), and sets of places that were met are kept, so that a character costs
 * one look-up. The runtime's own linear engine needs a flag at its start, which nobody would give.
 * @module
 */

import { type Assertion, compile, type Place } from "./linear_program.ts";

/** What stands beside a place in the text, as far as `^ $ \b \B` ask. */
interface Beside {
  readonly isEdge: boolean;
  readonly isWord: boolean;
  readonly isLineEnd: boolean;
}

const edge: Beside = { isEdge: true, isWord: false, isLineEnd: false };
const lineEnds = "\n\r\u2028\u2029";

/** Steps that are remembered; with more, all are forgotten and found again. */
const mostSteps = 10_000;

/** The places of the program that a text can be at. */
interface State {
  readonly places: readonly number[];
  readonly before: Beside;
  /** By the next character; null where a match was found before it. */
  readonly steps: Map<string, State | null>;
}

/** One pattern, to be looked for in many texts. */
export class LinearPattern {
  readonly #places: readonly Place[];
  readonly #start: number;
  readonly #isWord: RegExp;
  readonly #isMultiline: boolean;
  readonly #isUnicode: boolean;
  /** Once for matches anywhere, once for those that begin where the text does. */
  readonly #anywhere = { states: new Map<string, State>(), searches: true };
  readonly #atStart = { states: new Map<string, State>(), searches: false };
  #steps = 0;

  /**
   * Compiles the pattern.
   *
   * @throws {SyntaxError} for what cannot be told in linear time, a reference back or a look around,
   * and for patterns that are very large once their counts are written out
   */
  constructor(pattern: RegExp) {
    const { places, start } = compile(pattern);
    this.#places = places;
    this.#start = start;
    this.#isWord = new RegExp("^\\w$", pattern.flags.replace(/[gym]/g, ""));
    this.#isMultiline = pattern.multiline;
    this.#isUnicode = pattern.unicode;
  }

  /** True where the pattern matches anywhere in the text, as `RegExp.test` would say. */
  test(text: string): boolean {
    const last = this.#walk(text, this.#anywhere);
    return last === null || this.#closure(last, edge).found;
  }

  /** True where a match that begins with the text was found, or may be once more text comes. */
  mayBegin(text: string): boolean {
    const last = this.#walk(text, this.#atStart);
    return last === null || last.places.length > 0;
  }

  /** Walks the text. Null: a match was found. */
  #walk(text: string, walk: { states: Map<string, State>; searches: boolean }): State | null {
    if (this.#steps > mostSteps) {
      this.#anywhere.states.clear();
      this.#atStart.states.clear();
      this.#steps = 0;
    }
    let state = this.#state([this.#start], edge, walk.states);
    for (let at = 0; at < text.length;) {
      const point = this.#isUnicode ? text.codePointAt(at) : undefined;
      const char = point === undefined ? text.charAt(at) : String.fromCodePoint(point);
      at += char.length;
      let next = state.steps.get(char);
      if (next === undefined) {
        next = this.#step(state, char, walk);
        state.steps.set(char, next);
        this.#steps++;
      }
      if (next === null) return null;
      if (next.places.length === 0) return next;
      state = next;
    }
    return state;
  }

  #step(
    state: State,
    char: string,
    { states, searches }: { states: Map<string, State>; searches: boolean },
  ): State | null {
    const after = this.#beside(char);
    const { found, places } = this.#closure(state, after);
    if (found) return null;
    const next = new Set<number>();
    for (const place of places) {
      const { accepts, next: [to] } = this.#places[place] ?? { next: [] };
      if (to !== undefined && accepts?.test(char)) next.add(to);
    }
    if (searches) next.add(this.#start);
    return this.#state([...next].sort((a, b) => a - b), after, states);
  }

  /** All places that are reached without a character, given what comes next. */
  #closure(
    { places, before }: State,
    after: Beside,
  ): { found: boolean; places: ReadonlySet<number> } {
    const reached = new Set(places);
    let found = false;
    // A set is walked with what is added to it meanwhile: each place once.
    for (const at of reached) {
      const place = this.#places[at];
      if (place === undefined || place.accepts !== undefined) continue;
      if (place.isEnd) found = true;
      if (place.asserts !== undefined && !this.#holds(place.asserts, before, after)) continue;
      for (const to of place.next) reached.add(to);
    }
    return { found, places: reached };
  }

  #holds(what: Assertion, before: Beside, after: Beside): boolean {
    if (what === "\\b") return before.isWord !== after.isWord;
    if (what === "\\B") return before.isWord === after.isWord;
    const side = what === "^" ? before : after;
    return side.isEdge || this.#isMultiline && side.isLineEnd;
  }

  #beside(char: string): Beside {
    return { isEdge: false, isWord: this.#isWord.test(char), isLineEnd: lineEnds.includes(char) };
  }

  #state(places: readonly number[], before: Beside, states: Map<string, State>): State {
    const { isEdge, isWord, isLineEnd } = before;
    const key = `${+isEdge}${+isWord}${+isLineEnd}:${places.join()}`;
    const known = states.get(key);
    if (known !== undefined) return known;
    const state = { places, before, steps: new Map<string, State | null>() };
    states.set(key, state);
    return state;
  }
}
