/**
 * Two addresses -> a running relay.
 * @module
 */

import { formatAddress } from "../address/format.ts";
import { parseAddress } from "../address/parse.ts";
import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Incoming, Listener } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { ReadyIncoming } from "../core/incoming.ts";
import type { Ports } from "../core/transport.ts";
import { type AcceptPolicy, nextSessionId } from "../service/policy.ts";
import { formatModel, isFar, type Model } from "../service/model.ts";
import { refuseThreads } from "../service/thread_budget.ts";
import { childPorts } from "./child_ports.ts";
import { dial } from "./connect.ts";
import { type CallOptions, contextOf, portsOf } from "./endpoint.ts";
import { actsOnMachine, refuseExposure } from "./exposure.ts";
import { type Equipment, equipmentOf } from "./equipment.ts";
import { type FarTask, relayWork } from "./far_task.ts";
import { keepingAlive, withShortQueue } from "./heartbeat.ts";
import { lastingOf } from "./lasting_options.ts";
import { Listening } from "./listen.ts";
import { modelOf, type ModelOptions, refuseModel, serverOf } from "./models.ts";
import { type OpenOther, pairing, type PairOptions } from "./pairing.ts";
import { closeAll, datagramBounds, openListeners } from "./passive.ts";
import { looped, RunningServer } from "./running.ts";

/** How `relay` behaves. */
export interface RelayCallOptions extends CallOptions, AcceptPolicy, PairOptions, ModelOptions {
  /** What stands around each session; plain values, so that it goes with every model. */
  readonly equipment?: Equipment;
  /** Time for opening the active end of each session (ms); default 30,000. */
  readonly timeoutMs?: number;
  /** Allows `exec:` and `sh:` behind an address that other machines can reach. */
  readonly public?: boolean;
  /**
   * Looks for life in the sessions of each end that listens, as `--heartbeat` takes it; an end that
   * connects has an option of its own (`?heartbeat=`).
   */
  readonly heartbeat?: string;
}

/**
 * Joins two endpoints. A passive end serves many peers at once, and the other end is opened for
 * each; two passive ends are paired in order of arrival; two active ends are one session.
 *
 * @param a text or value; `listen:` makes it passive
 * @throws {AddressError} for an address or option that cannot be; nothing was opened
 * @throws {NetError} kind "exposure"; what opening says; nothing stays open then
 *
 * @example
 * ```ts
 * import { connect, readExactly, relay, serve } from "@plumb/plumb";
 *
 * await using echo = await serve("echo", "unix:@relay-example");
 * await using front = await relay("listen:tcp://127.0.0.1:0", "unix:@relay-example");
 * await using client = await connect(front.addresses[0]?.text ?? "");
 * await client.write(new TextEncoder().encode("hello"));
 * await readExactly(client, new Uint8Array(5));
 * ```
 */
export async function relay(
  a: string | Address,
  b: string | Address,
  options: RelayCallOptions = {},
): Promise<RunningServer> {
  const { heartbeat } = options;
  const ends = { a: listeningWell(valueOf(a), heartbeat), b: listeningWell(valueOf(b), heartbeat) };
  for (const end of [ends.a, ends.b]) lastingOf(end); // what it cannot do is told before
  refuseRelay(ends.a, ends.b, options.public ?? false);
  const model = modelOf(options);
  refuseRelayModel(model, ends.a, ends.b);
  const context = contextOf(options);
  refuseThreads(model, 1, options, context);
  const ports = portsOf(options);
  if (!ends.a.passive && !ends.b.passive) return await oneRelay(ends, context, ports, options);
  const front = ends.a.passive ? "a" : "b";
  const around = equipmentOf(options, context);
  const pair = around === undefined ? options : { ...options, equip: around };
  const open = () => openListeners(ends[front], context, ports, datagramBounds(options));
  if (!(ends.a.passive && ends.b.passive)) {
    const behind = front === "a" ? ends.b : ends.a;
    const openOther: OpenOther = (within, { id }, { remote, local }) =>
      dial(
        behind,
        within,
        childPorts(ports, id, remote.text, local.text),
        options.timeoutMs,
        options.connections,
      );
    const handler = keepingAlive(pairing(front, openOther, pair), heartbeat, context, "relay");
    const task = relayTask(front, behind, context, options);
    const make = await serverOf(model, handler, task, options);
    return await RunningServer.over(await open(), make, options, context);
  }
  const listeners = await open();
  const others = await openListeners(ends.b, context, ports, datagramBounds(options)).catch(
    async (thrown) => {
      await closeAll(listeners);
      throw thrown;
    },
  );
  const paired = new Listening(others, context, heartbeat);
  const joining = pairing(front, (within) => nextOf(paired, within), pair);
  const handler = keepingAlive(joining, heartbeat, context, "relay");
  const close = () => paired[Symbol.asyncDispose]();
  return new RunningServer(listeners, looped(handler), options, context, close);
}

