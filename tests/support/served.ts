/**
 * A service on real sockets of this machine, for tests of clients that nobody here wrote.
 * @module
 */

import { parseAddress } from "../../lib/address/parse.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Listener } from "../../lib/core/contract.ts";
import type { OptionValue } from "../../lib/core/option.ts";
import type { ServerTally } from "../../lib/core/tally.ts";
import { drive } from "../../lib/service/drive.ts";
import type { AcceptPolicy } from "../../lib/service/policy.ts";
import { Server } from "../../lib/service/serve.ts";
import { services } from "../../lib/service/table.ts";
import { sessionsOf } from "../../lib/stream/sessions.ts";
import { openPassive } from "../../lib/transport/open.ts";
import { noStreams } from "./open_transport.ts";

/** A running service; disposing cuts it and waits for its end. */
export interface Served extends AsyncDisposable {
  /** Where it listens, in the order of the addresses. */
  readonly listeners: readonly Listener[];
  readonly server: Server;
  readonly done: Promise<ServerTally>;
  /** Stops accepting. */
  drain(): void;
}

/** Serves a service of the table on addresses. */
export async function serveOn(
  name: string,
  addresses: readonly string[],
  policy: AcceptPolicy = {},
  options: Readonly<Record<string, OptionValue>> = {},
): Promise<Served> {
  const row = services[name];
  if (row === undefined) throw new Error(`no service ${name}`);
  const end = new AbortController();
  const drain = new AbortController();
  const context = makeContext({ signal: end.signal });
  const listeners: Listener[] = [];
  for (const text of addresses) {
    const address = parseAddress(text, { side: "passive" });
    for (const passive of await openPassive(address, context, { stdio: noStreams })) {
      listeners.push(
        passive.kind === "listener" ? passive.listener : sessionsOf(passive.datagrams, context),
      );
    }
  }
  const server = new Server(
    listeners,
    (session, within) => {
      const { messages } = session.traits;
      return drive(session, row.make({ clock: context.clock, messages, options }), within);
    },
    { drain: drain.signal, ...policy },
    context,
  );
  const done = server.run();
  return {
    listeners,
    server,
    done,
    drain: () => drain.abort(),
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await done;
    },
  };
}
