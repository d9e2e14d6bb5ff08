/**
 * Noise_NNpsk0_25519_ChaChaPoly_SHA256: the handshake of the Noise protocol framework
 * (noiseprotocol.org, revision 34) between two sides that share a key of 32 bytes.
 *
 *     -> psk, e
 *     <- e, ee
 *
 * Each side proves that it has the key, fresh keys come of it, and what is recorded today cannot
 * be opened by who learns the shared key tomorrow. What the first message carries can be replayed
 * by whoever saw it: nothing may be done because of it alone.
 * @module
 */

import { createHash, hkdfSync } from "node:crypto";
import { NetError } from "../core/error.ts";
import { CipherState, keyBytes, tagBytes } from "./noise_cipher.ts";
import { EphemeralKey, pointBytes } from "./x25519.ts";

/** Who writes the first message. */
export type NoiseRole = "initiator" | "responder";

/** What both sides must have the same, and one thing that they must not. */
export interface NoiseSetup {
  /** The shared key, 32 bytes. */
  readonly psk: Uint8Array;
  /** What both sides have seen before: where it differs, no message can be opened. */
  readonly prologue: Uint8Array;
  /** Private key of this side, 32 bytes; only for test vectors. */
  readonly ephemeral?: Uint8Array;
}

/** What a handshake gives. */
export interface NoiseKeys {
  /** Seals what this side sends. */
  readonly send: CipherState;
  /** Opens what the peer sends. */
  readonly receive: CipherState;
  /** 32 bytes that both sides have the same, and no other handshake has. */
  readonly hash: Uint8Array;
}

/** Bytes that a message has beside its payload. */
export const messageOverhead: number = pointBytes + tagBytes;

const protocolName = new TextEncoder().encode("Noise_NNpsk0_25519_ChaChaPoly_SHA256");
const nothing = new Uint8Array(0);

/**
 * One side of one handshake: the initiator writes, then reads, the responder reads, then writes,
 * and both `split`. A call out of turn is a bug of the caller and throws kind "unexpected".
 */
export class NoiseHandshake {
  readonly #role: NoiseRole;
  readonly #psk: Uint8Array;
  readonly #own: EphemeralKey;
  #peer: Uint8Array = nothing;
  /** `h` and `ck` of the specification (5.2). */
  #hash: Uint8Array;
  #chainingKey: Uint8Array;
  #cipher: CipherState | undefined;
  #turn = 0;

  constructor(role: NoiseRole, setup: NoiseSetup) {
    if (setup.psk.length !== keyBytes) throw misuse(`a key of ${setup.psk.length} bytes`);
    this.#role = role;
    this.#psk = setup.psk;
    this.#own = new EphemeralKey(setup.ephemeral);
    // InitializeSymmetric: a name of more than 32 bytes is hashed.
    this.#hash = sha256(protocolName);
    this.#chainingKey = this.#hash;
    this.#mixHash(setup.prologue);
  }

  /** Makes this side's message, with `payload` sealed in it. */
  write(payload: Uint8Array): Uint8Array {
    this.#take("write");
    if (this.#role === "initiator") this.#mixKeyAndHash(this.#psk);
    this.#mixPublic(this.#own.publicBytes);
    if (this.#role === "responder") this.#mixAgreed();
    const message = new Uint8Array(messageOverhead + payload.length);
    message.set(this.#own.publicBytes);
    this.#keyed().seal(payload, message, pointBytes, this.#hash);
    this.#mixHash(message.subarray(pointBytes));
    return message;
  }

  /**
   * Opens the peer's message.
   *
   * @returns its payload
   * @throws {NetError} kind "protocol" where it is too short, "authentication" where it cannot be
   * opened: the keys or the prologues differ, or it was changed on the way. The handshake is over.
   */
  read(message: Uint8Array): Uint8Array {
    this.#take("read");
    if (message.length < messageOverhead) {
      throw new NetError({
        kind: "protocol",
        op: "link",
        message: `a handshake message of ${message.length} bytes, fewer than ${messageOverhead}`,
        blame: "remote",
      });
    }
    this.#peer = Uint8Array.from(message.subarray(0, pointBytes));
    if (this.#role === "responder") this.#mixKeyAndHash(this.#psk);
    this.#mixPublic(this.#peer);
    if (this.#role === "initiator") this.#mixAgreed();
    const payload = this.#keyed().open(message.subarray(pointBytes), this.#hash);
    if (payload === null) throw unopened();
    this.#mixHash(message.subarray(pointBytes));
    return payload;
  }

  /** The keys of the records that follow (5.2, Split). Once, after both messages. */
  split(): NoiseKeys {
    if (this.#turn !== 2) throw misuse("split before both messages");
    this.#turn++;
    const [first, second] = hkdf(this.#chainingKey, nothing);
    const forth = new CipherState(first);
    const back = new CipherState(second);
    return this.#role === "initiator"
      ? { send: forth, receive: back, hash: this.#hash }
      : { send: back, receive: forth, hash: this.#hash };
  }

  /** Message 0 is the initiator's, message 1 the responder's. */
  #take(act: "write" | "read"): void {
    const writer: NoiseRole = this.#turn === 0 ? "initiator" : "responder";
    const isOurs = this.#turn < 2 && (act === "write") === (this.#role === writer);
    if (!isOurs) throw misuse(`${act} as ${this.#role} at message ${this.#turn}`);
    this.#turn++;
  }

  #mixHash(data: Uint8Array): void {
    this.#hash = sha256(this.#hash, data);
  }

  #mixKey(input: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.#chainingKey, input);
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key);
  }

  /** The token `psk` (9.2). */
  #mixKeyAndHash(input: Uint8Array): void {
    const [chainingKey, hash, key] = hkdf(this.#chainingKey, input);
    this.#chainingKey = chainingKey;
    this.#mixHash(hash);
    this.#cipher = new CipherState(key);
  }

  /** The token `e`; with a shared key it is mixed into the key too, so that no nonce repeats (9.2). */
  #mixPublic(point: Uint8Array): void {
    this.#mixHash(point);
    this.#mixKey(point);
  }

  /** The token `ee`. */
  #mixAgreed(): void {
    const shared = this.#own.agree(this.#peer);
    if (shared === null) throw unopened("its key is a point of low order");
    this.#mixKey(shared);
    shared.fill(0);
  }

  #keyed(): CipherState {
    if (this.#cipher === undefined) throw misuse("no key yet");
    return this.#cipher;
  }
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
}

/** HKDF of section 4.3, which is RFC 5869's with the chaining key as salt and no info. */
function hkdf(chainingKey: Uint8Array, input: Uint8Array): [Uint8Array, Uint8Array, Uint8Array] {
  const all = new Uint8Array(hkdfSync("sha256", input, chainingKey, nothing, 3 * keyBytes));
  // The first two of three outputs are those of two: each depends on the ones before only.
  return [
    all.subarray(0, keyBytes),
    all.subarray(keyBytes, 2 * keyBytes),
    all.subarray(2 * keyBytes),
  ];
}

function unopened(
  why = "the keys of the two sides differ, or it was changed on the way",
): NetError {
  const message = `the handshake of the peer cannot be opened: ${why}`;
  return new NetError({ kind: "authentication", op: "link", message, blame: "remote" });
}

function misuse(what: string): NetError {
  return new NetError({ kind: "unexpected", op: "link", message: `noise handshake: ${what}` });
}
