/**
 * The schemes of the address language: which there are, and which can listen.
 * @module
 */

import type { Scheme } from "../core/address.ts";

/** What the grammar knows of a scheme. */
export interface SchemeRow {
  /** False where nothing can connect to it: `listen:` is refused. */
  readonly passive: boolean;
}

/** Every scheme that this version has. */
export const schemes: Readonly<Record<Scheme, SchemeRow>> = {
  tcp: { passive: true },
  udp: { passive: true },
  unix: { passive: true },
  unixgram: { passive: true },
  exec: { passive: false },
  sh: { passive: false },
  stdio: { passive: false },
  fd: { passive: true },
  file: { passive: false },
  fifo: { passive: true },
  memory: { passive: true },
  script: { passive: false },
};

/** Schemes of the language that are not built yet: named, so that the refusal is exact. */
const laterSchemes: ReadonlySet<string> = new Set(["tls", "ws", "wss", "unixpacket"]);

/** True for a scheme that this version has (in lower case). */
export function isScheme(word: string): word is Scheme {
  return Object.hasOwn(schemes, word);
}

/** True for a scheme that only a later version has (in lower case). */
export function isLaterScheme(word: string): boolean {
  return laterSchemes.has(word);
}

/** Every word that is a scheme before a colon, for "did you mean". */
export const schemeWords: readonly string[] = [...Object.keys(schemes), ...laterSchemes];
