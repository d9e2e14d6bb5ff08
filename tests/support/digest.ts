/**
 * SHA-256 of what passes, so that a gigabyte is compared without being held.
 * @module
 */

import { createHash } from "node:crypto";
import { randomStream } from "./random.ts";

/** A running digest with the count of its bytes. */
export class Digest {
  /** Bytes so far. */
  bytes = 0;
  readonly #hash = createHash("sha256");

  /** Takes a chunk; bound, so that it can be handed on as a callback. */
  readonly add = (chunk: Uint8Array): void => {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
  };

  /** Takes a whole stream, to its end. */
  async addAll(stream: AsyncIterable<Uint8Array>): Promise<this> {
    for await (const chunk of stream) this.add(chunk);
    return this;
  }

  /** `BYTES:HEX`, once: two that differ in length say so at a glance. */
  finish(): string {
    return `${this.bytes}:${this.#hash.digest("hex")}`;
  }
}

/** The digest of bytes at hand. */
export function digestOf(bytes: Uint8Array): string {
  const digest = new Digest();
  digest.add(bytes);
  return digest.finish();
}

/** The digest of `randomStream(length, seed)`, without a wire between. */
export async function digestOfRandom(length: number, seed = 1): Promise<string> {
  return (await new Digest().addAll(randomStream(length, seed))).finish();
}
