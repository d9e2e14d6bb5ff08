/**
 * Programs as processes, for the layers that test from outside: plumb itself and foreign tools.
 * Every wait is on an event (a line, an exit) and has a deadline; disposing kills by process id.
 * @module
 */

import { childCoverage } from "./child_coverage.ts";
import { OutputText } from "./output.ts";
import { within } from "./within.ts";

/** The root of the checkout, with a slash at its end. */
export const root: string = new URL("../../", import.meta.url).pathname;

/** What the runtime is started with to run plumb from the checkout. */
export const plumbCommand: readonly string[] = [
  Deno.execPath(),
  "run",
  "--allow-all",
  "--quiet",
  // Tests never go to a registry: a missing package is a failure here, not a slow start.
  "--cached-only",
  "--frozen",
  "--config",
  `${root}deno.json`,
  `${root}main.ts`,
];

/** How a process is started. */
export interface ProcessOptions {
  /**
   * Standard input: text, bytes or a stream that is written and then ended; "null" for /dev/null;
   * "open" to keep it open for `write` and `endInput`. `run` defaults to "null", `start` to "open".
   */
  readonly stdin?: "open" | "null" | { readonly text: string } | Uint8Array | ReadableStream;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Bound on every wait, and on a whole `run`; default 20,000. */
  readonly timeoutMs?: number;
  /** Receives standard output instead of its being kept: for gigabytes, and for digests. */
  readonly onStdout?: (chunk: Uint8Array) => void | Promise<void>;
}

/** How a process ended. */
export interface ProcessResult {
  /** The exit status; 128+N when signal N ended it. */
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process under way. `await using` it: whatever happens, it is gone at the end of the test. */
export class RunningProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #stdout: OutputText;
  readonly #stderr: OutputText;
  readonly #timeoutMs: number;
  readonly #input: WritableStreamDefaultWriter<Uint8Array> | null;
  readonly #fed: Promise<void>;

