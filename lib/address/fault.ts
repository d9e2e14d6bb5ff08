/**
 * The error of a value: what `idle=5` gets where a duration belongs.
 * @module
 */

import { NetError, quote } from "../core/error.ts";

/**
 * A value that cannot be read. `bindOptions` makes an `AddressError` of it, the command line names
 * the flag; `reason` and `hint` are for that.
 */
export class ValueError extends NetError {
  /** `ValueError`. */
  override readonly name: string = "ValueError";
  /** Offset of the fault in the value, in UTF-16 code units. */
  readonly offset: number;

  /** @param text the value as it was given */
  constructor(text: string, offset: number, message: string, hint?: string) {
    const address = text === "" ? '""' : quote(text);
    super({ kind: "usage", op: "value", address, message, ...(hint ? { hint } : {}) });
    this.offset = offset;
  }
}
