/**
 * The log of the program: core's `Log` over LogTape, to standard error and, with `--log`, to a
 * file. Loaded only by commands that say things while they run.
 * @module
 */

import { configureSync, getLogger, type LogLevel as TapeLevel, resetSync } from "@logtape/logtape";
import { counted } from "../core/counted.ts";
import { escapeControls, NetError } from "../core/error.ts";
import type { AppendedFile, Host } from "../core/host.ts";
import type { Log, LogFields, LogLevel } from "../core/log.ts";
import type { ErrorOutput } from "./error_output.ts";
import { ObjectLines, timestamp } from "./ndjson.ts";

/** How a log is set up. */
export interface LogOptions {
  readonly host: Host;
  readonly errors: ErrorOutput;
  /** `-q`: nothing below a warning on standard error. */
  readonly silent: boolean;
  /** How often `-v` was given. */
  readonly verbosity: number;
  /** Objects instead of lines on standard error. */
  readonly json: boolean;
  /** Path of `--log`. */
  readonly file?: string;
  /** Objects instead of lines in the file. */
  readonly fileJson: boolean;
}

/** A log that is open; dispose it, or the file stays open. */
export interface OpenLog extends Disposable {
  readonly log: Log;
  /** Writes to the file alone: for the error that ends the program, which is shown elsewhere. */
  noteInFile(level: LogLevel, event: string, text: string, fields: LogFields): void;
}

const order: readonly LogLevel[] = ["error", "warning", "notice", "info", "debug"];

/** Events that a program needs whatever the level: why something ended, or is down. */
const told: ReadonlySet<string> = new Set(["session", "connection", "link"]);

/** LogTape has no notice: what is always said is its info, what `-v` says its debug. */
const tapeLevels: Readonly<Record<LogLevel, TapeLevel>> = {
  error: "error",
  warning: "warning",
  notice: "info",
  info: "debug",
  debug: "trace",
};

interface Entry {
  readonly level: LogLevel;
  readonly event: string;
  readonly text: string;
  readonly fields: LogFields;
}

/**
 * Opens the log. LogTape's configuration is one for the process; so is the program.
 *
 * @throws {NetError} when the file of `--log` cannot be opened
 */
export function openLog(options: LogOptions): OpenLog {
  const { host, errors } = options;
  const atMost = (level: LogLevel) => order.indexOf(level);
  const verbose = (["notice", "info", "debug"] as const)[Math.min(options.verbosity, 2)] ?? "debug";
  const loudest = atMost(options.silent ? "warning" : verbose);
  // A program reads events by their names; why a session ended, or is down, is what it needs.
  const tellsSessions = options.json && !options.silent;
  const isTold = ({ level, event }: Entry) =>
    atMost(level) <= loudest || (tellsSessions && told.has(event));
  // Who asks for a log wants to know afterwards why things ended.
  const fileLoudest = atMost(options.verbosity >= 2 ? "debug" : "info");
  const file = options.file === undefined ? undefined : openFile(options, options.file);

  const sinks = {
    errors: (entry: Entry) => {
      if (!isTold(entry)) return;
      if (options.json) errors.object(entry.event, { ...entry.fields, ...wordsOf(entry) });
      else errors.line(lineOf(entry));
    },
    file: (entry: Entry) => {
      if (atMost(entry.level) <= fileLoudest) file?.put(entry);
    },
  };
  configureSync({
    reset: true,
    sinks: {
      errors: (record) => sinks.errors(record.properties as unknown as Entry),
      file: (record) => sinks.file(record.properties as unknown as Entry),
    },
    loggers: [
      {
        category: "plumb",
        lowestLevel: "trace",
        sinks: file === undefined ? ["errors"] : ["errors", "file"],
      },
      { category: ["logtape", "meta"], lowestLevel: "fatal", sinks: [] },
    ],
  });

  const logger = getLogger("plumb");
  const log: Log = {
    enabled: (level) =>
      atMost(level) <= loudest || (tellsSessions && atMost(level) <= atMost("info")) ||
      (file !== undefined && atMost(level) <= fileLoudest),
    write(level, event, text, fields = {}) {
      if (!log.enabled(level)) return;
      // The text is not a template: braces in what a peer sent must not be filled in.
      const properties = { level, event, text, fields };
      logger.emit({
        level: tapeLevels[level],
        message: [text],
        rawMessage: text,
        timestamp: host.clock.wall(),
        properties,
      });
    },
  };
  return {
    log,
    noteInFile: (level, event, text, fields) => sinks.file({ level, event, text, fields }),
    [Symbol.dispose]() {
      resetSync();
      file?.close();
    },
  };
}

/** `listening on ...` stands alone, as rule 2 of the contract has it; what is wrong says who. */
function lineOf(entry: Entry): string {
  if (entry.level === "error") return `plumb: ${entry.text}`;
  return entry.level === "warning" ? `plumb: warning: ${entry.text}` : entry.text;
}

/** Fields are for programs; where there are none, the text is the message. */
function wordsOf(entry: Entry): LogFields {
  const serious = entry.level === "error" || entry.level === "warning";
  if (!serious && Object.keys(entry.fields).length > 0) return {};
  return { level: entry.level, message: entry.fields["message"] ?? entry.text };
}

function leftOut(count: number): Entry {
  const text = `${counted(count, "line")} left out: nobody read this`;
  return { level: "warning", event: "left-out", text, fields: { count } };
}

/**
 * The file of `--log`; when it cannot be written any more that is said once and work goes on. So it
 * does while nobody reads a named pipe: lines are left out then, and how many stands in it later.
 */
function openFile(options: LogOptions, path: string): { put(entry: Entry): void; close(): void } {
  const { host, errors } = options;
  let file: AppendedFile | undefined = host.appendFile(path);
  let left = 0;
  let hasSaidLeft = false;
  const objects = new ObjectLines();
  const say = (reason: string) => {
    if (options.json) errors.object("warning", { message: `--log: ${reason}` });
    else errors.line(`plumb: warning: --log: ${reason}`);
  };
  const write = (entry: Entry) => {
    const time = timestamp(host.clock.wall());
    const text = options.fileJson
      ? objects.line(entry.event, { time, ...entry.fields, ...wordsOf(entry) })
      : `${time} ${entry.level} ${escapeControls(entry.text)}\n`;
    return file?.write(text) ?? true;
  };
  return {
    put(entry) {
      try {
        if (left > 0 && write(leftOut(left))) left = 0;
        if (left === 0 && write(entry)) return;
        left++;
        if (!hasSaidLeft) say(`write ${path}: nobody reads it: lines are left out meanwhile`);
        hasSaidLeft = true;
      } catch (thrown) {
        file?.close();
        file = undefined;
        left = 0;
        say(thrown instanceof NetError ? thrown.message : String(thrown));
      }
    },
    close() {
      file?.close();
      file = undefined;
    },
  };
}
