/**
 * Forwards of a link, both ways, as one server of its client: connections that come in here become
 * channels to targets over there, and those that come in over there are joined with targets here.
 * @module
 */

import { formatAddress } from "../address/format.ts";
import type { Forward } from "../address/forward.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Listener } from "../core/contract.ts";
import type { Ports } from "../core/transport.ts";
import { LinkChannel } from "../link/link_channel.ts";
import type { LinkClient } from "../link/link_client.ts";
import type { AcceptPolicy } from "../service/policy.ts";
import { childPorts } from "./child_ports.ts";
import { dial } from "./connect.ts";
import { ReverseListener } from "./link_reverse.ts";
import { type OpenOther, pairing } from "./pairing.ts";
import { closeAll, datagramBounds, openListeners } from "./passive.ts";
import { looped, RunningServer } from "./running.ts";

/** What is joined over a link. */
export interface LinkForwards {
  /** Listeners of this side. */
  readonly forwards: readonly Forward[];
  /** Listeners of the other side. */
  readonly reverses: readonly Forward[];
  /** Time for opening a target of a reverse forward (ms); default 30,000. */
  readonly timeoutMs?: number;
}

/**
 * Opens every listener, those of this side first, in the order given, and serves all of them. A
 * connection whose target cannot be opened is reset, and the others go on.
 *
 * @returns null where there are none
 * @throws {NetError} what listening says, here or over there; nothing stays open then
 */
export async function serveForwards(
  client: LinkClient,
  { forwards, reverses, timeoutMs }: LinkForwards,
  policy: AcceptPolicy,
  context: Context,
  ports: Ports,
): Promise<RunningServer | null> {
  if (forwards.length + reverses.length === 0) return null;
  const openers = new Map<Listener, OpenOther>();
  try {
    for (const { listen, target } of forwards) {
      const text = formatAddress(target);
      const open: OpenOther = async (within, _info, session) => {
        const kind = session.traits.messages ? "datagrams" : "stream";
        const channel = await client.open(text, kind, within);
        endWith(channel, session);
        return channel;
      };
      for (const listener of await openListeners(listen, context, ports, datagramBounds(policy))) {
        openers.set(listener, open);
      }
    }
    for (const { listen, target } of reverses) {
      const listener = await ReverseListener.open(client, listen, context);
      openers.set(listener, async (within, { id }, session) => {
        const { remote, local } = session;
        const children = childPorts(ports, id, remote.text, local.text);
        const end = await dial(target, within, children, timeoutMs);
        endWith(session, end);
        return end;
      });
    }
  } catch (thrown) {
    await closeAll([...openers.keys()]);
    throw thrown;
  }
  const handler = pairing("a", (within, info, session) => {
    const open = openers.get(info.listener);
    if (open === undefined) throw new TypeError("a listener of nobody");
    return open(within, info, session);
  }, {});
  return new RunningServer([...openers.keys()], looped(handler), policy, context);
}

/** What a channel is joined with may stand still, and does not outlive the channel for that. */
function endWith(channel: Duplex, end: Duplex): void {
  if (!(channel instanceof LinkChannel)) return;
  channel.onBroken = (error) => end.abort(error);
  // What it was given before still arrives. Who joins the two closes both, and tells how that fails.
  channel.onOver = () => void Promise.allSettled([end[Symbol.asyncDispose]()]);
}
