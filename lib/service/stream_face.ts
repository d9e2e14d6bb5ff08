/**
 * The face of a machine to a stream of bytes: backpressure, half-close and sources.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { ByteInput, ByteOutput, Sink } from "../core/machine.ts";
import { TimerWheel } from "../core/wheel.ts";
import type { BufferPool } from "../stream/buffer_pool.ts";
import { reasonOfError } from "../stream/relay.ts";
import { buffersFor, BurstBuffers } from "../stream/session_buffers.ts";
import { type Face, type FaceEnd, type FaceSetup, ownBufferSize } from "./face.ts";

/** One for all: a function or a settled promise in each field would be held thousands of times. */
const nobody = () => {};
const nothing = Promise.resolve();

/**
 * Two loops share the machine. One reads, steps, and reads on only when what the step put has been
 * written: a peer that never reads stops being read, and memory stays flat. The other writes what
 * was put and, as long as the machine wants to "drain", asks it for more.
 */
export class StreamFace implements Face, Sink<ByteOutput> {
  bytesIn = 0;
  bytesOut = 0;
  readonly #setup: FaceSetup;
  #pool: BufferPool;
  /** Chunks that were put and not written yet. */
  readonly #outbox: Uint8Array[] = [];
  /** The machine's sending: "ending" once it put its end, "ended" once the peer was told. */
  #sending: "open" | "ending" | "ended" = "open";
  #peerEnded = false;
  #writing = false;
  #written: Promise<void> = nothing;
  #isReading = false;
  /** Wakes who waits for the outbox of a source to be empty. */
  #emptied = nobody;
  /** The machine's deadline came while its output waited for the peer. */
  #isLate = false;
  #deadline: { readonly atMs: number; readonly timer: Timer } | undefined;
  #isOver = false;
  /** A write failed: what was cut may still go out, in the system. */
  #isCut = false;
  /** Those of the promise that `run` gave. */
  #resolve: (end: FaceEnd) => void = nobody;
  #reject: (bug: unknown) => void = nobody;
  /** Wakes who waits in `settled`. */
  #readEnded = nobody;

  constructor(setup: FaceSetup) {
    this.#setup = setup;
    this.#pool = buffersFor(setup.session);
  }

