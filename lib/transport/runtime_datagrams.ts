/**
 * Whether the runtime has datagram sockets: they are behind a flag of its.
 * @module
 */

import { NetError } from "../core/error.ts";

/** Checked before they are used. @throws {NetError} kind "unavailable" */
export function requireRuntimeDatagrams(text: string): void {
  if (Deno.listenDatagram !== undefined) return;
  throw new NetError({
    kind: "unavailable",
    op: "open",
    address: text,
    message: "this project's Deno configuration has no datagram sockets",
    hint: 'add "unstable": ["net"] to deno.json, or run with --unstable-net',
  });
}