  /** Use {@linkcode start} or {@linkcode startPlumb}. */
  constructor(command: readonly string[], options: ProcessOptions) {
    const [program, ...args] = command;
    if (program === undefined) throw new TypeError("no program named");
    const stdin = options.stdin ?? "open";
    this.#timeoutMs = options.timeoutMs ?? 20_000;
    this.#child = new Deno.Command(program, {
      args,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...childCoverage(), ...options.env },
      stdin: stdin === "null" ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#stdout = new OutputText(this.#child.stdout, options.onStdout);
    this.#stderr = new OutputText(this.#child.stderr);
    this.#input = stdin === "null" ? null : this.#child.stdin.getWriter();
    this.#fed = this.#feed(stdin);
  }

  /** Standard output so far. */
  get stdout(): string {
    return this.#stdout.text;
  }

  /** Standard error so far. */
  get stderr(): string {
    return this.#stderr.text;
  }

  /** Writes to standard input (started with "open"); waits until the pipe has taken it. */
  async write(data: string | Uint8Array): Promise<void> {
    await this.#input?.write(typeof data === "string" ? new TextEncoder().encode(data) : data);
  }

  /** Ends standard input. Harmless when it has ended, or when the process has gone. */
  async endInput(): Promise<void> {
    await this.#input?.close().catch(() => {});
  }

  /** The addresses of the first `count` lines `listening on ...`, in the order they came. */
  async listening(count = 1): Promise<string[]> {
    const line = /^listening on (\S+)$/gm;
    await this.#until(
      this.#stderr,
      (text) => [...text.matchAll(line)].length >= count,
      `${count} x "listening on"`,
    );
    return [...this.stderr.matchAll(line)].map((match) => match[1] ?? "");
  }

  /** Waits for a line of standard error that matches; gives the match. */
  async stderrLine(pattern: RegExp): Promise<RegExpMatchArray> {
    return await this.#line(this.#stderr, pattern);
  }

  /** Waits for a line of standard output that matches; gives the match. */
  async stdoutLine(pattern: RegExp): Promise<RegExpMatchArray> {
    return await this.#line(this.#stdout, pattern);
  }

  /** Waits until standard output holds this text. */
  async stdoutHas(text: string): Promise<void> {
    await this.#until(this.#stdout, (all) => all.includes(text), JSON.stringify(text));
  }

  /** Waits until standard error holds so many matches of a pattern with the flag "g". */
  async stderrMatches(pattern: RegExp, count: number): Promise<void> {
    const enough = (text: string) => [...text.matchAll(pattern)].length >= count;
    await this.#until(this.#stderr, enough, `${count} x ${pattern}`);
  }

  /** Waits until standard output holds so many matches of a pattern with the flag "g". */
  async stdoutMatches(pattern: RegExp, count: number): Promise<void> {
    const enough = (text: string) => [...text.matchAll(pattern)].length >= count;
    await this.#until(this.#stdout, enough, `${count} x ${pattern}`);
  }

  /** Sends a signal; a process that has gone is left alone. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // The runtime says TypeError when the child has been waited for, NotFound just before.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Waits for the end of the process and of its output. */
  async result(): Promise<ProcessResult> {
    const all = Promise.all([this.#child.status, this.#stdout.ended, this.#stderr.ended]);
    const [status] = await this.#deadline(all, "the process to end");
    await this.#fed;
    const { code, signal } = status;
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }

  /** Sends a signal, and waits for the end. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<ProcessResult> {
    this.signal(signal);
    return await this.result();
  }

  /** Kills what is still there, by its id, and waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.#child.status;
    // A grandchild may hold the pipes open for ever: they are given up, not waited for.
    await Promise.all([this.#stdout.cancel(), this.#stderr.cancel()]);
    await this.#input?.abort().catch(() => {});
    await this.#fed;
  }

  async #feed(stdin: NonNullable<ProcessOptions["stdin"]>): Promise<void> {
    if (stdin === "open" || stdin === "null") return;
    try {
      if (stdin instanceof ReadableStream) {
        for await (const part of stdin) await this.write(part);
      } else await this.write(stdin instanceof Uint8Array ? stdin : stdin.text);
    } catch (error) {
      // A program may well end without having read all: that is for the test to judge.
      if (!(error instanceof Deno.errors.BrokenPipe || error instanceof TypeError)) throw error;
    }
    await this.endInput();
  }

  async #line(output: OutputText, pattern: RegExp): Promise<RegExpMatchArray> {
    // Only whole lines: half of one may match, and say something else than the whole.
    const find = (text: string) => text.split("\n").slice(0, -1).find((line) => pattern.test(line));
    await this.#until(output, (text) => find(text) !== undefined, String(pattern));
    const match = find(output.text)?.match(pattern);
    if (!match) throw new Error(`${pattern} matched and no longer does (a "g" flag?)`);
    return match;
  }

  async #until(output: OutputText, seen: (text: string) => boolean, what: string): Promise<void> {
    const ended = await this.#deadline(output.until(seen), what);
    if (!ended) throw new Error(`ended without ${what}\n${this.#story()}`);
  }

  async #deadline<T>(work: Promise<T>, what: string): Promise<T> {
    return await within(work, () => `no ${what}\n${this.#story()}`, this.#timeoutMs);
  }

  #story(): string {
    return `--- stdout\n${this.stdout.slice(-4000)}\n--- stderr\n${this.stderr.slice(-4000)}`;
  }
}

/** Starts any program. @example `await using peer = start(["socat", "-u", "-", "TCP:..."])` */
export function start(command: readonly string[], options: ProcessOptions = {}): RunningProcess {
  return new RunningProcess(command, options);
}

/** Starts plumb from the checkout. */
export function startPlumb(args: readonly string[], options: ProcessOptions = {}): RunningProcess {
  return new RunningProcess([...plumbCommand, ...args], options);
}

/** Runs any program to its end; killed when the time is up. */
export async function run(
  command: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  await using child = new RunningProcess(command, { stdin: "null", ...options });
  return await child.result();
}

/** Runs plumb from the checkout to its end. */
export async function plumb(
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  return await run([...plumbCommand, ...args], options);
}
