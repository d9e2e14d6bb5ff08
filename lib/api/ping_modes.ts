/**
 * Address x mode -> a prober that is ready to send.
 * @module
 */

import type { Address, Scheme } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { Ports } from "../core/transport.ts";
import { ConnectProber } from "../link/connect_prober.ts";
import { EchoProber } from "../link/echo_prober.ts";
import { PongProber } from "../link/pong_prober.ts";
import { sequenceBytes } from "../link/probe_pattern.ts";
import type { MakeProber } from "../link/prober.ts";
import { familyOf } from "../transport/resolve.ts";
import { dial } from "./connect.ts";
import { lastingOf } from "./lasting_options.ts";
import { ownFacts } from "./own_facts.ts";

/** How a round trip is measured. */
export type PingMode =
  /** The time to open a connection. */
  | "connect"
  /** An echo service sends back what it gets; every byte is compared. */
  | "echo"
  /** Another plumb answers, with its clock and what it says of itself. */
  | "pingpong";

/** Every mode. */
export const pingModes: readonly PingMode[] = ["connect", "echo", "pingpong"];

/** What can be pinged, and how unless told. */
const defaultModes: Readonly<Partial<Record<Scheme, PingMode>>> = {
  tcp: "connect",
  unix: "connect",
  memory: "connect",
  // Nothing answers when a datagram socket "connects".
  udp: "echo",
  unixgram: "echo",
  // To open these is to start or to take something here, which says nothing of a peer.
  exec: "echo",
  sh: "echo",
  script: "echo",
  fd: "echo",
};

/** What a prober is made with. */
export interface ModeOptions {
  readonly mode: PingMode;
  /** Bytes of an echo request. */
  readonly size: number;
  /** Time for opening a connection, in milliseconds. */
  readonly timeoutMs: number;
  /** What is said to a ping-pong peer that asks in turn. */
  readonly say?: Readonly<Record<string, string>>;
}

/** A prober that can be made, and what it measures. */
export interface ReadyProber {
  readonly make: MakeProber;
  /** The peer; undefined where it has not been reached yet. */
  readonly remote: Peer | undefined;
  /** True where a connection is open, so that no answer at all is a peer that has died. */
  readonly isConnected: boolean;
}

/** Largest request: what UDP carries (65,535 less the headers of IP and UDP). */
export const maximumSize = 65_507;

/**
 * The mode of an address, and whether it can be.
 *
 * @throws {NetError} kind "usage"
 */
export function pingModeOf(
  address: Address,
  wanted: PingMode | undefined,
  size: number,
): PingMode {
  const { scheme } = address;
  const standard = defaultModes[scheme];
  if (standard === undefined) throw usage(`${scheme} has no peer to ping`);
  const mode = wanted ?? standard;
  if (mode === "connect" && standard !== "connect") {
    throw usage(`--mode connect times connections, and ${scheme} opens none to a peer`);
  }
  const lasting = lastingOf(address)?.lasting;
  if (mode === "connect" && lasting !== undefined) {
    throw usage("--mode connect opens a connection for each request; it keeps none alive");
  }
  // Half an echo would be lost, and the next taken for it.
  if (lasting?.reconnect !== undefined) {
    throw usage("a ping ends with its connection: no reconnect");
  }
  const isDatagram = scheme === "udp" || scheme === "unixgram";
  const minimum = isDatagram ? sequenceBytes : 1;
  if (mode === "echo" && (size < minimum || size > maximumSize)) {
    throw usage(`--size is ${minimum} to ${maximumSize} bytes here, not ${size}`);
  }
  return mode;
}

function usage(message: string): NetError {
  return new NetError({ kind: "usage", op: "ping", message });
}

/**
 * Opens what the mode needs.
 *
 * @throws {NetError} where a name cannot be resolved or a session cannot be opened
 */
export async function readyProber(
  target: Address,
  options: ModeOptions,
  context: Context,
  ports: Ports,
): Promise<ReadyProber> {
  const open = (address: Address, within: Context) =>
    dial(address, within, ports, options.timeoutMs);
  if (options.mode === "connect") return await readyConnect(target, open, context);
  const session = await open(target, context);
  const { remote, traits } = session;
  const seed = Math.floor(Math.random() * 2 ** 32);
  const facts = ownFacts(context.clock, options.say === undefined ? {} : { say: options.say });
  const make: MakeProber = (events) =>
    options.mode === "echo"
      ? new EchoProber(session, options.size, seed, events, context)
      : new PongProber(session, facts, events, context);
  return { make, remote, isConnected: traits.endless !== true };
}

/**
 * A name is resolved, and the best of its addresses found, before anything is measured: by one
 * connection more, so that no measured one has the name server's time in it.
 */
async function readyConnect(
  target: Address,
  open: (address: Address, within: Context) => Promise<Duplex>,
  context: Context,
): Promise<ReadyProber> {
  let pinned: Address | undefined = isName(target) ? undefined : target;
  let remote: Peer | undefined;
  const connect = async (within: Context) => {
    const session = await open(pinned ?? target, within);
    remote = session.remote;
    pinned ??= numeric(target, remote);
    return session;
  };
  if (pinned === undefined) {
    try {
      await (await connect(context))[Symbol.asyncDispose]();
    } catch (thrown) {
      // What refuses or does not answer is what a ping is there to watch.
      const kind = thrown instanceof NetError ? thrown.kind : "unexpected";
      if (!["refused", "unreachable", "timeout"].includes(kind)) throw thrown;
    }
  }
  const make: MakeProber = (events) => new ConnectProber(connect, events, context);
  return { make, remote, isConnected: false };
}

function isName(address: Address): boolean {
  return address.scheme === "tcp" && familyOf(address.host) === undefined;
}

function numeric(address: Address, { host, port }: Peer): Address | undefined {
  if (address.scheme !== "tcp" || host === undefined || port === undefined) return undefined;
  const [plain = host, zone] = host.split("%");
  return { ...address, host: plain, port, ...(zone === undefined ? {} : { zone }) };
}
