/**
 * Who a link's client is where it does not say: the same after a restart, so that it takes over its
 * own dead session and its ports at once, and different from every other client.
 * @module
 */

import { identity } from "../sys/identity.ts";

/**
 * A name for what one user of one machine has asked for. A digest: the server shows identities, and
 * a command line may hold what is not its business.
 *
 * @param words what was asked for, in order: the addresses of the link and of its forwards
 */
export async function defaultIdentity(words: readonly string[]): Promise<string> {
  const { host, uid } = identity();
  const facts = JSON.stringify([host, uid, ...words]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(facts));
  return [...new Uint8Array(digest).subarray(0, 12)]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
