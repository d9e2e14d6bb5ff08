/**
 * The test's own end of one leg of a relay: a plain socket, process, file or stream, never plumb's
 * sessions (memory has no other end than one).
 * @module
 */

import type { Duplex } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";
import type { StandardStreams } from "../../lib/core/transport.ts";
import { Digest } from "./digest.ts";

/** How what comes has ended: in order, by a reset, or not at all. */
export type Ending = "end" | "reset" | "open";

/** What a far end does and sees. */
export interface Far extends AsyncDisposable {
  /** Writes all; settles when the kernel (or the reader) has taken it. */
  send(bytes: Uint8Array): Promise<void>;
  /** Says that nothing more is sent. */
  end(): Promise<void>;
  /** Breaks it as its kind can: a reset, a kill, a reader that goes away. */
  break(): void | Promise<void>;
  /** Closes it, whatever was not read. */
  close(): void;
  /** What has come. */
  readonly inbox: Inbox;
}

/** Takes in what comes, once it is told to. */
export class Inbox {
  readonly #digest = new Digest();
  readonly #over = Promise.withResolvers<void>();
  #ending: Ending = "open";
  #wanted: { bytes: number; then: () => void }[] = [];

  /** How it ended, so far. */
  get ending(): Ending {
    return this.#ending;
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#digest.bytes;
  }

