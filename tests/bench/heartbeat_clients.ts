/** Clients that stay and say nothing but their heartbeats: `PORT COUNT HEARTBEAT`. @module */

import { parseHeartbeat } from "../../lib/address/heartbeat.ts";
import { connect } from "../../lib/api/connect.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { keepAlive } from "../../lib/link/keep_alive.ts";

const [port = "", count = "", heartbeat = ""] = Deno.args;
const context = makeContext();
const sessions: Duplex[] = [];
const open = async () => {
  const bare = await connect(`tcp://127.0.0.1:${port}`);
  sessions.push(
    heartbeat === "" ? bare : keepAlive(bare, { ...parseHeartbeat(heartbeat) }, context),
  );
};
// As clients come: not all of them in one moment, so that their beats are spread as well.
while (sessions.length < Number(count)) {
  await Promise.all(Array.from({ length: 50 }, open));
  await new Promise((resolve) => setTimeout(resolve, 30));
}
for (const session of sessions) {
  session.read(new Uint8Array(1)).catch((thrown) => {
    Deno.stderr.writeSync(new TextEncoder().encode(`${thrown}\n`));
    Deno.exit(1);
  });
}
Deno.stdout.writeSync(new TextEncoder().encode("connected\n"));
