/**
 * The plan of a command: everything that was asked for, as one JSON value, before anything is
 * opened. `--plan` prints it; a child process or a worker is started with it, so nothing that a
 * command needs may live outside of it. Secrets are never in it: flags and options name the file
 * or the variable that holds one.
 * @module
 */

import type { Limits } from "../core/limits.ts";
import type { OptionValue } from "../core/option.ts";
import type { FlagValue, ValueSource } from "./flag.ts";

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [name: string]: Json;
};

/** One option of an endpoint, read and checked. */
export interface PlannedOption {
  readonly name: string;
  readonly value: OptionValue;
  readonly source: ValueSource;
}

/** One endpoint of a command. */
export interface PlannedEndpoint {
  /** What it is to the command: `peer`, `a`, `b`, `address`. */
  readonly role: string;
  /** In the address language, normal form, options included: what `parseAddress` is given. */
  readonly address: string;
  readonly scheme: string;
  readonly side: "active" | "passive";
  readonly options: readonly PlannedOption[];
}

/** A command as a value. */
export interface Plan {
  /** Version of this shape; a reader of another version refuses it. */
  readonly schema: 1;
  readonly command: string;
  readonly endpoints: readonly PlannedEndpoint[];
  readonly flags: readonly FlagValue[];
  readonly limits: Limits;
  /** What only this command knows. */
  readonly settings: { readonly [name: string]: Json };
}
