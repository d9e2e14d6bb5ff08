/**
 * The process as a value, over Deno's own API. Loaded at each start: no FFI, nothing opened early
 * but /dev/tty.
 * @module
 */

import { concatenate } from "../core/bytes.ts";
import { realClock, sleep } from "../core/clock.ts";
import { NetError, systemCode, toNetError } from "../core/error.ts";
import type { AppendedFile, Host, HostSignal } from "../core/host.ts";
import type { StandardStreams } from "../core/transport.ts";
import { appendToPipe, isNamedPipe } from "./log_pipe.ts";

const encoder = new TextEncoder();

/**
 * The host of this process.
 *
 * @example
 * ```ts
 * import { denoHost } from "./host.ts";
 *
 * const host = denoHost();
 * host.writeError(`pid ${host.pid}`);
 * ```
 */
export function denoHost(): Host {
  // Looked up now: a daemon that never had a terminal gets ENXIO too, and for it SIGHUP means
  // "reload", not "your terminal has gone".
  const startedOnTerminal = !terminalIsMissing();
  return {
    stdio: standardStreams(),
    writeError,
    errorIsTerminal: Deno.stderr.isTerminal(),
    terminalSize,
    environment,
    onSignal,
    terminalGone: () => startedOnTerminal && terminalIsMissing(),
    readTextFile,
    appendFile,
    clock: realClock,
    pid: Deno.pid,
    runtime: { deno: Deno.version.deno, v8: Deno.version.v8, target: Deno.build.target },
    exit: (code) => Deno.exit(code),
  };
}

function standardStreams(): StandardStreams {
  const inputIsTerminal = Deno.stdin.isTerminal();
  const outputIsTerminal = Deno.stdout.isTerminal();
  let outputOpen = true;
  return {
    inputIsTerminal,
    outputIsTerminal,
    async read(into) {
      try {
        return await Deno.stdin.read(into);
      } catch (thrown) {
        // A terminal that was hung up answers EIO for ever (tty_ioctl(4)): its input has ended.
        if (inputIsTerminal && systemCode(thrown) === "EIO") return null;
        throw toNetError(thrown, "read", "-");
      }
    },
    async write(chunk) {
      if (!outputOpen) throw outputClosed();
      for (let sent = 0; sent < chunk.length;) {
        try {
          sent += await Deno.stdout.write(chunk.subarray(sent));
        } catch (thrown) {
          // The terminal was hung up: as where the reader of a pipe has gone.
          if (outputIsTerminal && systemCode(thrown) === "EIO") throw outputClosed();
          // Another program may have left O_NONBLOCK on the description that it shares with us;
          // clearing it there would change that program. Nothing tells when there is room again.
          if (systemCode(thrown) !== "EAGAIN") throw toNetError(thrown, "write", "-");
          await sleep(realClock, fullOutputRetryMs);
        }
      }
    },
    closeOutput() {
      if (!outputOpen) return;
      outputOpen = false;
      // Deno.stdout.close() leaves the descriptor open (facts: the reader never sees the end), so
      // that libc must do it. Imported only here, to keep FFI out of every other start. A failed
      // close leaves the end of output to the end of the process, as without FFI.
      import("./standard_output.ts").then((module) => module.closeStandardOutput())
        .catch(() => {});
    },
  };
}

const fullOutputRetryMs = 5;

function outputClosed(): NetError {
  return new NetError({
    kind: "broken",
    op: "write",
    address: "-",
    message: "standard output was closed",
    code: "EPIPE",
  });
}

/** Whole lines in one write, so that those of several processes do not mix. */
function writeError(text: string): void {
  const bytes = encoder.encode(text.endsWith("\n") ? text : `${text}\n`);
  try {
    for (let sent = 0; sent < bytes.length;) sent += Deno.stderr.writeSync(bytes.subarray(sent));
  } catch {
    // There is no place left where a failing standard error could be reported.
  }
}

function terminalSize(): { columns: number; rows: number } | null {
  try {
    return Deno.consoleSize();
  } catch {
    return null; // none of the standard streams is a terminal: not a failure
  }
}

function environment(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotCapable) return undefined;
    throw thrown;
  }
}

function onSignal(signal: HostSignal, then: () => void): () => void {
  Deno.addSignalListener(signal, then);
  let listening = true;
  return () => {
    if (listening) Deno.removeSignalListener(signal, then);
    listening = false;
  };
}

/** True where this process has no controlling terminal, or no longer. */
function terminalIsMissing(): boolean {
  try {
    Deno.openSync("/dev/tty").close();
    return false;
  } catch (thrown) {
    // ENXIO (6) has neither class nor code in Deno, only the number that Rust's std appends.
    return thrown instanceof Error && /\(os error 6\)/.test(thrown.message);
  }
}

/**
 * Reads a whole file, pipes included.
 *
 * @throws {NetError} kind "limit" over `maximumBytes`, "usage" where it is not UTF-8, else what
 * the system said
 */
async function readTextFile(path: string, maximumBytes: number): Promise<string> {
  let bytes: Uint8Array;
  try {
    using file = await Deno.open(path);
    bytes = await readBounded(file, maximumBytes, path);
  } catch (thrown) {
    throw toNetError(thrown, "read", path);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new NetError({ kind: "usage", op: "read", address: path, message: "not UTF-8", cause });
  }
}

/** The size that stat tells is not asked: it is 0 for pipes and for files under /proc. */
async function readBounded(file: Deno.FsFile, maximum: number, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const chunk = new Uint8Array(Math.min(64 * 1024, maximum - length + 1));
    const count = await file.read(chunk);
    if (count === null) break;
    length += count;
    if (length > maximum) {
      const message = `larger than ${maximum} bytes`;
      throw new NetError({ kind: "limit", op: "read", address: path, message });
    }
    chunks.push(chunk.subarray(0, count));
  }
  return concatenate(chunks);
}

/** @throws {NetError} from opening and from `write` */
function appendFile(path: string): AppendedFile {
  if (isNamedPipe(path)) return appendToPipe(path);
  let file: Deno.FsFile | undefined;
  try {
    file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
  } catch (thrown) {
    throw toNetError(thrown, "open", path);
  }
  return {
    write(text) {
      const bytes = encoder.encode(text);
      try {
        for (let sent = 0; sent < bytes.length;) {
          if (file === undefined) throw new TypeError("written after close");
          sent += file.writeSync(bytes.subarray(sent));
        }
        return true;
      } catch (thrown) {
        throw toNetError(thrown, "write", path);
      }
    },
    close() {
      file?.close();
      file = undefined;
    },
  };
}
