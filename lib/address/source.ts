/**
 * The text that is being parsed, with what every refusal of it needs: the whole text, where it
 * went wrong, and what to write instead.
 * @module
 */

import { AddressError, quote } from "../core/error.ts";
import { defaultLimits, type Limits } from "../core/limits.ts";

/** The bounds that parsing looks at. */
export type AddressLimits = Pick<Limits, "address" | "script-steps">;

/** One address text. Parsers are handed ranges of it, so that offsets are always of the whole. */
export class Source {
  /** The whole of it. */
  readonly text: string;
  /** The bounds in force. */
  readonly limits: AddressLimits;

  /**
   * Looks at what no address may have.
   *
   * @throws {AddressError} for a text over the limit, one that is no Unicode, or one with NUL
   */
  constructor(text: string, limits: AddressLimits = defaultLimits) {
    this.text = text;
    this.limits = limits;
    this.#checkLength();
    if (!text.isWellFormed()) {
      throw this.error(text.search(/\p{Surrogate}/u), "a lone surrogate is no Unicode text");
    }
    const nul = text.indexOf("\0");
    if (nul >= 0) throw this.error(nul, "NUL is not allowed");
  }

  #checkLength(): void {
    const limit = this.limits.address;
    // A UTF-16 unit is at least one byte: hostile megabytes are refused without being encoded.
    const bytes = this.text.length > limit ? this.text.length : byteLength(this.text);
    if (bytes <= limit) return;
    const offset = Math.min(limit, this.text.length);
    const hint = "raise it with --limit address=N";
    throw this.error(offset, `longer than ${limit} bytes (limit address)`, hint);
  }

  /** Makes (does not throw) the error for a fault at `offset`, in UTF-16 code units. */
  error(
    offset: number,
    message: string,
    hint?: string,
    kind: "address" | "option" = "address",
  ): AddressError {
    // A URL pasted whole may hold a password: it is left out of what is shown.
    const shown = this.text.replace(/:\/\/[^/?#]*@/, "://...@");
    return new AddressError(shown, offset, message, hint, kind);
  }

  /** Position of `wanted` in `start..end`, or `end`. */
  find(wanted: string, start: number, end: number): number {
    // Within a slice: a search to the end of the text, once for each option, would be quadratic.
    const at = this.text.slice(start, end).indexOf(wanted);
    return at < 0 ? end : start + at;
  }
}

/** A hint to write `text`, which holds parts of a hostile text. */
export function write(text: string): string {
  return `write ${quote(text)}`;
}

const encoder = new TextEncoder();

/** Length of the text in UTF-8, in bytes. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** What is left of the text behind `listen:` and the scheme. */
export interface Body {
  /** The whole text. */
  readonly source: Source;
  /** True where the address listens. */
  readonly passive: boolean;
  /** Where it begins, in UTF-16 code units. */
  readonly start: number;
}
