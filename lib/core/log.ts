/**
 * How rooms say things, without knowing where it goes. The command line turns entries into text
 * lines or NDJSON; the library is silent unless the caller gives a log.
 * @module
 */

/**
 * How loud an entry is: `error` and `warning` are always shown, `notice` unless `--silent`,
 * `info` with `-v` (why things happened), `debug` with `-vv`.
 */
export type LogLevel = "error" | "warning" | "notice" | "info" | "debug";

/** Facts of an entry; keys in camelCase, durations end in `Ms`, sizes are bytes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where entries go. */
export interface Log {
  /**
   * Takes one entry; must not throw and must not wait.
   *
   * @param event one word for programs: `listening`, `session`, `retry`
   * @param text one line for people
   */
  write(level: LogLevel, event: string, text: string, fields?: LogFields): void;
  /** True where entries of this level are kept, so that costly ones need not be made. */
  enabled(level: LogLevel): boolean;
}

/** Says nothing. */
export const silentLog: Log = { write: () => {}, enabled: () => false };
