/**
 * A session made of two independent halves: what is read comes from one thing, what is written
 * goes to another (processes, standard streams, files, pipes, inherited descriptors).
 * @module
 */

import type { ChildStatus, Duplex, Peer, Traits } from "../core/contract.ts";
import { closedHere, NetError, toNetError } from "../core/error.ts";

/** Where bytes come from. */
export interface ByteSource {
  /** As `Duplex.read`; nothing is put into `into` once the promise has settled. */
  read(into: Uint8Array): Promise<number | null>;
  readable?(): Promise<void>;
  /** Frees it; a read that waits settles soon, in whatever way. Idempotent, never throws. */
  close(): void;
}

/** Where bytes go. */
export interface ByteSink {
  /** True where it outlives the session: disposing does not end it, only `closeWrite` does. */
  readonly shared?: boolean;
  /** Writes the whole chunk. */
  write(chunk: Uint8Array): Promise<void>;
  /** After the last byte: whoever reads sees the end. Called once. */
  end(): Promise<void>;
  /** Frees it at once. Idempotent, never throws. */
  close(): void;
}

/** The parts of a session of two halves. */
export interface HalvesInit {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  /** Without it the end is write-only: reading gives null at once, see {@linkcode HalvesSession}. */
  readonly source?: ByteSource;
  /** Without it the end is read-only: writing fails with kind "broken". */
  readonly sink?: ByteSink;
  readonly child?: Promise<ChildStatus | null>;
  /** What `abort` does besides closing both halves. Must not throw. */
  aborted?(): void;
  /** What disposing waits for: between the sink's end and closing, or after an abort. */
  finish?(): Promise<void>;
  /** Settles when both halves are freed, where that takes a while; disposing waits for it. */
  readonly gone?: Promise<void>;
}

/**
 * The rules of a session, once for all that has two halves: errors with their address, abort that
 * rejects what waits, half-close and close that may be repeated.
 *
 * A write-only end reads as ended at once. The other choice, reading that waits for ever, would
 * need every relay to know when to stop; so instead whoever joins two ends looks at
 * `traits.writeOnly` and does not take that end for the peer's half-close.
 */
export class HalvesSession implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  readonly child?: Promise<ChildStatus | null>;
  readonly #init: HalvesInit;
  #closed: { readonly reason: unknown } | undefined;
  #finished = false;
  #ending: Promise<void> | undefined;
  #disposing: Promise<void> | undefined;
  /** Rejects the write that waits; the kernel may keep it waiting for ever. */
  #cutWrite: ((error: NetError) => void) | undefined;

  constructor(init: HalvesInit) {
    this.local = init.local;
    this.remote = init.remote;
    this.traits = init.traits;
    if (init.child !== undefined) this.child = init.child;
    this.#init = init;
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#closed !== undefined) throw this.#closedError("read");
    const source = this.#init.source;
    if (this.#finished || source === undefined) return null;
    if (into.length === 0) return 0;
    let count: number | null;
    try {
      count = await source.read(into);
    } catch (thrown) {
      if (this.#closed !== undefined) throw this.#closedError("read");
      throw toNetError(thrown, "read", this.remote.text);
    }
    if (this.#closed !== undefined) throw this.#closedError("read");
    if (count === null) this.#finished = true;
    return count;
  }

  readable(): Promise<void> {
    const source = this.#init.source;
    if (this.#closed !== undefined || this.#finished) return Promise.resolve();
    return source?.readable?.() ?? Promise.resolve();
  }

  write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const sink = this.#init.sink;
      if (this.#closed !== undefined) return reject(this.#closedError("write"));
      if (sink === undefined) return reject(this.#notWritable("this end can only be read"));
      if (this.#ending !== undefined) return reject(this.#notWritable("writing was ended"));
      if (chunk.length === 0) return resolve();
      this.#cutWrite = reject;
      // Forgotten before it is told: who disposes then must not cut what was written.
      sink.write(chunk).finally(() => this.#cutWrite = undefined).then(resolve, (thrown) => {
        reject(toNetError(thrown, "write", this.remote.text));
      });
    });
  }

  closeWrite(): Promise<void> {
    if (this.#closed !== undefined) return Promise.resolve();
    return this.#ending ??= this.#end();
  }

  abort(reason?: unknown): void {
    if (this.#closed !== undefined) return;
    this.#closed = { reason };
    this.#cutWrite?.(this.#closedError("write"));
    this.#init.source?.close();
    this.#init.sink?.close();
    this.#init.aborted?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposing ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    const { source, sink, finish, gone } = this.#init;
    if (this.#closed === undefined) {
      // A write that waits may wait for ever; it was never said to be done, so it is cut.
      const cut = this.#cutWrite;
      cut?.(this.#closedError("write"));
      if (cut !== undefined) sink?.close();
      // Who wants to know whether the end was reached calls closeWrite before disposing.
      else if (sink?.shared !== true) await this.closeWrite().catch(() => {});
    }
    await finish?.call(this.#init);
    this.#closed ??= { reason: undefined };
    source?.close();
    sink?.close();
    await gone;
  }

  async #end(): Promise<void> {
    try {
      await this.#init.sink?.end();
    } catch (thrown) {
      if (this.#closed !== undefined) return;
      throw toNetError(thrown, "close", this.remote.text);
    }
  }

  #notWritable(message: string): NetError {
    const address = this.remote.text;
    return new NetError({ kind: "broken", op: "write", address, message, code: "EPIPE" });
  }

  #closedError(op: string): NetError {
    return closedHere("session", op, this.remote.text, this.#closed?.reason);
  }
}
