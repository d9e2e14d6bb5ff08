/**
 * A named pipe that may become either end (`?wait` without `write`): it is read, unless something
 * is to be written to it before anything came out of it.
 * @module
 */

import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Peer, Traits } from "../core/contract.ts";
import { closedHere, NetError } from "../core/error.ts";
import { O_NONBLOCK, O_WRONLY } from "../sys/constants.ts";
import { closeDescriptor, openDescriptor } from "../sys/file.ts";
import { type FifoEnd, type FifoOpening, openFifo } from "./fifo_open.ts";
import { drainOf, fifoSession } from "./fifo_session.ts";

/**
 * Both directions of one pipe at once are none: what is written would be read here again. So the
 * first thing that happens decides, and the other direction is over: reads end when writing does,
 * writes fail.
 */
export class UndecidedFifo implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits = { messages: false, halfClose: true };
  readonly #opening: Omit<FifoOpening, "end">;
  readonly #context: Context;
  readonly #stop = new AbortController();
  readonly #reader: Promise<Duplex>;
  readonly #over = Promise.withResolvers<void>();
  #failed = false;
  #decided: FifoEnd | undefined;
  #writer: Promise<Duplex> | undefined;
  #closed: { readonly reason: unknown } | undefined;

  /** @param opening how either end is opened; both wait for the other end */
  constructor(opening: Omit<FifoOpening, "end">, peer: Peer, context: Context) {
    this.local = peer;
    this.remote = peer;
    this.#opening = opening;
    // Not the signal of connecting, which has its time: this waits as long as it is let.
    this.#context = { ...context, signal: this.#stop.signal };
    this.#reader = this.#open("read");
    this.#reader.catch(() => this.#failed = true); // told to who reads
  }

  async read(into: Uint8Array): Promise<number | null> {
    try {
      const count = await (await this.#reader).read(into);
      if (this.#decided !== "write") {
        this.#decided = "read";
        return count;
      }
    } catch (thrown) {
      if (this.#closed !== undefined) throw this.#closedError("read");
      if (this.#decided !== "write") throw thrown;
    }
    await this.#over.promise;
    if (this.#closed !== undefined) throw this.#closedError("read");
    return null;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#closed !== undefined) throw this.#closedError("write");
    if (this.#decided === "read") {
      const message = "this pipe is read, and goes one way";
      const address = this.remote.text;
      throw new NetError({ kind: "broken", op: "write", address, message, code: "EPIPE" });
    }
    if (chunk.length === 0) return;
    this.#decided = "write";
    this.#writer ??= this.#turn();
    try {
      await (await this.#writer).write(chunk);
    } catch (thrown) {
      throw this.#closed === undefined ? thrown : this.#closedError("write");
    }
  }

  async closeWrite(): Promise<void> {
    // Nothing was written: it is read, whenever something comes.
    if (this.#writer === undefined) return;
    try {
      await (await this.#writer).closeWrite();
    } catch (thrown) {
      if (this.#closed === undefined) throw thrown;
    } finally {
      this.#over.resolve();
    }
  }

  abort(reason?: unknown): void {
    if (this.#closed !== undefined) return;
    this.#closed = { reason };
    this.#stop.abort(this.#closedError("open"));
    for (const end of [this.#reader, this.#writer]) end?.then((one) => one.abort(reason), () => {});
    this.#over.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed === undefined) await this.closeWrite().catch(() => {});
    this.#closed ??= { reason: undefined };
    this.#stop.abort(this.#closedError("open"));
    this.#over.resolve();
    for (const end of [this.#reader, this.#writer]) {
      const opened = await end?.catch(() => undefined);
      await opened?.[Symbol.asyncDispose]();
    }
  }

  async #open(end: FifoEnd): Promise<Duplex> {
    const opening = { ...this.#opening, end, wait: true };
    const fd = await openFifo(opening, this.#context);
    return fifoSession(fd, this.remote, end, { drain: drainOf(opening, this.#context) });
  }

  /** From reading to writing. */
  async #turn(): Promise<Duplex> {
    // A writer is there all the while: a reader of another process, which waited to open the pipe
    // and is let in by whoever comes, must not meet the end of input before the first byte.
    const held = await this.#hold();
    try {
      const reader = await this.#reader.catch(() => undefined);
      reader?.abort();
      await reader?.[Symbol.asyncDispose]();
      return await this.#open("write");
    } finally {
      closeDescriptor(held);
    }
  }

  /** A writer's descriptor; there is none before our reading end is there, or waits to be. */
  async #hold(): Promise<number> {
    const { path, text } = this.#opening;
    for (;;) {
      try {
        return openDescriptor(path, O_WRONLY | O_NONBLOCK, text);
      } catch (thrown) {
        if (!(thrown instanceof NetError && thrown.code === "ENXIO") || this.#failed) throw thrown;
      }
      await sleep(this.#context.clock, 1, this.#stop.signal);
    }
  }

  #closedError(op: string): NetError {
    return closedHere("session", op, this.remote.text, this.#closed?.reason);
  }
}
