/**
 * Session -> stream of node: what node:http can be given in place of a socket of its own, so that
 * HTTP runs on plumb's listeners, over whatever they accept.
 * @module
 */

import { Buffer } from "node:buffer";
import { Duplex as NodeDuplex } from "node:stream";
import type { Duplex } from "../core/contract.ts";
import { type NetError, toNetError } from "../core/error.ts";
import { smallBuffers } from "../stream/buffer_pool.ts";

/** What is told while bytes pass. */
export interface StreamWatcher {
  /** Bytes have come and were handed on. Where it gives a promise, reading waits for it. */
  received(bytes: number): Promise<void> | void;
  /** A write began to wait for the peer, or has come to its end. */
  writing(isWaiting: boolean): void;
}

/** Sessions that cannot wait without a buffer hold one of this size. */
const ownBufferSize = 16 * 1024;
/** Head and body of a small answer are one write, and one packet. */
const joinedWrite = 64 * 1024;

type Done = (error?: Error | null) => void;

/** A session as a stream of node. It does not own the session: whoever made it disposes that. */
export class SessionStream extends NodeDuplex {
  /** Bytes from the peer, discarded ones too. */
  bytesIn = 0;
  /** Bytes that the session has taken. */
  bytesOut = 0;
  /** What broke the session. */
  failure: NetError | undefined;
  readonly #session: Duplex;
  readonly #watcher: StreamWatcher;
  #reading: Promise<void> | undefined;
  #peerEnded = false;
  #isDiscarding = false;
  /** Wakes the reading loop, which waits while node wants no more. */
  #resume: () => void = () => {};

  constructor(session: Duplex, watcher: StreamWatcher) {
    // A client that ends its sending after a request waits for the answer (rule 3).
    super({ allowHalfOpen: true, decodeStrings: true });
    this.#session = session;
    this.#watcher = watcher;
  }

  /** True once the peer has finished sending. */
  get peerEnded(): boolean {
    return this.#peerEnded;
  }

  /** Throws away what comes from now on, until the peer ends; resolves then. Never rejects. */
  discard(): Promise<void> {
    this.#isDiscarding = true;
    this.#resume();
    return this.#read();
  }

  override _read(): void {
    this.#resume();
    void this.#read();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#write([chunk], done);
  }

  override _writev(chunks: ReadonlyArray<{ readonly chunk: Uint8Array }>, done: Done): void {
    const parts = chunks.map(({ chunk }) => chunk);
    const total = parts.reduce((sum, { length }) => sum + length, 0);
    this.#write(total <= joinedWrite ? [Buffer.concat(parts, total)] : parts, done);
  }

  override _final(done: Done): void {
    this.#session.closeWrite().then(() => done(), (thrown) => done(this.#failed(thrown, "close")));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#isDiscarding = true;
    this.#resume();
    if (error !== null) this.#session.abort(error);
    done(error);
  }

  #write(parts: readonly Uint8Array[], done: Done): void {
    const write = async () => {
      for (const part of parts) {
        await this.#session.write(part);
        this.bytesOut += part.length;
      }
    };
    this.#watcher.writing(true);
    write().then(() => {
      this.#watcher.writing(false);
      done();
    }, (thrown) => {
      this.#watcher.writing(false);
      done(this.#failed(thrown, "write"));
    });
  }

  #read(): Promise<void> {
    return this.#reading ??= this.#readAll().catch((thrown) => {
      // How what nobody wants comes to its end is no failure of the session.
      if (!this.#isDiscarding) this.destroy(this.#failed(thrown, "read"));
    });
  }

  async #readAll(): Promise<void> {
    const session = this.#session;
    // An idle connection holds no buffer where the session can wait without one.
    const own = session.readable === undefined ? new Uint8Array(ownBufferSize) : undefined;
    for (let pool = smallBuffers;;) {
      await session.readable?.();
      const buffer = own ?? pool.take();
      const count = await session.read(buffer);
      const chunk = count === null ? null : Buffer.from(buffer.subarray(0, count)); // a copy
      if (own === undefined) pool.give(buffer);
      if (chunk === null) break;
      // A large body is read in large pieces, and what comes after it is not.
      pool = chunk.length === buffer.length ? pool.larger ?? pool : smallBuffers;
      this.bytesIn += chunk.length;
      if (this.#isDiscarding) continue;
      const wantsMore = this.push(chunk);
      await this.#watcher.received(chunk.length);
      if (!wantsMore && !this.#isDiscarding) {
        await new Promise<void>((resume) => this.#resume = resume);
      }
    }
    this.#peerEnded = true;
    if (!this.#isDiscarding) this.push(null);
  }

  #failed(thrown: unknown, op: string): NetError {
    return this.failure ??= toNetError(thrown, op, this.#session.remote.text, "remote");
  }
}
