/**
 * Active address with options of time -> Duplex: each connection with its greeting, made anew when
 * it is lost.
 * @module
 */

import { formatEndpoint } from "../address/format.ts";
import type { HeartbeatSpec } from "../address/heartbeat.ts";
import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { Ports } from "../core/transport.ts";
import { type Reconnecting, reconnecting } from "../link/reconnect.ts";
import { onNetworkChange } from "../sys/network_change.ts";
import { openActive } from "../transport/open.ts";
import { logConnection } from "./connection_log.ts";
import type { Connections } from "./connections.ts";
import { withinTime } from "./endpoint.ts";
import { greet, readGreeting } from "./greeting.ts";
import type { Lasting, LastingAddress } from "./lasting_options.ts";

/** What opening needs besides the address. */
export interface LastingSetup {
  readonly context: Context;
  readonly ports: Ports;
  /** Time for each attempt, its greeting included (ms). */
  readonly timeoutMs: number;
  /** Keeps those that are made anew in view. */
  readonly connections: Connections | undefined;
}

/**
 * Opens an address as its options of time say.
 *
 * @returns once there is a connection; a `Reconnecting` with the option `reconnect`
 * @throws {NetError} what opening says; with `reconnect` only what trying again cannot help, or
 * what the last of so many attempts said
 */
export async function openLasting(
  { bare, lasting }: LastingAddress,
  setup: LastingSetup,
): Promise<Duplex> {
  const once = (within: Context) => openOnce(bare, lasting, setup, within);
  const { reconnect } = lasting;
  if (reconnect === undefined) return await once(setup.context);
  const { mode, holdBytes } = reconnect.whileDown;
  const address = formatEndpoint({ ...bare, options: [] });
  const tell = logConnection(setup.context.log, address);
  const session = reconnecting(once, {
    attempts: reconnect.attempts,
    ...(reconnect.backoff === undefined ? {} : { backoff: reconnect.backoff }),
    whileDown: mode,
    holdBytes,
    address,
    tell,
    watchNetwork: onNetworkChange,
  }, setup.context);
  keepInView(session, setup.connections);
  try {
    await session.up;
  } catch (thrown) {
    await session[Symbol.asyncDispose]();
    throw thrown;
  }
  return session;
}

function keepInView(session: Reconnecting, connections: Connections | undefined): void {
  const view = connections?.add(session);
  if (view !== undefined) void session.over.then(() => view[Symbol.dispose]());
}

/** One attempt: within its time there is a connection that was greeted, or nothing is open. */
function openOnce(
  bare: Address,
  { heartbeat, onConnect }: Lasting,
  { context: whole, ports, timeoutMs }: LastingSetup,
  context: Context,
): Promise<Duplex> {
  const open = async (within: Context) => {
    // Before it connects: a file that cannot be read must not cost the server a connection.
    const greeting = onConnect === undefined ? null : await readGreeting(onConnect, within, ports);
    const opened = refuseItself(await openActive(await reached(bare, heartbeat), within, ports));
    // It lives as long as the connection, not as long as the attempt.
    const session = heartbeat === undefined ? opened : await watched(opened, heartbeat, whole);
    if (greeting !== null) await greet(session, greeting, within.signal);
    return session;
  };
  return withinTime(context, timeoutMs, "connect", bare, open, (late) => late.abort());
}

async function reached(bare: Address, heartbeat: HeartbeatSpec | undefined): Promise<Address> {
  return heartbeat === undefined ? bare : (await import("./heartbeat.ts")).withShortQueue(bare);
}

async function watched(
  session: Duplex,
  heartbeat: HeartbeatSpec,
  context: Context,
): Promise<Duplex> {
  const { keepAlive } = await import("../link/keep_alive.ts");
  const { heartbeatOptions } = await import("./heartbeat.ts");
  return keepAlive(session, heartbeatOptions(heartbeat, context, "connect"), context);
}

/**
 * Who dials a local port again and again while nobody listens there is one day given that very port
 * as its own, and TCP joins a socket to itself (simultaneous open, RFC 9293 3.5). It would echo, and
 * keep the server from its port.
 *
 * @throws {NetError} kind "refused"; the session is closed then
 */
function refuseItself(session: Duplex): Duplex {
  const { scheme, text, port } = session.remote;
  if (scheme !== "tcp" || port === undefined || session.local.text !== text) return session;
  session.abort();
  throw new NetError({
    kind: "refused",
    op: "connect",
    address: text,
    message: "nobody listens there: the connection came out at itself",
    code: "ECONNREFUSED",
    blame: "remote",
  });
}