/** The other end as plain values; null where functions of the caller stand around the sessions. */
function relayTask(
  front: "a" | "b",
  behind: Address,
  { limits }: Context,
  options: RelayCallOptions,
): Omit<FarTask, "once"> | null {
  const { equip, onOpen, onEnd, equipment = {}, heartbeat } = options;
  if (equip !== undefined || onOpen !== undefined || onEnd !== undefined) return null;
  const alive = heartbeat === undefined ? {} : { heartbeat };
  return { schema: 1, work: relayWork(front, behind, options), equipment, ...alive, limits };
}

/**
 * Refuses what a model cannot do with a pair, before anything is opened.
 *
 * @throws {NetError} kind "usage"
 */
export function refuseRelayModel(model: Model, a: Address, b: Address): void {
  if (model.kind === "loop") return;
  const refuse = (message: string) => {
    throw new NetError({ kind: "usage", op: "model", message, hint: "use --model loop" });
  };
  if (!a.passive && !b.passive) refuse(`${formatModel(model)} needs an end that listens`);
  if (a.passive && b.passive && isFar(model)) {
    refuse("two listening ends are paired by one process, in order of arrival");
  }
  refuseModel(model, [a, b].filter(({ passive }) => passive));
  if (isFar(model) && [a, b].some(({ scheme }) => scheme === "memory")) {
    refuse(`${formatModel(model)} has no way to memory: listeners, which are this thread's alone`);
  }
}

/**
 * Refuses what two addresses must not be together, before anything is opened.
 *
 * @throws {NetError} kind "exposure"
 */
export function refuseRelay(a: Address, b: Address, isPublic: boolean): void {
  if (a.passive && actsOnMachine(b)) refuseExposure(a, b.scheme, isPublic);
  if (b.passive && actsOnMachine(a)) refuseExposure(b, a.scheme, isPublic);
}

function listeningWell(end: Address, heartbeat: string | undefined): Address {
  return end.passive && heartbeat !== undefined ? withShortQueue(end) : end;
}

function valueOf(address: string | Address): Address {
  return parseAddress(typeof address === "string" ? address : formatAddress(address));
}

async function nextOf(listening: Listening, context: Context): Promise<Duplex> {
  const session = await listening.accept(context.signal);
  if (session !== null) return session;
  throw new NetError({ kind: "aborted", op: "accept", message: "the other end was closed" });
}

/** Two active ends: one session, opened before the call returns so that its failure is thrown. */
async function oneRelay(
  ends: { readonly a: Address; readonly b: Address },
  context: Context,
  ports: Ports,
  options: RelayCallOptions,
): Promise<RunningServer> {
  const id = (options.nextId ?? nextSessionId)();
  const open = (end: Address, peer: string) =>
    dial(end, context, childPorts(ports, id, peer), options.timeoutMs, options.connections);
  const a = await open(ends.a, formatAddress(ends.b));
  let b: Duplex;
  try {
    b = await open(ends.b, a.remote.text);
  } catch (thrown) {
    a.abort(thrown);
    throw thrown;
  }
  const handler = pairing("a", () => Promise.resolve(b), options);
  const policy = { ...options, once: true, nextId: () => id };
  return new RunningServer([new OneListener(a)], looped(handler), policy, context);
}

/** A listener that gives one session which is there already. */
class OneListener implements Listener {
  readonly local;
  readonly #session: Duplex;
  #given = false;

  constructor(session: Duplex) {
    this.#session = session;
    this.local = session.local;
  }

  accept(): Promise<Incoming | null> {
    if (this.#given) return Promise.resolve(null);
    this.#given = true;
    return Promise.resolve(new ReadyIncoming(this.#session));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
