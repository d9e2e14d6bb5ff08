/**
 * A TCP connection opened only as far as it tells that somebody listens, for whoever asks thousands
 * of ports again and again.
 *
 * The answer to our SYN is all that is wanted. With TCP_QUICKACK off (tcp(7)) the kernel delays the
 * third packet of the handshake, and closing with a linger of 0 sends RST in its place: the server's
 * program never sees a connection (one that accept(2) finds reset makes some programs end), and no
 * TIME_WAIT stays here (RFC 9293 3.6.1: it is kept by the side that closes first), of which 1,000
 * probes a second would make 60,000. The rejected alternative, an orderly close, costs both.
 * @module
 */

import type { Address, InetAddress } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import { AF_INET, AF_INET6, IPPROTO_TCP, SOCK_STREAM } from "../sys/constants.ts";
import { resetOnClose } from "../sys/descriptor.ts";
import { ECONNREFUSED, errnoError } from "../sys/errno.ts";
import { hasLibc } from "../sys/libc.ts";
import { setOption } from "../sys/option.ts";
import { forgetReadiness, whenReady } from "../sys/readiness.ts";
import { NativeSocket } from "../sys/socket.ts";
import { connectError } from "./attempt.ts";
import { interleave, raceAttempts } from "./happy.ts";
import { hostPort } from "./peer.ts";
import { familyOf, type ResolvedHost, resolveHost } from "./resolve.ts";
import { inetSockaddr } from "./source_address.ts";
import { checkZone } from "./zone.ts";

/** TCP_QUICKACK (linux/tcp.h); the constants of the room are those that sockets need to work. */
const TCP_QUICKACK = 12;

/**
 * Knocks once. On loopback the answer is there at once, and no promise is made.
 *
 * @returns the round trip in milliseconds
 * @throws {NetError} what `connect` would say, by promise too; the signal's reason
 */
export type Knock = (context: Context) => number | Promise<number>;

/** True where `knockOn` can ask this address: TCP without options, and FFI is there. */
export function canKnock(address: Address): address is InetAddress {
  return address.scheme === "tcp" && address.options.length === 0 && hasLibc();
}

/**
 * Prepares knocking on an active address, whose name is looked up for each knock anew.
 *
 * @throws {NetError} kind "option" for a zone that is no interface, or one that is missing
 */
export function knockOn(address: InetAddress): Knock {
  const { port, zone } = address;
  const host = zone === undefined ? address.host : `${address.host}%${zone}`;
  const text = `tcp://${hostPort(host, port)}`;
  checkZone(address, false, { op: "connect", address: text });
  if (familyOf(host) === undefined) return (context) => race(host, port, text, context);
  const door = doorOf(host, port);
  return (context) => {
    const startMs = context.clock.now();
    const told = (thrown: unknown) =>
      connectError(text, [{
        address: hostPort(host, port),
        thrown,
        durationMs: context.clock.now() - startMs,
      }]);
    try {
      const asked = knock(door, context);
      if (typeof asked === "number") return asked;
      return asked.catch((thrown) => {
        throw context.signal.aborted ? context.signal.reason : told(thrown);
      });
    } catch (thrown) {
      throw told(thrown);
    }
  };
}

/** A numeric address as the kernel wants it. */
interface Door {
  readonly family: number;
  readonly sockaddr: Uint8Array;
}

function doorOf(host: string, port: number): Door {
  const family = host.includes(":") ? AF_INET6 : AF_INET;
  return { family, sockaddr: inetSockaddr(host, port) };
}

/** Happy Eyeballs, as for any connection (RFC 8305). */
async function race(host: string, port: number, text: string, context: Context): Promise<number> {
  const hosts = interleave(await resolveHost(host, context));
  const result = await raceAttempts<ResolvedHost, number>(hosts, {
    attempt: async (one, signal) => await knock(doorOf(one.host, port), { ...context, signal }),
    discard: () => {},
  }, context);
  if (result.won) return result.value;
  throw connectError(
    text,
    result.failed.map(({ candidate, ...attempt }) => {
      return { ...attempt, address: hostPort(candidate.host, port) };
    }),
  );
}

function knock(door: Door, { clock, signal }: Context): number | Promise<number> {
  const socket = NativeSocket.open({ family: door.family, type: SOCK_STREAM });
  let isWaiting = false;
  try {
    setOption(socket.fd, IPPROTO_TCP, TCP_QUICKACK, 0);
    resetOnClose(socket.fd);
    const startMs = clock.now();
    // Asked twice: on loopback the peer has answered before the first call is back.
    const isOpen = socket.connect(door.sockaddr) === "connected" ||
      socket.connect(door.sockaddr) === "connected";
    if (isOpen) {
      const roundTripMs = clock.now() - startMs;
      refuseOneself(socket, door);
      return roundTripMs;
    }
    isWaiting = true;
    return answered(socket, door, startMs, clock, signal);
  } finally {
    if (!isWaiting) socket.close();
  }
}

/**
 * A port of this machine where nobody listens may be the very one that the kernel gives to our
 * socket: it then connects to itself (simultaneous open, RFC 9293 3.5), once in some 28,000 times.
 */
function refuseOneself(socket: NativeSocket, { sockaddr }: Door): void {
  const own = socket.localName();
  if (sockaddr.every((byte, at) => byte === own[at])) throw errnoError("connect", ECONNREFUSED);
}

async function answered(
  socket: NativeSocket,
  door: Door,
  startMs: number,
  clock: Context["clock"],
  signal: AbortSignal,
): Promise<number> {
  const { fd } = socket;
  const abort = () => forgetReadiness(fd);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    await whenReady(fd, "write");
    const roundTripMs = clock.now() - startMs;
    const error = socket.takeError();
    if (error !== null) throw error;
    refuseOneself(socket, door);
    return roundTripMs;
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    signal.removeEventListener("abort", abort);
    forgetReadiness(fd);
    socket.close();
  }
}
