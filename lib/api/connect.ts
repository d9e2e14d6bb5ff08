/**
 * Active endpoint by address -> Duplex.
 * @module
 */

import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import type { Ports } from "../core/transport.ts";
import { openActive } from "../transport/open.ts";
import type { Connections } from "./connections.ts";
import {
  addressFor,
  type CallOptions,
  contextOf,
  defaultTimeoutMs,
  portsOf,
  withinTime,
} from "./endpoint.ts";
import { lastingOf } from "./lasting_options.ts";

/** How `connect` behaves. */
export interface ConnectOptions extends CallOptions {
  /** Time for resolving, all attempts and handshakes (ms); default 30,000. */
  readonly timeoutMs?: number;
}

/**
 * Connects to an address: a TCP, UDP or Unix peer, a process, a file, standard input and output.
 *
 * @param address text or value in the address language
 * @throws {AddressError} for an address or option that cannot be; nothing was opened
 * @throws {NetError} where nothing could be opened, every attempt in `attempts`
 *
 * @example
 * ```ts
 * import { connect, readExactly } from "@plumb/plumb";
 *
 * await using peer = await connect("exec:cat");
 * await peer.write(new TextEncoder().encode("hello"));
 * await peer.closeWrite();
 * const echoed = await readExactly(peer, new Uint8Array(5));
 * if (new TextDecoder().decode(echoed ?? undefined) !== "hello") throw new Error("not echoed");
 * ```
 */
export async function connect(
  address: string | Address,
  options: ConnectOptions = {},
): Promise<Duplex> {
  const target = addressFor(address, "active");
  const { timeoutMs, connections } = options;
  return await dial(target, contextOf(options), portsOf(options), timeoutMs, connections);
}

/**
 * Opens an active address within a time; what `connect` and each session of a relay do. With the
 * option `reconnect` the time is that of each attempt.
 */
export async function dial(
  address: Address,
  context: Context,
  ports: Ports,
  timeoutMs: number = defaultTimeoutMs,
  connections?: Connections,
): Promise<Duplex> {
  const lasting = lastingOf(address);
  if (lasting !== null) {
    // Loaded only here: most connections are made once.
    const { openLasting } = await import("./lasting.ts");
    return await openLasting(lasting, { context, ports, timeoutMs, connections });
  }
  return withinTime(
    context,
    timeoutMs,
    "connect",
    address,
    (within) => openActive(address, within, ports),
    (late) => late.abort(),
  );
}
