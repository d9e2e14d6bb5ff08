/**
 * Lends one session to several users, one after another: `listen --keep` has one standard input
 * and output for all its peers.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";

const heldSize = 64 * 1024;

/**
 * A lender of `session`. A borrower that ends leaves the session open; what was being read for it
 * goes to the next one, so that nothing is lost between two peers.
 */
export class Lender {
  readonly #session: Duplex;
  readonly #held = new Uint8Array(heldSize);
  #start = 0;
  #end = 0;
  #over = false;
  #reading: Promise<void> | undefined;

  constructor(session: Duplex) {
    this.#session = session;
  }

  /** True once the session's input has ended: a next borrower could only write. */
  get inputEnded(): boolean {
    return this.#over && this.#start === this.#end;
  }

  /** The session for the next user; the user before it must have disposed its own. */
  borrow(): Duplex {
    const session = this.#session;
    let returned: (thrown: unknown) => void;
    const end = new Promise<never>((_, reject) => returned = reject);
    end.catch(() => {}); // a borrower may end while it waits for nothing
    const giveBack = () => {
      returned(new NetError({ kind: "aborted", op: "read", message: "given back" }));
      return Promise.resolve();
    };
    return {
      local: session.local,
      remote: session.remote,
      traits: session.traits,
      read: (into) => this.#read(into, end),
      write: (chunk) => session.write(chunk),
      closeWrite: () => Promise.resolve(),
      abort: () => void giveBack(),
      [Symbol.asyncDispose]: giveBack,
    };
  }

  async #read(into: Uint8Array, end: Promise<never>): Promise<number | null> {
    if (this.#start === this.#end) {
      if (this.#over) return null;
      await Promise.race([this.#fill(), end]);
    }
    if (this.#start === this.#end) return null;
    const n = Math.min(into.length, this.#end - this.#start);
    into.set(this.#held.subarray(this.#start, this.#start + n));
    this.#start += n;
    return n;
  }

  /** One read at a time, whoever waits for it. */
  #fill(): Promise<void> {
    this.#reading ??= this.#session.read(this.#held).then((n) => {
      this.#over = n === null;
      this.#start = 0;
      this.#end = n ?? 0;
    }).finally(() => this.#reading = undefined);
    return this.#reading;
  }
}
