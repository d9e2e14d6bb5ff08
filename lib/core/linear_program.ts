/**
 * A regular expression -> places with the ways between them, for `linear_pattern.ts`.
 *
 * Only the structure is read here (groups, alternatives, counts, assertions). What a single
 * character may be, a class or an escape, is left to a `RegExp` of that one atom: which has nothing
 * to go back over, and means exactly what the whole pattern's would.
 * @module
 */

/** What holds between two characters. */
export type Assertion = "^" | "$" | "\\b" | "\\B";

/** One place in a pattern. */
export interface Place {
  /** The characters that lead on; undefined: it is left without one. */
  readonly accepts?: RegExp;
  /** It is left only where this holds. */
  readonly asserts?: Assertion;
  /** The pattern has matched. */
  readonly isEnd?: boolean;
  /** Where it is left to. */
  next: readonly number[];
}

/** With more the steps of a hostile line would no longer be short. */
const mostPlaces = 1_000;

/** Groups within groups; more are no pattern of a person, and each is a call. */
const deepest = 100;

/** What stands after a backslash: a code, a control letter, a reference, or any character. */
const escaped = "x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|c[A-Za-z]|0[0-7]{0,2}|[1-9]\\d*|k<[^>]*>|[\\s\\S]";
/** With the flag u; without it `\u{2}` is the letter u, twice. */
const braced = "u\\{[0-9a-fA-F]+\\}|[pP]\\{[^}]*\\}|";
const others = "\\[(?:\\\\[\\s\\S]|[^\\]\\\\])*\\]|\\((?:\\?(?:<?[=!]|<[^>]*>|[a-z-]*:))?|" +
  "[*+?]\\??|\\{\\d+(?:,\\d*)?\\}\\??|[\\s\\S]";
const counted = /^\{(\d+)(,(\d*))?\}\??$/;

type Node =
  | { readonly kind: "atom"; readonly accepts: RegExp }
  | { readonly kind: "assert"; readonly what: Assertion }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Node[] }
  | { readonly kind: "repeat"; readonly of: Node; readonly least: number; readonly most: number };

/**
 * Compiles a pattern.
 *
 * @throws {SyntaxError} for references back, looks around, modifiers, sets of the flag `v`, and
 * patterns of more than 1,000 places
 */
export function compile(pattern: RegExp): { places: readonly Place[]; start: number } {
  if (pattern.unicodeSets) throw new SyntaxError("the flag v is not known here");
  const places: Place[] = [{ isEnd: true, next: [] }];
  const start = new Compiler(places).add(new Reader(pattern).read(), 0);
  return { places, start };
}

/** Pieces of a source -> a tree. The source is that of a `RegExp`: what it looks like, it is. */
class Reader {
  readonly #pieces: readonly string[];
  readonly #flags: string;
  #at = 0;

  constructor(pattern: RegExp) {
    this.#flags = pattern.flags.replace(/[gymd]/g, "");
    const { unicode, source } = pattern;
    const piece = `\\\\(?:${unicode ? braced : ""}${escaped})|${others}`;
    this.#pieces = source.match(new RegExp(piece, unicode ? "gu" : "g")) ?? [];
  }

  read(depth = 0): Node {
    if (depth > deepest) throw new SyntaxError(`groups are nested more than ${deepest} deep`);
    const choices: Node[] = [];
    let parts: Node[] = [];
    for (let piece = this.#take(); piece !== undefined && piece !== ")"; piece = this.#take()) {
      if (piece === "|") {
        choices.push({ kind: "sequence", parts });
        parts = [];
      } else parts.push(this.#counted(this.#one(piece, depth)));
    }
    choices.push({ kind: "sequence", parts });
    return { kind: "choice", parts: choices };
  }

  #take(): string | undefined {
    return this.#pieces[this.#at++];
  }

  #one(piece: string, depth: number): Node {
    if (piece === "^" || piece === "$" || piece === "\\b" || piece === "\\B") {
      return { kind: "assert", what: piece };
    }
    if (/^\\(?:[1-9]|k<)/.test(piece)) throw unbounded("refers back to a group");
    if (/^\(\?<?[=!]/.test(piece)) throw unbounded("looks ahead or behind");
    if (/^\(\?[a-z-]+:/.test(piece)) {
      throw new SyntaxError("modifiers in groups are not known here");
    }
    if (piece.startsWith("(")) return this.read(depth + 1);
    return { kind: "atom", accepts: new RegExp(`^(?:${piece})$`, this.#flags) };
  }

  #counted(of: Node): Node {
    const [sign = "", least, comma, most] = counted.exec(this.#pieces[this.#at] ?? "") ?? [];
    const piece = sign === "" ? (this.#pieces[this.#at] ?? "").replace(/^([*+?])\?$/, "$1") : sign;
    if (sign === "" && piece !== "*" && piece !== "+" && piece !== "?") return of;
    this.#at++;
    if (sign === "") {
      return { kind: "repeat", of, least: +(piece === "+"), most: piece === "?" ? 1 : Infinity };
    }
    const upTo = comma === undefined ? Number(least) : most === "" ? Infinity : Number(most);
    return { kind: "repeat", of, least: Number(least), most: upTo };
  }
}

function unbounded(what: string): SyntaxError {
  return new SyntaxError(`it ${what}, which cannot be told in bounded time on what a peer sends`);
}

/** A tree -> places. Each is made with the place that follows it, so the last come first. */
class Compiler {
  readonly #places: Place[];
  #work = 0;

  constructor(places: Place[]) {
    this.#places = places;
  }

  add(node: Node, next: number): number {
    // Counts are written out; empty groups take no place, and yet work.
    if (this.#places.length > mostPlaces || ++this.#work > 10 * mostPlaces) {
      throw new SyntaxError(`it is too large, more than ${mostPlaces} places`);
    }
    switch (node.kind) {
      case "atom":
        return this.#push({ accepts: node.accepts, next: [next] });
      case "assert":
        return this.#push({ asserts: node.what, next: [next] });
      case "sequence":
        return node.parts.reduceRight((to, part) => this.add(part, to), next);
      case "choice": {
        const [only, ...others] = node.parts.map((part) => this.add(part, next));
        return only !== undefined && others.length === 0
          ? only
          : this.#push({ next: only === undefined ? [next] : [only, ...others] });
      }
      case "repeat":
        return this.#repeat(node.of, node.least, node.most, next);
    }
  }

  #repeat(of: Node, least: number, most: number, next: number): number {
    let to = next;
    if (most === Infinity) {
      const turn: Place = { next: [] };
      to = this.#push(turn);
      turn.next = [this.add(of, to), next];
    } else {
      for (let more = least; more < most; more++) {
        to = this.#push({ next: [this.add(of, to), next] });
      }
    }
    for (let time = 0; time < least; time++) to = this.add(of, to);
    return to;
  }

  #push(place: Place): number {
    return this.#places.push(place) - 1;
  }
}
