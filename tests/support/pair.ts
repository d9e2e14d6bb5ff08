/**
 * Two joined ends in memory, for tests of what works on a session: no sockets, no clock.
 * @module
 */

import type { Duplex, Peer, Traits } from "../../lib/core/contract.ts";
import { type ErrorKind, NetError } from "../../lib/core/error.ts";

/** How a pair differs from plain byte streams. */
export interface PairOptions {
  /** Messages instead of bytes. */
  readonly messages?: boolean;
  /** Bytes (or messages) that fit between a writer and its reader; a writer waits beyond it. */
  readonly capacity?: number;
  /** Most bytes that one read gives: cuts the stream into small pieces. */
  readonly readAtMost?: number;
  /** What the left end is called, as seen from the right one, and the other way round. */
  readonly left?: Partial<Peer>;
  readonly right?: Partial<Peer>;
  /** Leaves the optional power `readable` out. */
  readonly withoutReadable?: boolean;
  readonly traits?: Partial<Traits>;
}

/** One direction. */
class Pipe {
  readonly chunks: Uint8Array[] = [];
  held = 0;
  ended = false;
  readError: NetError | undefined;
  writeError: NetError | undefined;
  readonly #waiters: (() => void)[] = [];

  wait(): Promise<void> {
    return new Promise((wake) => this.#waiters.push(wake));
  }

  wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  break(reading: ErrorKind, writing: ErrorKind): void {
    this.readError ??= failure(reading);
    this.writeError ??= failure(writing);
    this.wake();
  }
}

/** One end of a pair, and what a test wants to know of it. */
export class PairEnd implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  readonly readable?: () => Promise<void>;
  /** Bytes that the other end wrote and that were not read yet. */
  get waiting(): number {
    return this.#input.held;
  }
  closed = false;
  aborted = false;
  readonly #input: Pipe;
  readonly #output: Pipe;
  readonly #capacity: number;
  readonly #readAtMost: number;

  constructor(input: Pipe, output: Pipe, local: Peer, remote: Peer, options: PairOptions) {
    this.#input = input;
    this.#output = output;
    this.local = local;
    this.remote = remote;
    this.#capacity = options.capacity ?? 64 * 1024;
    this.#readAtMost = options.readAtMost ?? Infinity;
    this.traits = {
      messages: options.messages ?? false,
      halfClose: true,
      resets: true,
      ...options.traits,
    };
    if (!options.withoutReadable) this.readable = () => this.#ready();
  }

  async #ready(): Promise<void> {
    const input = this.#input;
    while (input.chunks.length === 0 && !input.ended && !input.readError) {
      await input.wait();
    }
  }

  async read(into: Uint8Array): Promise<number | null> {
    await this.#ready();
    const input = this.#input;
    if (input.readError !== undefined) throw input.readError;
    const chunk = input.chunks[0];
    if (chunk === undefined) return null;
    if (this.traits.messages && chunk.length > into.length) throw failure("too-large");
    const n = Math.min(
      chunk.length,
      into.length,
      this.traits.messages ? Infinity : this.#readAtMost,
    );
    into.set(chunk.subarray(0, n));
    if (n === chunk.length) input.chunks.shift();
    else input.chunks[0] = chunk.subarray(n);
    input.held -= n;
    input.wake();
    return n;
  }

  async write(chunk: Uint8Array): Promise<void> {
    const output = this.#output;
    while (output.held > 0 && output.held + chunk.length > this.#capacity && !output.writeError) {
      await output.wait();
    }
    if (output.writeError !== undefined) throw output.writeError;
    if (output.ended) throw failure("broken");
    output.chunks.push(chunk.slice());
    output.held += chunk.length;
    output.wake();
  }

  closeWrite(): Promise<void> {
    this.#output.ended = true;
    this.#output.wake();
    return Promise.resolve();
  }

  abort(): void {
    if (this.closed) return;
    this.closed = this.aborted = true;
    this.#input.break("aborted", "reset");
    this.#output.break("reset", "aborted");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    // Before it wakes a write that waits: the write has to find it.
    this.#output.writeError ??= failure("aborted");
    await this.closeWrite();
    this.#input.break("aborted", "broken");
  }
}

function failure(kind: ErrorKind): NetError {
  return new NetError({ kind, op: "pair", message: kind, blame: "remote" });
}

/**
 * Makes two joined ends: what is written on one is read on the other. Disposing an end closes it in
 * order: its peer reads what is left and then the end, and its writes fail as "broken".
 */
export function makePair(options: PairOptions = {}): [PairEnd, PairEnd] {
  const there = new Pipe();
  const back = new Pipe();
  const left: Peer = { scheme: "memory", text: "memory:left", ...options.left };
  const right: Peer = { scheme: "memory", text: "memory:right", ...options.right };
  return [
    new PairEnd(back, there, left, right, options),
    new PairEnd(there, back, right, left, options),
  ];
}

/** Everything that comes until the end of input. */
export async function readToEnd(end: Duplex): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(4096);
  for (;;) {
    const n = await end.read(buffer);
    if (n === null) break;
    chunks.push(buffer.slice(0, n));
  }
  return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}
