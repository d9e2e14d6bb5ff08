/**
 * Lends one session to several users, one after another: `listen --keep` has one standard input
 * and output for all its peers.
 * @module
 */

import type { Duplex, Peer, Traits } from "../core/contract.ts";
import { NetError } from "../core/error.ts";

const heldSize = 64 * 1024;

/**
 * A lender of `session`. A borrower that ends leaves the session open; what was being read for it
 * goes to the next one, so that nothing is lost between two peers, and what was being written for
 * it goes out whole before what the next one writes.
 */
export class Lender {
  readonly #session: Duplex;
  readonly #held = new Uint8Array(heldSize);
  #start = 0;
  #end = 0;
  #over = false;
  #reading: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(session: Duplex) {
    this.#session = session;
  }

  /** True once the session's input has ended: a next borrower could only write. */
  get inputEnded(): boolean {
    return this.#over && this.#start === this.#end;
  }

  /** The session for the next user; the user before it must have disposed its own. */
  borrow(): Duplex {
    const { local, remote, traits } = this.#session;
    return new Loan({ local, remote, traits }, {
      filled: () => this.#filled(),
      take: (into) => this.#take(into),
      write: (chunk, isOver) => this.#write(chunk, isOver),
    });
  }

  /** Settles when something was read, or all: one read at a time, whoever waits for it. */
  #filled(): Promise<void> {
    if (this.#start < this.#end || this.#over) return Promise.resolve();
    this.#reading ??= this.#session.read(this.#held).then((n) => {
      this.#over = n === null;
      this.#start = 0;
      this.#end = n ?? 0;
    }).finally(() => this.#reading = undefined);
    return this.#reading;
  }

  #take(into: Uint8Array): number | null {
    if (this.#start === this.#end) return null;
    const n = Math.min(into.length, this.#end - this.#start);
    into.set(this.#held.subarray(this.#start, this.#start + n));
    this.#start += n;
    return n;
  }

  /** After the last write, which may be that of a borrower who waits for it no more. */
  #write(chunk: Uint8Array, isOver: () => boolean): Promise<void> {
    const writing = this.#writing.then(() => isOver() ? undefined : this.#session.write(chunk));
    this.#writing = writing.catch(() => {}); // told to whose it was
    return writing;
  }
}

/** What a loan is made of. */
interface LoanInit {
  filled(): Promise<void>;
  take(into: Uint8Array): number | null;
  write(chunk: Uint8Array, isOver: () => boolean): Promise<void>;
}

/** The session as one user has it, until it is given back. */
class Loan implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  readonly #init: LoanInit;
  #isOver = false;
  /**
   * Reject what waits. One slot each, and no race against a promise that lives as long as the
   * loan: that would keep a reaction for every read and write that there ever was.
   */
  #cutRead: ((error: NetError) => void) | undefined;
  #cutWrite: ((error: NetError) => void) | undefined;

  constructor(
    { local, remote, traits }: Pick<Duplex, "local" | "remote" | "traits">,
    init: LoanInit,
  ) {
    this.local = local;
    this.remote = remote;
    this.traits = traits;
    this.#init = init;
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#isOver) throw givenBack("read");
    await new Promise<void>((resolve, reject) => {
      this.#cutRead = reject;
      this.#init.filled().then(resolve, reject);
    });
    return this.#init.take(into);
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#isOver) return Promise.reject(givenBack("write"));
    return new Promise((resolve, reject) => {
      this.#cutWrite = reject;
      this.#init.write(chunk, () => this.#isOver).then(resolve, reject);
    });
  }

  /** The session goes on for the next one. */
  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  abort(): void {
    this.#isOver = true;
    this.#cutRead?.(givenBack("read"));
    this.#cutWrite?.(givenBack("write"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    return Promise.resolve();
  }
}

function givenBack(op: "read" | "write"): NetError {
  return new NetError({ kind: "aborted", op, message: "given back" });
}
