/**
 * What looks at the bytes of a session as they pass, without changing them.
 * @module
 */

/** Which way bytes go through a relay. */
export type Direction = "a-b" | "b-a";

/** Sees every chunk before it is written. A slow tap holds the session back: nothing is skipped. */
export interface Tap {
  /** `chunk` is valid until the promise settles. */
  chunk(direction: Direction, chunk: Uint8Array): void | Promise<void>;
  /** One direction ended. */
  end?(direction: Direction): void | Promise<void>;
  /** The session is over. */
  close?(): void | Promise<void>;
}
