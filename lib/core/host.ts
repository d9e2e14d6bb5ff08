/**
 * The process as a value: `main.ts` hands it inward, tests hand in another.
 * @module
 */

import type { Clock } from "./clock.ts";
import type { StandardStreams } from "./transport.ts";

/** Signals that commands listen to. SIGUSR1 opens the runtime's inspector and is never used. */
export type HostSignal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGUSR2" | "SIGWINCH";

/** A file that is written to at its end. */
export interface AppendedFile {
  /**
   * Writes all of it, at once. @returns false where that would have to wait for the reader of a
   * named pipe: nothing was written
   */
  write(text: string): boolean;
  /** Idempotent. */
  close(): void;
}

/** What a program of the command line has around it. */
export interface Host {
  readonly stdio: StandardStreams;
  /** Standard error: whole lines, written at once, never throws. */
  writeError(text: string): void;
  readonly errorIsTerminal: boolean;
  /** Columns and rows of the terminal, or null. */
  terminalSize(): { columns: number; rows: number } | null;
  environment(name: string): string | undefined;
  /** @returns a function that stops listening */
  onSignal(signal: HostSignal, then: () => void): () => void;
  /** True when the terminal that it was started on is gone (opening /dev/tty fails with ENXIO). */
  terminalGone(): boolean;
  readTextFile(path: string, maximumBytes: number): Promise<string>;
  /** Opens a file for appending, mode 0600 when it is made; used by `--log`. */
  appendFile(path: string): AppendedFile;
  readonly clock: Clock;
  readonly pid: number;
  readonly runtime: { readonly deno: string; readonly v8: string; readonly target: string };
  exit(code: number): never;
}