  /** As all that waits for an idle peer by callbacks: frames of async functions would be held. */
  run(): Promise<FaceEnd> {
    return new Promise<FaceEnd>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#begin();
    });
  }

  stop(end: FaceEnd): void {
    this.#over();
    this.#resolve(end);
  }

  #crash(bug: unknown): void {
    this.#over();
    this.#reject(bug);
  }

  #over(): void {
    this.#isOver = true;
    this.#deadline?.timer.cancel();
  }

  async settled(): Promise<void> {
    // Made only now: a promise for each session that reads would cost 270 bytes while it is idle.
    if (this.#isReading) await new Promise<void>((wake) => this.#readEnded = wake);
    await this.#written;
  }

  /**
   * The machine's output. Kept without a copy: no step is taken before it is written, but those of
   * a source beside what it put at "drain", and that stays until the next "drain".
   */
  put(out: ByteOutput): void {
    if (this.#sending !== "open") throw new Error("the machine sends after its end");
    if (out === "end") this.#sending = "ending";
    else if (out.length > 0) this.#outbox.push(out);
  }

  #begin(): void {
    this.#isReading = true;
    try {
      this.#step("open");
      this.#write();
    } catch (thrown) {
      return this.#broke(thrown);
    }
    if (this.#setup.session.readable === undefined) void this.#hog();
    else this.#park();
  }

  #doneReading(): void {
    this.#isReading = false;
    this.#readEnded();
  }

  /** Waits without a buffer. */
  #park(): void {
    this.#setup.session.readable?.().then(this.#burst, this.#broke);
  }

  readonly #broke = (thrown: unknown): void => {
    this.#failed(thrown, "read");
    this.#doneReading();
  };

  /**
   * Borrows a buffer for as long as there is more. One that a failed read may fill stays out, and
   * one that a failed write may still send: an answer may be the very bytes that were read.
   */
  readonly #burst = async (): Promise<void> => {
    const buffers = new BurstBuffers(this.#setup.session, this.#pool);
    let buffer = buffers.take();
    try {
      let n: number | null;
      for (;;) {
        n = await this.#read(buffer);
        const next = n === null || this.#isCut ? null : buffers.next(buffer, n);
        if (next === null) break;
        buffer = next;
      }
      if (!this.#isCut) buffers.give(buffer);
      this.#pool = buffers.pool;
      if (n !== null) return this.#park();
      await this.#ended();
      this.#doneReading();
    } catch (thrown) {
      this.#broke(thrown);
    }
  };

  /** For sessions that cannot wait without a buffer. */
  async #hog(): Promise<void> {
    const buffer = new Uint8Array(ownBufferSize);
    try {
      while (await this.#read(buffer) !== null);
      await this.#ended();
      this.#doneReading();
    } catch (thrown) {
      this.#broke(thrown);
    }
  }

  async #read(buffer: Uint8Array): Promise<number | null> {
    const n = await this.#setup.session.read(buffer);
    if (n !== null) await this.#received(buffer.subarray(0, n));
    return n;
  }

  /** Steps the machine; resolves when the lent bytes are not needed any more. */
  async #received(chunk: Uint8Array): Promise<void> {
    this.bytesIn += chunk.length;
    this.#setup.moved();
    if (this.#sending !== "open" || this.#isOver) return;
    const source = this.#setup.machine.wantsDrain;
    const before = this.#outbox.length;
    this.#step(chunk);
    const written = this.#write();
    if (!source) await written;
    else if (this.#outbox.length > before) await new Promise<void>((wake) => this.#emptied = wake);
  }

  async #ended(): Promise<void> {
    this.#peerEnded = true;
    if (this.#sending === "open") this.#step("end");
    await this.#write();
  }

  #step(input: ByteInput): void {
    const { machine, clock } = this.#setup;
    machine.step(input, clock.now(), this);
    if (machine.deadlineMs !== (this.#deadline?.atMs ?? null)) this.#setDeadline();
  }

  #setDeadline(): void {
    const { machine, clock } = this.#setup;
    this.#deadline?.timer.cancel();
    this.#deadline = undefined;
    const atMs = machine.deadlineMs;
    if (atMs === null || this.#isOver) return;
    const timer = TimerWheel.of(clock).timer(atMs - clock.now(), () => {
      this.#deadline = undefined;
      this.#isLate = true;
      // What a deadline puts may not pile up before a peer that does not read.
      if (this.#outbox.length > 0 || (this.#writing && !machine.wantsDrain)) return;
      try {
        this.#stepLate();
        this.#write();
      } catch (bug) {
        this.#crash(bug);
      }
    });
    this.#deadline = { atMs, timer };
  }

  #stepLate(): void {
    this.#isLate = false;
    const { machine, clock } = this.#setup;
    if (this.#isOver || this.#sending !== "open") return;
    // An input that came meanwhile may have moved the deadline.
    if (machine.deadlineMs !== null && machine.deadlineMs <= clock.now()) this.#step("deadline");
  }

  /** Starts the writing loop where it has something to do; resolves when it has come to rest. */
  #write(): Promise<void> {
    const idle = this.#outbox.length === 0 && this.#sending !== "ending";
    if (this.#writing || (idle && !this.#setup.machine.wantsDrain)) return this.#written;
    this.#writing = true;
    return this.#written = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      await this.#drainAll();
    } catch (thrown) {
      this.#isCut = true;
      this.#failed(thrown, "write");
    } finally {
      this.#writing = false;
      this.#emptied();
    }
  }

  async #drainAll(): Promise<void> {
    const { session, machine, moved } = this.#setup;
    while (!this.#isOver) {
      const chunk = this.#outbox.shift();
      if (chunk !== undefined) {
        await session.write(chunk);
        this.bytesOut += chunk.length;
        moved();
        continue;
      }
      this.#emptied();
      if (this.#isLate) this.#stepLate();
      if (this.#outbox.length > 0) continue;
      if (this.#sending === "ending") {
        await session.closeWrite();
        this.#sending = "ended";
        return this.stop({ reason: this.#peerEnded ? "peer-end" : "local-end" });
      }
      if (!machine.wantsDrain) return;
      this.#step("drain");
      if (this.#outbox.length === 0 && this.#sending === "open") return;
    }
  }

  #failed(thrown: unknown, op: "read" | "write"): void {
    const { session, machine } = this.#setup;
    const error = toNetError(thrown, op, session.remote.text, "remote");
    if (error.kind === "unexpected" && !(thrown instanceof NetError)) return this.#crash(thrown);
    const reason = reasonOfError(error);
    // A peer ends a source by closing: that it takes no more is its orderly end, not a failure.
    if (reason === "reset" && this.#peerEnded && machine.wantsDrain) {
      return this.stop({ reason: "peer-end" });
    }
    this.stop({ reason, error });
  }
}
