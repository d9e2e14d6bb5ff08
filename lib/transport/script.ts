/**
 * `script:send=...&expect=...&wait=50ms&close`: a scripted peer, written in the address.
 * @module
 */

import type { ScriptAddress } from "../core/address.ts";
import { deriveContext } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { OpenRequest, Transport } from "../core/transport.ts";
import { formatSteps } from "../address/script.ts";
import { memoryPair, type MemorySession } from "./memory_session.ts";
import { playScript } from "./script_player.ts";

/** The transport of `script:`. */
export const scriptTransport: Transport<ScriptAddress> = {
  scheme: "script",
  permissions: [],
  network: false,
  options: [],
  help: {
    forms: ["script:STEP&STEP..."],
    summary: "a scripted peer: send=TEXT expect=TEXT wait=D end close abort, in order; without " +
      "close it ends its sending after the last step and reads on",
    examples: ["script:send=220%20hi%0d%0a&expect=QUIT&wait=50ms&close"],
  },
  connect,
};

// deno-lint-ignore require-await -- the contract is asynchronous, throwing must be a rejection
async function connect(request: OpenRequest<ScriptAddress>): Promise<Duplex> {
  const { address: { steps }, context } = request;
  const peer: Peer = { scheme: "script", text: `script:${formatSteps(steps)}` };
  context.signal.throwIfAborted();
  const most = context.limits["script-steps"];
  if (steps.length > most) {
    throw new NetError({
      kind: "limit",
      op: "connect",
      address: peer.text,
      message: `${steps.length} steps, at most ${most}`,
      hint: "--limit script-steps=N raises it",
    });
  }
  const [near, far] = memoryPair(peer, peer, context.limits["memory-pipe"]);
  const child = deriveContext(context);
  const played = playScript(steps, far, child.context).finally(() => child[Symbol.dispose]());
  return scripted(near, () => {
    child.abort(new DOMException("the session with the script ended", "AbortError"));
    far.abort();
    return played;
  });
}

/** The end that is handed out: it takes the script down with it. */
function scripted(near: MemorySession, stop: () => Promise<void>): Duplex {
  return {
    local: near.local,
    remote: near.remote,
    traits: near.traits,
    read: (into) => near.read(into),
    readable: () => near.readable(),
    write: (chunk) => near.write(chunk),
    closeWrite: () => near.closeWrite(),
    abort(reason) {
      near.abort(reason);
      stop();
    },
    async [Symbol.asyncDispose]() {
      await near[Symbol.asyncDispose]();
      await stop();
    },
  };
}
