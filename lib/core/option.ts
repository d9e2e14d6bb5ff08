/**
 * Rows that describe an option or a flag, and the typed reader of given values. Endpoint options
 * and command flags share one shape, so that units and errors are the same for both.
 * @module
 */

/** What a value is, and so how its text is read. */
export type ValueKind =
  | "flag" /* true; `=0`, `=no`, `=off`, `=false` switch it off */
  | "integer"
  | "duration" /* 250ms 30s 5m 2h, read as milliseconds */
  | "size" /* 64KiB 1MB, read as bytes */
  | "rate" /* 10MiB/s 10Mbit/s, read as bytes a second */
  | "text"
  | "choice"
  | "mode"; /* octal file mode: 0600 */

/** When a socket option is set. */
export type OptionPhase = "bind" | "connect" | "listen" | "live";

/** One option that an endpoint reads, or one flag of a command. */
export interface OptionRow {
  /** As written before the `=`; a flag's without its dashes. */
  readonly name: string;
  /** How its text is read; `minimum`, `maximum` and `choices` narrow it. */
  readonly kind: ValueKind;
  /** One line for people: what it does, with its default. */
  readonly help: string;
  /** Which side of an endpoint reads it; without it, both. */
  readonly side?: "active" | "passive";
  /** When it is set, for options of sockets and of their files. */
  readonly phase?: OptionPhase;
  /** Lower bound of an integer, a size (bytes) or a duration (ms); inclusive. */
  readonly minimum?: number;
  /** Upper bound of the same, inclusive. */
  readonly maximum?: number;
  /** Allowed words of a `choice`. */
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly repeat?: boolean;
  /** What a bare name (no `=`) stands for; kinds other than `flag` need a value without it. */
  readonly bare?: string;
  /**
   * Reads a `text` further than its kind does, so that a value which is none is refused with the
   * address, before anything is opened. Throws a `ValueError`; what it gives is not kept.
   */
  readonly check?: (text: string) => unknown;
  /** Name of the value in help: `--idle D`. */
  readonly placeholder?: string;
}

/** What an endpoint, a command or a service reads; names are unique for each side. */
export type OptionTable = readonly OptionRow[];

/** A value after reading: ms, bytes, bytes/s and integers are numbers. */
export type OptionValue = boolean | number | string;

/**
 * Typed access to the options of one endpoint, checked against its table. Asking for a name that
 * the table does not have for this side is a bug and throws: read means accepted. Which names were
 * asked for is recorded, so that a test can hold the other direction: accepted means read.
 */
export interface Options {
  /** The options as given, in order, with their values read. */
  readonly given: ReadonlyArray<{ readonly name: string; readonly value: OptionValue }>;
  /** Value of a `flag`, or undefined where it was not given. */
  flag(name: string): boolean | undefined;
  /** An integer or file mode; a duration in ms, a size in bytes, a rate in bytes a second. */
  number(name: string): number | undefined;
  /** A value that stays text, or undefined where it was not given. */
  text(name: string): string | undefined;
  /** Every value of an option that repeats, in order; empty where it was not given. */
  list(name: string): readonly string[];
  /** Names asked for so far. */
  readonly asked: ReadonlySet<string>;
}
