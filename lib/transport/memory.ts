/**
 * `memory:name`: two ends inside this process, for the library and for tests.
 * @module
 */

import type { MemoryAddress } from "../core/address.ts";
import type { Duplex, Incoming, Listener, Peer } from "../core/contract.ts";
import { ReadyIncoming } from "../core/incoming.ts";
import { NetError } from "../core/error.ts";
import type { OpenRequest, Passive, Transport } from "../core/transport.ts";
import { encodePath } from "../address/percent.ts";
import { memoryPair, type MemorySession } from "./memory_session.ts";

/** The transport of `memory:`. */
export const memoryTransport: Transport<MemoryAddress> = {
  scheme: "memory",
  permissions: [],
  network: false,
  options: [],
  help: {
    forms: ["memory:NAME"],
    summary: "two ends inside this process (library and tests)",
    examples: ["listen:memory:orders", "memory:orders"],
  },
  connect,
  listen,
};

/** Who listens, by name: one process, one name space, as abstract Unix names are a kernel's. */
const listening = new Map<string, MemoryListener>();

function peerOf(name: string): Peer {
  return { scheme: "memory", text: `memory:${encodePath(name)}` };
}

// deno-lint-ignore require-await -- the contract is asynchronous, throwing must be a rejection
async function connect(request: OpenRequest<MemoryAddress>): Promise<Duplex> {
  const { address, context } = request;
  context.signal.throwIfAborted();
  const peer = peerOf(address.name);
  const listener = listening.get(address.name);
  if (listener === undefined) {
    throw new NetError({
      kind: "refused",
      op: "connect",
      address: peer.text,
      message: "nobody listens under this name in this process",
      code: "ECONNREFUSED",
      blame: "remote",
    });
  }
  const [near, far] = memoryPair(peer, peer, context.limits["memory-pipe"]);
  listener.offer(far);
  return near;
}

// deno-lint-ignore require-await -- as above
async function listen(request: OpenRequest<MemoryAddress>): Promise<readonly Passive[]> {
  const { address, context } = request;
  context.signal.throwIfAborted();
  const local = peerOf(address.name);
  if (listening.has(address.name)) {
    throw new NetError({
      kind: "in-use",
      op: "listen",
      address: local.text,
      message: "address in use",
      code: "EADDRINUSE",
      hint: "this process listens under the name already",
    });
  }
  const listener = new MemoryListener(address.name, local, context.limits["memory-backlog"]);
  listening.set(address.name, listener);
  return [{ kind: "listener", listener }];
}

/** Connections that wait to be accepted, in order of arrival. */
class MemoryListener implements Listener {
  readonly local: Peer;
  readonly #name: string;
  readonly #backlog: number;
  #queue: MemorySession[] = [];
  #accepting: PromiseWithResolvers<void> | undefined;
  #closed = false;

  constructor(name: string, local: Peer, backlog: number) {
    this.#name = name;
    this.local = local;
    this.#backlog = backlog;
  }

  /** Takes a connection in. @throws {NetError} kind "refused" while the backlog is full */
  offer(session: MemorySession): void {
    if (this.#queue.length >= this.#backlog) {
      throw new NetError({
        kind: "refused",
        op: "connect",
        address: this.local.text,
        message: `${this.#backlog} connections wait to be accepted already`,
        code: "ECONNREFUSED",
        hint: "--limit memory-backlog=N raises it",
        blame: "remote",
      });
    }
    this.#queue.push(session);
    this.#wake();
  }

  async accept(): Promise<Incoming | null> {
    for (;;) {
      if (this.#closed) return null;
      const session = this.#queue.shift();
      if (session !== undefined) return new ReadyIncoming(session);
      await (this.#accepting ??= Promise.withResolvers<void>()).promise;
    }
  }

  /** Clients that nobody accepted are reset, as a kernel does with its backlog. */
  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      listening.delete(this.#name);
      for (const session of this.#queue) session.abort();
      this.#queue = [];
      this.#wake();
    }
    return Promise.resolve();
  }

  #wake(): void {
    this.#accepting?.resolve();
    this.#accepting = undefined;
  }
}
