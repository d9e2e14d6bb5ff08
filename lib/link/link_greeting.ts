/**
 * The handshake of a carrier, played over a session within its time: the promise faces of the two
 * machines.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";
import { readExactly } from "../stream/read.ts";
import type { Hello, Welcome } from "../wire/link_hello.ts";
import { maximumHandshakeBytes } from "../wire/link_preamble.ts";
import type { CarrierRecords, Handshake, LinkSecurity } from "./link_handshake.ts";
import { ClientHandshake } from "./link_handshake_client.ts";
import { ServerHandshake } from "./link_handshake_server.ts";
import { recordHeadBytes } from "./link_records.ts";

/** What a client has after a handshake. */
export interface ClientGreeting {
  /** Let in where its status is `ready`. */
  readonly welcome: Welcome;
  /** Null where it was not let in. */
  readonly records: CarrierRecords | null;
}

/** What a server has after the handshake of a client that has proved itself. */
export interface ServerGreeting {
  readonly hello: Hello;
  readonly records: CarrierRecords;
  /** The frames of the client's first record. */
  readonly first: Uint8Array;
}

/**
 * Says hello on a carrier. The carrier stays the caller's, also where this throws.
 *
 * @param untilMs when it must be over (monotonic ms), where that is sooner than the limit says
 * @throws {NetError} kind "authentication", "protocol" or "limit" for what the server said, "reset"
 * and others for what broke it, "timeout" after the limit `link-handshake-time` or at `untilMs`
 */
export function greetServer(
  carrier: Duplex,
  security: LinkSecurity,
  hello: Hello,
  context: Context,
  untilMs = Infinity,
): Promise<ClientGreeting> {
  return inTime(carrier, context, untilMs, async () => {
    const handshake = new ClientHandshake(security);
    await carrier.write(handshake.start(hello));
    await hear(carrier, handshake);
    const { welcome } = handshake;
    return { welcome, records: welcome.status === "ready" ? handshake.records() : null };
  });
}

/**
 * Hears a client on a carrier, answers it, and waits for the first record that proves that it is no
 * replay. The carrier stays the caller's, also where this throws; a client that is refused has been
 * told then.
 *
 * @param decide what to answer; may look, and must change nothing: anyone can replay a hello
 * @returns null for a client that was told to go, by `decide`
 * @throws {NetError} as `greetServer`
 */
export function greetClient(
  carrier: Duplex,
  security: LinkSecurity,
  decide: (hello: Hello) => Welcome,
  context: Context,
): Promise<ServerGreeting | null> {
  return inTime(carrier, context, Infinity, async () => {
    const handshake = new ServerHandshake(security);
    try {
      await hear(carrier, handshake);
    } catch (thrown) {
      if (handshake.refusal !== null) await carrier.write(handshake.refusal).catch(() => {});
      throw thrown;
    }
    const { hello } = handshake;
    const welcome = decide(hello);
    await carrier.write(handshake.answer(welcome));
    if (welcome.status !== "ready") return null;
    const records = handshake.records();
    return { hello, records, first: await firstRecord(carrier, records) };
  });
}

/** Reads what the handshake wants, and nothing of what follows it. */
async function hear(carrier: Duplex, handshake: Handshake): Promise<void> {
  const buffer = new Uint8Array(maximumHandshakeBytes);
  while (handshake.wanted > 0) {
    const count = await carrier.read(buffer.subarray(0, handshake.wanted));
    if (count === null) handshake.end();
    else handshake.receive(buffer.subarray(0, count));
  }
}

/** It holds a RESUME and nothing else, so that who has proved nothing yet gets little memory. */
async function firstRecord(carrier: Duplex, { reader }: CarrierRecords): Promise<Uint8Array> {
  const head = await readExactly(carrier, new Uint8Array(recordHeadBytes));
  const length = head === null ? 0 : ((head[0] ?? 0) << 8) | (head[1] ?? 0);
  if (head === null) throw fault("the client left before its first record");
  if (length > maximumHandshakeBytes) throw fault(`a first record of ${length} bytes`);
  const record = new Uint8Array(recordHeadBytes + length);
  record.set(head);
  if (await readExactly(carrier, record.subarray(recordHeadBytes)) === null) {
    throw fault("the client left within its first record");
  }
  const plain = reader.next(record, 0, record.length);
  if (plain === null) throw fault("a first record without its end");
  return plain;
}

/** Aborts the carrier when the time is over or the context says so: reads that wait end then. */
async function inTime<T>(
  carrier: Duplex,
  { clock, signal, limits }: Context,
  untilMs: number,
  play: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const limitMs = limits["link-handshake-time"];
  const leftMs = Math.max(0, untilMs - clock.now());
  const longestMs = Math.min(limitMs, leftMs);
  let late: unknown;
  const stop = (reason: unknown) => {
    late = reason;
    carrier.abort(reason);
  };
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = TimerWheel.of(clock).timer(longestMs, () => {
    const message = `no handshake within ${+(longestMs / 1000).toFixed(2)} s`;
    const how = leftMs < limitMs ? "--timeout" : "--limit link-handshake-time=D";
    const hint = `${how} allows more`;
    stop(new NetError({ kind: "timeout", op: "link", message, hint, blame: "remote" }));
  });
  try {
    return await play();
  } catch (thrown) {
    throw late ?? thrown;
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

function fault(message: string): NetError {
  return new NetError({ kind: "protocol", op: "link", message, blame: "remote" });
}
