/**
 * The face of a machine to messages: each one is an input, what its step puts is one answer.
 * @module
 */

import { concatenate } from "../core/bytes.ts";
import { toNetError } from "../core/error.ts";
import type { ByteInput, ByteOutput, Sink } from "../core/machine.ts";
import { reasonOfError } from "../stream/relay.ts";
import { buffersFor } from "../stream/session_buffers.ts";
import { isAmplifiable, whyUnanswerable } from "./answerable.ts";
import { type Face, type FaceEnd, type FaceSetup, ownBufferSize } from "./face.ts";

/** Sources and deadlines have no meaning here: a message face speaks when it is spoken to. */
export class MessageFace implements Face, Sink<ByteOutput> {
  bytesIn = 0;
  bytesOut = 0;
  readonly #setup: FaceSetup;
  readonly #answer: Uint8Array[] = [];
  readonly #said = new Set<string>();
  readonly #unanswerable: string | null;
  readonly #amplifiable: boolean;
  #hasEnded = false;
  #running: Promise<FaceEnd> | undefined;
  #finish: (end: FaceEnd) => void = () => {};

  constructor(setup: FaceSetup) {
    const { local, remote, traits } = setup.session;
    this.#setup = setup;
    this.#amplifiable = isAmplifiable(remote);
    this.#unanswerable = traits.readOnly
      ? "its sender has no address"
      : whyUnanswerable(local, remote);
  }

  run(): Promise<FaceEnd> {
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#running = this.#runAll();
      this.#running.then(resolve, reject);
    });
  }

  stop(end: FaceEnd): void {
    this.#finish(end);
  }

  async settled(): Promise<void> {
    // What it threw was told by `run`.
    await this.#running?.catch(() => {});
  }

  put(out: ByteOutput): void {
    if (out === "end") this.#hasEnded = true;
    else this.#answer.push(out);
  }

  async #runAll(): Promise<FaceEnd> {
    const { session } = this.#setup;
    try {
      await this.#step("open", 0);
      while (await this.#readOne());
      const machineEnded = this.#hasEnded;
      if (!machineEnded) await this.#step("end", 0);
      await session.closeWrite();
      return { reason: machineEnded ? "local-end" : "peer-end" };
    } catch (thrown) {
      const error = toNetError(thrown, "serve", session.remote.text, "remote");
      if (error.kind === "unexpected" && error !== thrown) throw thrown;
      const reason = error.kind === "too-large" ? "limit" : reasonOfError(error);
      return { reason, error };
    }
  }

  /** @returns false once the peer, or the machine, has ended */
  async #readOne(): Promise<boolean> {
    const { session, moved } = this.#setup;
    if (this.#hasEnded) return false;
    const waits = session.readable !== undefined;
    await session.readable?.();
    const pool = buffersFor(session);
    const buffer = waits ? pool.take() : new Uint8Array(ownBufferSize);
    // A buffer that a failed read may still fill is not given back, nor one that a failed write may
    // still send. A session of datagrams only copies out of its queue, and each of them ends by a
    // failed read.
    let isOurs = session.traits.endless === true;
    try {
      const n = await session.read(buffer);
      isOurs = false;
      if (n !== null) {
        this.bytesIn += n;
        moved();
        await this.#step(buffer.subarray(0, n), n);
      }
      isOurs = true;
      return n !== null;
    } finally {
      if (waits && isOurs) pool.give(buffer);
    }
  }

  /** @param received bytes of the message that is answered; 0 where nobody asked */
  async #step(input: ByteInput, received: number): Promise<void> {
    const { session, machine, clock, moved } = this.#setup;
    this.#answer.length = 0;
    machine.step(input, clock.now(), this);
    const answer = this.#joined();
    if (answer === undefined) return;
    if (this.#unanswerable !== null) return this.#withhold(this.#unanswerable);
    if (this.#amplifiable && answer.length > received) {
      return this.#withhold(`${answer.length} bytes would answer ${received}`);
    }
    try {
      await session.write(answer);
    } catch (thrown) {
      const error = toNetError(thrown, "write", session.remote.text, "remote");
      // Only this answer is lost: the session can still be used.
      if (error.kind !== "too-large") throw error;
      return this.#withhold(error.reason);
    }
    this.bytesOut += answer.length;
    moved();
  }

  #joined(): Uint8Array | undefined {
    return this.#answer.length <= 1 ? this.#answer[0] : concatenate(this.#answer);
  }

  /** Said once for each cause in a session: a flood of packets must not become a flood of lines. */
  #withhold(why: string): void {
    const { log, session } = this.#setup;
    if (this.#said.size >= 8 || this.#said.has(why) || !log.enabled("info")) return;
    this.#said.add(why);
    const peer = session.remote.text || "a sender without an address";
    log.write("info", "withheld", `no answer to ${peer}: ${why}`, { peer, why });
  }
}
