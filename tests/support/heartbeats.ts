/**
 * Peers for tests of heartbeats over real sockets.
 * @module
 */

import { makeContext } from "../../lib/core/context.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { parseHeartbeat } from "../../lib/address/heartbeat.ts";
import { keepAlive, type KeptAlive } from "../../lib/link/keep_alive.ts";
import { listen } from "../../lib/api/listen.ts";
import { connect } from "../../lib/api/connect.ts";

/** Two ends over a real socket, each with a heartbeat of its own, or bare. */
export interface HeartbeatPair extends AsyncDisposable {
  readonly client: Duplex;
  readonly server: Duplex;
}

/** Joins two ends. @param heartbeats of client and server; undefined: bare */
export async function heartbeatPair(
  address: string,
  ...heartbeats: readonly (string | undefined)[]
): Promise<HeartbeatPair> {
  await using listening = await listen(address);
  const accepting = listening.accept();
  const bare = await connect(listening.addresses[0]?.text ?? "");
  if (bare.traits.messages) await bare.write(new Uint8Array(0)); // a datagram makes the session
  const accepted = await accepting;
  if (accepted === null) throw new Error("nobody came");
  if (bare.traits.messages) await accepted.read(new Uint8Array(1));
  const [client, server] = [around(bare, heartbeats[0]), around(accepted, heartbeats[1])];
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      for (const end of [client, server]) end.abort();
      for (const end of [client, server]) await end[Symbol.asyncDispose]();
    },
  };
}

function around(session: Duplex, heartbeat: string | undefined): Duplex | KeptAlive {
  if (heartbeat === undefined) return session;
  return keepAlive(session, { ...parseHeartbeat(heartbeat), op: "test" }, makeContext());
}

/** Sends for so long, and reads all that comes, on both ends. @returns bytes that arrived */
export async function fullLoad({ client, server }: HeartbeatPair, forMs: number): Promise<number> {
  const endMs = performance.now() + forMs;
  const chunk = new Uint8Array(256 * 1024);
  let received = 0;
  const send = async (end: Duplex) => {
    while (performance.now() < endMs) await end.write(chunk);
    await end.closeWrite();
  };
  const receive = async (end: Duplex) => {
    const into = new Uint8Array(256 * 1024);
    for (;;) {
      const count = await end.read(into);
      if (count === null) return;
      received += count;
    }
  };
  await Promise.all([send(client), send(server), receive(client), receive(server)]);
  return received;
}
