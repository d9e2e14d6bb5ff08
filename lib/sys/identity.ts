/**
 * What a program says of itself to others.
 * @module
 */

/** The machine's name, and the number of this process. */
export interface Identity {
  readonly host: string;
  readonly pid: number;
}

/** Asks the system. @throws {Deno.errors.NotCapable} without --allow-sys */
export function identity(): Identity {
  return { host: Deno.hostname(), pid: Deno.pid };
}