  /** Takes a chunk. */
  take(chunk: Uint8Array): void {
    this.#digest.add(chunk);
    this.#wanted = this.#wanted.filter(({ bytes, then }) => {
      if (bytes > this.bytes) return true;
      then();
      return false;
    });
  }

  /** Nothing more comes. */
  finish(ending: Ending): void {
    if (this.#ending !== "open") return;
    this.#ending = ending;
    this.#over.resolve();
  }

  /** Settles once so many bytes are there. */
  has(bytes: number): Promise<void> {
    if (bytes <= this.bytes) return Promise.resolve();
    return new Promise((then) => this.#wanted.push({ bytes, then }));
  }

  /** Settles at the end or the reset. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** The digest of all; once. */
  digest(): string {
    return this.#digest.finish();
  }

  /** Reads to the end. Settles then; what is no end and no reset is thrown. */
  async readFrom(source: { read(into: Uint8Array): Promise<number | null> }): Promise<void> {
    const into = new Uint8Array(64 * 1024);
    try {
      for (let n = await source.read(into); n !== null; n = await source.read(into)) {
        this.take(into.subarray(0, n));
      }
      this.finish("end");
    } catch (thrown) {
      if (isReset(thrown)) return this.finish("reset");
      if (!isClosing(thrown)) throw thrown;
    }
  }
}

function isReset(thrown: unknown): boolean {
  return thrown instanceof Deno.errors.ConnectionReset ||
    (thrown instanceof NetError && thrown.kind === "reset");
}

/** A read that this end's own close has cut. */
function isClosing(thrown: unknown): boolean {
  return thrown instanceof Deno.errors.Interrupted || thrown instanceof Deno.errors.BadResource ||
    (thrown instanceof NetError && thrown.kind === "aborted");
}

/** A connected socket of the runtime. */
export class SocketFar implements Far {
  readonly inbox = new Inbox();
  readonly #conn: Deno.Conn;
  readonly #reset: () => void;
  #reading: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param reset what comes before the close that breaks it */
  constructor(conn: Deno.Conn, reads: boolean, reset: () => void = () => {}) {
    this.#conn = conn;
    this.#reset = reset;
    if (reads) this.#reading = this.inbox.readFrom(conn);
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  end(): Promise<void> {
    return this.#conn.closeWrite();
  }

  break(): void {
    this.#reset();
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#reading;
  }
}

/** The other session of `memory:`. */
export class SessionFar implements Far {
  readonly inbox = new Inbox();
  readonly #session: Duplex;
  #reading: Promise<void> = Promise.resolve();

  constructor(session: Duplex, reads: boolean) {
    this.#session = session;
    if (reads) this.#reading = this.inbox.readFrom(session);
  }

  send(bytes: Uint8Array): Promise<void> {
    return this.#session.write(bytes);
  }

  end(): Promise<void> {
    return this.#session.closeWrite();
  }

  break(): void {
    this.#session.abort();
  }

  close(): void {
    void this.#session[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
    await this.#reading;
  }
}

/** Standard input and output whose other ends the test holds. */
export class StreamsFar implements Far, StandardStreams {
  readonly inbox = new Inbox();
  readonly inputIsTerminal = false;
  readonly outputIsTerminal = false;
  readonly #reads: boolean;
  readonly #input: { chunk: Uint8Array; taken: () => void }[] = [];
  #inputEnded = false;
  #readerGone = false;
  #wake = () => {};

  constructor(reads: boolean) {
    this.#reads = reads;
  }

  send(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return Promise.resolve();
    return new Promise((taken) => {
      this.#input.push({ chunk: bytes, taken });
      this.#wake();
    });
  }

  end(): Promise<void> {
    this.#inputEnded = true;
    this.#wake();
    return Promise.resolve();
  }

  /** The reader of standard output goes away. */
  break(): void {
    this.#readerGone = true;
  }

  close(): void {
    this.break();
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#input.length === 0 && !this.#inputEnded) {
      await new Promise<void>((wake) => this.#wake = wake);
    }
    const first = this.#input[0];
    if (first === undefined) return null;
    const piece = first.chunk.subarray(0, into.length);
    into.set(piece);
    first.chunk = first.chunk.subarray(piece.length);
    if (first.chunk.length === 0) {
      this.#input.shift();
      first.taken();
    }
    return piece.length;
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#readerGone) {
      const message = "broken pipe";
      return Promise.reject(new NetError({ kind: "broken", op: "write", message, code: "EPIPE" }));
    }
    if (!this.#reads) return new Promise(() => {});
    this.inbox.take(chunk);
    return Promise.resolve();
  }

  closeOutput(): void {
    this.inbox.finish("end");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** Up to two one-way descriptors: the ends of named pipes. */
export class PipesFar implements Far {
  readonly inbox = new Inbox();
  readonly #out: Deno.FsFile | undefined;
  readonly #in: Deno.FsFile | undefined;
  readonly #break: (() => Promise<void>) | undefined;
  readonly #reads: boolean;
  #reading: Promise<void> = Promise.resolve();
  readonly #closed = new Set<Deno.FsFile>();

  /** @param out what is written to @param input what is read from */
  constructor(
    out: Deno.FsFile | undefined,
    input: Deno.FsFile | undefined,
    reads: boolean,
    breaking?: () => Promise<void>,
  ) {
    this.#out = out;
    this.#in = input;
    this.#break = breaking;
    this.#reads = reads;
    if (reads && input !== undefined) this.#reading = this.inbox.readFrom(input);
  }

  async send(bytes: Uint8Array): Promise<void> {
    const out = this.#out;
    for (let at = 0; out !== undefined && at < bytes.length;) {
      at += await out.write(bytes.subarray(at));
    }
  }

  end(): Promise<void> {
    this.#close(this.#out);
    return Promise.resolve();
  }

  async break(): Promise<void> {
    await this.#break?.();
    this.close();
  }

  close(): void {
    this.#close(this.#out);
    // A file that is being read would stay open until its read returns.
    if (!this.#reads) this.#close(this.#in);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close(this.#out);
    await this.#reading;
    this.#close(this.#in);
  }

  #close(file: Deno.FsFile | undefined): void {
    if (file === undefined || this.#closed.has(file)) return;
    this.#closed.add(file);
    file.close();
  }
}

/** A plain file: what it holds is there from the start, what it got is looked at in the end. */
export class FileFar implements Far {
  readonly inbox = new Inbox();
  readonly #path: string | undefined;

  /** @param path of a file that is written to; without it the file is only read */
  constructor(path?: string) {
    this.#path = path;
  }

  send(): Promise<void> {
    return Promise.resolve();
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  break(): void {}

  close(): void {}

  /** Looks at the file. */
  async look(): Promise<void> {
    if (this.#path === undefined) return;
    this.inbox.take(await Deno.readFile(this.#path));
    this.inbox.finish("end");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
