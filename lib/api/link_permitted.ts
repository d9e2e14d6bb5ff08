/**
 * What a client of a link asks for -> its endpoint on this side, where a permit allows it. Looked at
 * for every single channel and listener, and never once for a session: a client that was let in is
 * not trusted further than the list says.
 * @module
 */

import { formatAddress } from "../address/format.ts";
import { parseAddress } from "../address/parse.ts";
import type { Permit } from "../address/permit.ts";
import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import { AddressError, NetError, quote } from "../core/error.ts";
import type { SessionTally } from "../core/tally.ts";
import type { Ports } from "../core/transport.ts";
import type { LinkHandlers, LinkRequest } from "../link/link_options.ts";
import { nextSessionId } from "../service/policy.ts";
import { childPorts } from "./child_ports.ts";
import { dial } from "./connect.ts";
import { MergedListener } from "./merged_listener.ts";
import { openListeners } from "./passive.ts";

/** How targets are opened. */
export interface PermittedOptions {
  readonly permits: readonly Permit[];
  readonly ports: Ports;
  /** Time for opening one (ms); default 30,000. */
  readonly timeoutMs?: number;
}

type Asked = Omit<LinkRequest, "kind">;

/** What a server does for its clients: what is permitted, and nothing else. */
export function permittedHandlers(
  { permits, ports, timeoutMs }: PermittedOptions,
  context: Context,
): LinkHandlers {
  const ids = new WeakMap<LinkRequest, number>();
  const permitted = (asked: Asked, side: "active" | "passive") => {
    const address = read(asked.target, side, context);
    if (address !== null && permits.some((permit) => permit.allows(address))) return address;
    throw notPermitted(asked, address, side, context);
  };
  return {
    async open(request, within) {
      const address = permitted(request, "active");
      const id = nextSessionId();
      ids.set(request, id);
      return await dial(address, within, childPorts(ports, id, request.peer.text), timeoutMs);
    },
    async listen(asked, within) {
      const address = permitted(asked, "passive");
      return MergedListener.of(await openListeners(address, within, ports), within);
    },
    ended(request, tally) {
      const id = ids.get(request);
      // One that came in at a listener of the client's has not been opened here.
      const ends = id === undefined ? "at" : "to";
      sayEnded(id ?? nextSessionId(), ends, request, tally, context);
    },
  };
}

/** Null for what is no address of that side: the peer learns no more of it than of a refused one. */
function read(text: string, side: "active" | "passive", { limits }: Context): Address | null {
  try {
    const address = parseAddress(text, { limits });
    return address.passive === (side === "passive") ? address : null;
  } catch (thrown) {
    if (thrown instanceof AddressError) return null;
    throw thrown;
  }
}

function notPermitted(
  { target, peer, identity }: Asked,
  address: Address | null,
  side: "active" | "passive",
  { log }: Context,
): NetError {
  const shown = quote(address === null ? target : formatAddress(address));
  const text = `not permitted: ${shown}, asked for by ${peer.text}`;
  log.write("warning", "not-permitted", text, { address: shown, peer: peer.text, identity });
  const op = side === "active" ? "open" : "listen";
  return new NetError({ kind: "permission", op, address: shown, message: "not permitted" });
}

/** One line about a channel that was joined with a target; the event is that of other sessions. */
function sayEnded(
  id: number,
  ends: "at" | "to",
  { peer, target }: LinkRequest,
  { reason, error, aToB, bToA, durationMs }: SessionTally,
  { log }: Context,
): void {
  const other = quote(target);
  const text = [
    `session ${id}: ${peer.text} ${ends} ${other}: ${aToB.bytes} B in`,
    `${bToA.bytes} B out`,
    `${(durationMs / 1000).toFixed(3)}s`,
    error === undefined ? reason : `${reason} (${error.message})`,
  ].join(", ");
  log.write("info", "session", text, {
    id,
    peer: peer.text,
    other,
    bytesIn: aToB.bytes,
    bytesOut: bToA.bytes,
    durationMs: Math.round(durationMs * 1000) / 1000,
    reason,
    ...(error === undefined ? {} : { message: error.message, code: error.code ?? null }),
  });
}
