/**
 * X25519 (RFC 7748) over node:crypto, with keys as their 32 bytes.
 * @module
 */

import { createPrivateKey, createPublicKey, diffieHellman, randomBytes } from "node:crypto";

/** Bytes of a private key, of a public key and of what two of them agree on. */
export const pointBytes = 32;

/** RFC 8410: what stands before the 32 bytes of a private key in PKCS #8 ... */
const privateHead = Uint8Array.fromHex("302e020100300506032b656e04220420");
/** ... and before those of a public key in SubjectPublicKeyInfo. */
const publicHead = Uint8Array.fromHex("302a300506032b656e032100");

/** A key that is used for one handshake. */
export class EphemeralKey {
  /** 32 bytes that the peer is sent. */
  readonly publicBytes: Uint8Array;
  readonly #key: ReturnType<typeof createPrivateKey>;

  /** @param privateBytes for tests; 32 bytes from the system's generator otherwise */
  constructor(privateBytes: Uint8Array = randomBytes(pointBytes)) {
    const key = der(privateHead, privateBytes);
    this.#key = createPrivateKey({ key, format: "der", type: "pkcs8" });
    const spki = createPublicKey(this.#key).export({ format: "der", type: "spki" });
    this.publicBytes = Uint8Array.from(spki.subarray(publicHead.length));
  }

  /**
   * What this key and the peer's agree on.
   *
   * @returns null where it would be zero: the peer's point is of low order, so that the outcome
   * does not depend on this key (RFC 7748, section 6.1)
   */
  agree(peer: Uint8Array): Uint8Array | null {
    const publicKey = createPublicKey({ key: der(publicHead, peer), format: "der", type: "spki" });
    let shared: Uint8Array;
    try {
      shared = diffieHellman({ privateKey: this.#key, publicKey });
    } catch {
      return null; // OpenSSL's way to refuse such points; the runtime's own gives the zeros
    }
    return shared.every((byte) => byte === 0) ? null : shared;
  }
}

function der(head: Uint8Array, key: Uint8Array): Buffer {
  return Buffer.concat([head, key]);
}
