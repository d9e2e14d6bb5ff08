/**
 * Rolling restart: a new process takes the listening sockets of the old one over, so that at no
 * moment nobody listens, and nobody who waits in the backlog is lost.
 *
 * They meet at a Unix socket of the old process. It sends one line of JSON, the descriptors along
 * with it (SCM_RIGHTS); the new one listens, and says "ready" with the places of those that it has
 * taken; the old one gives its place there free, says "done", and drains. Until "ready" the old one
 * goes on as if nothing had happened; what was not taken stays its own to the end.
 * @module
 */

import { formatEndpoint } from "../address/format.ts";
import type { Address } from "../core/address.ts";
import { type Context, deriveContext } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { HandedSocket } from "../core/transport.ts";
import { readLine, writeAll } from "../stream/read.ts";
import { TimerWheel } from "../core/wheel.ts";
import { type HandoverPeer, meetPredecessor } from "../transport/handover.ts";
import { addressKey, figuresKey, figuresPrefix } from "./passive.ts";

/** One socket in the header, by its place among the descriptors. */
export interface HeaderSocket {
  /** What it was opened for: see `addressKey` and `figuresKey`. */
  readonly for: string;
  readonly local: Peer;
}

/** Milliseconds that each step may take: both ends are on this machine. */
export const stepMs = 10_000;

/** Bytes of "ready" with the places of 253 descriptors (SCM_MAX_FD, unix(7)), and of "done". */
export const longestAnswer = 2_048;

/** A socket that came in: its descriptor, and its place among them. */
type GivenSocket = HeaderSocket & { readonly descriptor: number; readonly at: number };

/** What a new process has taken over, and the line to the old one. */
export class Takeover {
  readonly #peer: HandoverPeer;
  readonly #session: Duplex;
  /** Those that nobody has asked for yet. */
  readonly #sockets: GivenSocket[];
  readonly #taken: number[] = [];
  readonly #context: Context;
  /** Until it is said that this process listens, the old one goes on whatever happens here. */
  #isReady = false;

  private constructor(peer: HandoverPeer, sockets: GivenSocket[], context: Context) {
    this.#peer = peer;
    this.#session = peer.session;
    this.#sockets = sockets;
    this.#context = context;
  }

  /**
   * Asks the server at a path for its listeners.
   *
   * @returns null where nobody is there: this is the first one
   * @throws {NetError} kind "permission" where it is another user's, "protocol", "timeout"; the
   * signal's reason
   */
  static async from(path: string, context: Context): Promise<Takeover | null> {
    const peer = await meet(path, context);
    if (peer === null) return null;
    try {
      const sockets = readHeader(peer.header, peer.descriptors);
      return new Takeover(peer, sockets, context);
    } catch (thrown) {
      peer.discard();
      throw thrown;
    }
  }

  /** The process that is there. */
  get pid(): number {
    return this.#peer.pid;
  }

  /**
   * As `Ports.handed`: what was opened for an address, each socket once; else what listens at it,
   * as where the port that was picked is now asked for.
   */
  readonly handed = (address: Address): readonly HandedSocket[] => this.#take(address, addressKey);

  /** As `handed`, of the sockets where the one before tells its figures. */
  readonly handedFigures = (address: Address): readonly HandedSocket[] =>
    this.#take(address, figuresKey);

  /**
   * Says that this process listens; once it returns the old one accepts nothing any more. Sockets
   * that nobody asked for are closed.
   *
   * @throws {NetError} where the old one has gone meanwhile; that is no harm
   */
  async ready(): Promise<void> {
    this.#closeRest();
    this.#isReady = true;
    const timer = TimerWheel.of(this.#context.clock).timer(stepMs, () => this.#session.abort());
    try {
      const answer = `${["ready", ...this.#taken].join(" ")}\n`;
      await writeAll(this.#session, new TextEncoder().encode(answer));
      await readLine(this.#session, longestAnswer);
    } finally {
      timer.cancel();
      await this.#session[Symbol.asyncDispose]();
    }
  }

  #take(address: Address, keyOf: (address: Address) => string): readonly HandedSocket[] {
    const key = keyOf(address);
    const isFigures = (text: string) => text.startsWith(figuresPrefix);
    const place = formatEndpoint({ ...address, options: [] });
    const candidates = this.#sockets.filter((one) => isFigures(one.for) === isFigures(key));
    const named = candidates.filter((socket) => socket.for === key);
    const mine = named.length > 0 ? named : candidates.filter(({ local }) => local.text === place);
    for (const socket of mine) {
      this.#sockets.splice(this.#sockets.indexOf(socket), 1);
      this.#taken.push(socket.at);
    }
    const isOurs = () => this.#isReady;
    return mine.map(({ descriptor, local }) => ({ descriptor, local, isOurs }));
  }

  /** Gives up: the old server goes on. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closeRest();
    await this.#session[Symbol.asyncDispose]();
  }

  #closeRest(): void {
    for (const { descriptor } of this.#sockets.splice(0)) this.#peer.close(descriptor);
  }
}

/** Who is there and says nothing, like a server that hangs, must not hang the next one. */
async function meet(path: string, context: Context): Promise<HandoverPeer | null> {
  using child = deriveContext(context);
  const message = `the server there said nothing for ${stepMs} ms`;
  const late = new NetError({ kind: "timeout", op: "takeover", address: `unix:${path}`, message });
  const timer = TimerWheel.of(context.clock).timer(stepMs, () => child.abort(late));
  try {
    return await meetPredecessor(path, child.context);
  } finally {
    timer.cancel();
  }
}

function readHeader(text: string, descriptors: readonly number[]) {
  const bad = (message: string) =>
    new NetError({ kind: "protocol", op: "takeover", message, blame: "remote" });
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new NetError({ kind: "protocol", op: "takeover", message: "no header", cause });
  }
  const { schema, sockets } = header as { schema?: unknown; sockets?: unknown };
  if (schema !== 1) throw bad(`the server before speaks another version: ${schema}`);
  if (!Array.isArray(sockets) || sockets.length !== descriptors.length) {
    throw bad("sockets and descriptors do not match");
  }
  return sockets.map((socket: HeaderSocket, at) => {
    if (typeof socket?.for !== "string" || typeof socket.local?.text !== "string") {
      throw bad("a socket without a name");
    }
    return { ...socket, descriptor: descriptors[at] ?? -1, at };
  });
}
