/**
 * What a program says of itself to others.
 * @module
 */

/** The machine's name, the number of this process, and whose it is. */
export interface Identity {
  readonly host: string;
  readonly pid: number;
  /** The real user id; null where the system has none. */
  readonly uid: number | null;
}

/** Asks the system. @throws {Deno.errors.NotCapable} without --allow-sys */
export function identity(): Identity {
  return { host: Deno.hostname(), pid: Deno.pid, uid: Deno.uid() };
}
