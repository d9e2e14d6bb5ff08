/**
 * A client of a link that says what a test wants, frame by frame, and reads only when it is told to.
 * @module
 */

import { makeContext } from "../../lib/core/context.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { greetServer } from "../../lib/link/link_greeting.ts";
import type { CarrierRecords } from "../../lib/link/link_handshake.ts";
import { maximumRecordBytes } from "../../lib/link/link_records.ts";
import { linkFrame } from "../../lib/wire/link_frame.ts";
import { linkKey } from "./linked.ts";

/** Numbers of a body, each with its bytes, then a text. */
export function frame(
  type: number,
  numbers: readonly (readonly [bytes: 1 | 2 | 4 | 8, value: number])[],
  text = "",
): Uint8Array {
  const tail = new TextEncoder().encode(text);
  const fixed = numbers.reduce((sum, [bytes]) => sum + bytes, 0);
  const all = new Uint8Array(4 + fixed + tail.length);
  const view = new DataView(all.buffer);
  view.setUint32(0, type * 2 ** 24 + fixed + tail.length);
  let at = 4;
  for (const [bytes, value] of numbers) {
    if (bytes === 8) view.setBigUint64(at, BigInt(value));
    else if (bytes === 4) view.setUint32(at, value);
    else if (bytes === 2) view.setUint16(at, value);
    else view.setUint8(at, value);
    at += bytes;
  }
  all.set(tail, at);
  return all;
}

/** One carrier of one session. */
export class RawLinkClient implements AsyncDisposable {
  readonly #carrier: Duplex;
  readonly #records: CarrierRecords;
  readonly #buffer = new Uint8Array(maximumRecordBytes);

  private constructor(carrier: Duplex, records: CarrierRecords) {
    this.#carrier = carrier;
    this.#records = records;
  }

  /** Is let in, and says RESUME of a session that begins. */
  static async begin(carrier: Duplex, identity = ""): Promise<RawLinkClient> {
    const session = crypto.getRandomValues(new Uint8Array(16));
    const hello = { features: 0, resumes: false, session, received: 0, identity };
    const security = { key: linkKey, seals: true };
    const { records } = await greetServer(carrier, security, hello, makeContext());
    if (records === null) throw new Error("not let in");
    const client = new RawLinkClient(carrier, records);
    await client.say(frame(linkFrame.resume, [[8, 0], [4, 8 * 1024 * 1024], [4, 1]]));
    return client;
  }

  /** Says these frames in one record. */
  async say(...frames: readonly Uint8Array[]): Promise<void> {
    await this.#carrier.write(this.record(...frames));
  }

  /** The bytes of one record, which are to be written to the carrier before any other. */
  record(...frames: readonly Uint8Array[]): Uint8Array {
    const batch = new Uint8Array(maximumRecordBytes);
    const end = this.#records.writer.put(batch, 0, (into) => {
      let at = 0;
      for (const one of frames) {
        into.set(one, at);
        at += one.length;
      }
      return at;
    });
    return batch.subarray(0, end);
  }

  /** The frames of the next record; null at the end of the carrier. */
  async hear(): Promise<Uint8Array | null> {
    for (let filled = 0;;) {
      const plain = this.#records.reader.next(this.#buffer, 0, filled);
      if (plain !== null) return plain.slice();
      const wanted = filled < 2 ? 2 : 2 + (((this.#buffer[0] ?? 0) << 8) | (this.#buffer[1] ?? 0));
      const count = await this.#carrier.read(this.#buffer.subarray(filled, wanted));
      if (count === null) return null;
      filled += count;
    }
  }

  /** Hears until a frame of this type came. @returns its body; null at the end of the carrier */
  async until(type: number): Promise<Uint8Array | null> {
    for (;;) {
      const record = await this.hear();
      if (record === null) return null;
      const view = new DataView(record.buffer);
      for (let at = 0; at < record.length;) {
        const length = view.getUint32(at) & 0xffffff;
        if (record[at] === type) return record.subarray(at + 4, at + 4 + length);
        at += 4 + length;
      }
    }
  }

  /** Goes without a word. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#carrier.abort();
    await this.#carrier[Symbol.asyncDispose]();
  }
}
