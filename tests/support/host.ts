/**
 * A process as a value, for commands that are run inside the test: what they write is text to look
 * at, signals are raised by the test, time is virtual where it wants it.
 * @module
 */

import { type Clock, realClock } from "../../lib/core/clock.ts";
import { NetError } from "../../lib/core/error.ts";
import type { Host, HostSignal } from "../../lib/core/host.ts";

/** What a test decides about its host. */
export interface FakeHostOptions {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly errorIsTerminal?: boolean;
  readonly outputIsTerminal?: boolean;
  readonly columns?: number;
  /** Standard output fails with this code. */
  readonly outputFails?: string;
  /** The terminal that it was started on is gone. */
  readonly terminalGone?: boolean;
  /** Appending fails with this error. */
  readonly appendFails?: NetError;
  /** True while the file that is appended to is a pipe without room. */
  readonly appendWaits?: () => boolean;
}

/** `exit` was called: it never returns, so it throws. */
export class Exited extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

/** A host that remembers. */
export interface FakeHost extends Host {
  /** What was written to standard output and standard error so far. */
  readonly output: () => string;
  readonly errors: () => string;
  /** Files that were appended to, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Files that are open. */
  readonly openFiles: () => number;
  raise(signal: HostSignal): void;
  /** How many listeners of signals there are. */
  readonly listeners: () => number;
}

/** Makes a host. */
export function fakeHost(options: FakeHostOptions = {}): FakeHost {
  const decoder = new TextDecoder();
  let input = new TextEncoder().encode(options.input ?? "");
  let output = "";
  let errors = "";
  let open = 0;
  const files = new Map<string, string>();
  const handlers: { signal: HostSignal; then: () => void }[] = [];
  return {
    output: () => output,
    errors: () => errors,
    files,
    openFiles: () => open,
    listeners: () => handlers.length,
    raise(signal) {
      for (const handler of [...handlers]) if (handler.signal === signal) handler.then();
    },
    stdio: {
      inputIsTerminal: false,
      outputIsTerminal: options.outputIsTerminal ?? false,
      read(into) {
        if (input.length === 0) return Promise.resolve(null);
        const count = Math.min(into.length, input.length);
        into.set(input.subarray(0, count));
        input = input.subarray(count);
        return Promise.resolve(count);
      },
      write(chunk) {
        if (options.outputFails !== undefined) {
          const kind = options.outputFails === "EPIPE" ? "broken" : "local-write";
          const code = options.outputFails;
          return Promise.reject(
            new NetError({ kind, op: "write", address: "stdio:", message: "failed", code }),
          );
        }
        output += decoder.decode(chunk);
        return Promise.resolve();
      },
      closeOutput() {},
    },
    writeError(text) {
      errors += text.endsWith("\n") ? text : `${text}\n`;
    },
    errorIsTerminal: options.errorIsTerminal ?? false,
    terminalSize: () =>
      options.columns === undefined ? null : { columns: options.columns, rows: 24 },
    environment: (name) => options.environment?.[name],
    onSignal(signal, then) {
      const handler = { signal, then };
      handlers.push(handler);
      return () => {
        const at = handlers.indexOf(handler);
        if (at >= 0) handlers.splice(at, 1);
      };
    },
    terminalGone: () => options.terminalGone ?? false,
    readTextFile: (path) =>
      Promise.reject(
        new NetError({ kind: "not-found", op: "read", address: path, message: "no such file" }),
      ),
    appendFile(path) {
      open++;
      return {
        write(text) {
          if (options.appendFails !== undefined) throw options.appendFails;
          if (options.appendWaits?.() === true) return false;
          files.set(path, (files.get(path) ?? "") + text);
          return true;
        },
        close() {
          open--;
        },
      };
    },
    clock: options.clock ?? realClock,
    pid: 4242,
    runtime: { deno: "2.9.5", v8: "15.0", target: "x86_64-unknown-linux-gnu" },
    exit(code) {
      throw new Exited(code);
    },
  };
}
