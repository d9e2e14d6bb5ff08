/**
 * Questions to name servers: question, servers -> reply. UDP first, TCP where the answer did not
 * fit; the codec is `wire/dns.ts`, the sockets are plumb's own transports.
 *
 * Not `Deno.resolveDns`: it tells neither TTL nor server, and not "no such name" from "no data".
 * @module
 */

import type { Address } from "../core/address.ts";
import { type Context, deriveContext, withSignal } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { type Attempt, type ErrorKind, NetError, toNetError } from "../core/error.ts";
import { formatAddress } from "../address/format.ts";
import { readExactly } from "../stream/read.ts";
import { answers, decodeDns, type DnsMessage, dnsQuery, encodeDns } from "../wire/dns.ts";
import { joined, word } from "../wire/dns_record.ts";

/** A name server. */
export interface DnsServer {
  /** Name or numeric host. */
  readonly host: string;
  readonly port: number;
  readonly zone?: string;
  /** True to ask over TCP from the start. */
  readonly tcpOnly: boolean;
}

/** Whom to ask, and how patiently. */
export interface DnsClient {
  /** In the order they are asked; at least one. */
  readonly servers: readonly DnsServer[];
  /** How long to wait for one server, in milliseconds. */
  readonly attemptMs: number;
  /** How often each server is asked. */
  readonly attempts: number;
  /** Opens a session: `openActive` with the ports of the process. */
  dial(address: Address, context: Context): Promise<Duplex>;
}

/** The answer to one question. */
export interface DnsReply {
  readonly message: DnsMessage;
  /** The server that answered, in the address language: `udp://192.0.2.53:53`. */
  readonly server: string;
  /**
   * From the question to the whole answer, in milliseconds; a second round over TCP, with its
   * connection, included. What it took to make the UDP socket is this machine's affair and left out.
   */
  readonly durationMs: number;
  /** Bytes of the answer. */
  readonly bytes: number;
}

/** Answers after which another server may know more: SERVFAIL, NOTIMP, REFUSED. */
const unwilling: ReadonlySet<number> = new Set([2, 4, 5]);

/** Answers of a server that does not know EDNS (RFC 6891 section 7): FORMERR, NOTIMP, BADVERS. */
const extensionRefused: ReadonlySet<number> = new Set([1, 4, 16]);

/** Failures that no other server can mend. */
const ours: ReadonlySet<ErrorKind> = new Set(["unexpected", "usage", "address", "option"]);

/**
 * Asks one server after the other until one is willing to answer; where none is, the refusal of
 * the last one is the reply.
 *
 * @param type number of the record kind
 * @throws {NetError} kind "resolve" with every attempt where no server answered, "usage" for a
 * bad name; the signal's reason once it aborts
 */
export async function askServers(
  name: string,
  type: number,
  client: DnsClient,
  context: Context,
): Promise<DnsReply> {
  const failed: Attempt[] = [];
  let refusal: DnsReply | undefined;
  for (let round = 0; round < client.attempts && refusal === undefined; round++) {
    for (const server of client.servers) {
      const query = dnsQuery(randomId(), name, type);
      const startMs = context.clock.now();
      try {
        const reply = await within(
          context,
          client.attemptMs,
          (bounded) => askServer(query, server, client, bounded),
        );
        if (!unwilling.has(reply.message.responseCode)) return reply;
        refusal = reply;
      } catch (thrown) {
        if (context.signal.aborted) throw context.signal.reason;
        const error = toNetError(thrown, "dns");
        // A bug or a bad address must not hide as a server that does not answer.
        if (ours.has(error.kind)) throw error;
        failed.push(attemptOf(server, error, context.clock.now() - startMs));
      }
    }
  }
  if (refusal !== undefined) return refusal;
  throw nobodyAnswered(name, failed);
}

/** 16 bits from the system's generator: an answer is only believed with the same (RFC 5452). */
function randomId(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
}

/** Runs work that gets a context of its own, which ends after `limitMs`. */
async function within<T>(
  context: Context,
  limitMs: number,
  work: (bounded: Context) => Promise<T>,
): Promise<T> {
  using child = deriveContext(context);
  const timer = context.clock.timer(limitMs, () => {
    const message = `no answer within ${limitMs} ms`;
    child.abort(new NetError({ kind: "timeout", op: "dns", message, blame: "remote" }));
  });
  try {
    return await work(child.context);
  } finally {
    timer.cancel();
  }
}

async function askServer(
  query: DnsMessage,
  server: DnsServer,
  client: DnsClient,
  context: Context,
): Promise<DnsReply> {
  let spentMs = 0;
  const ask = async (asked: DnsMessage): Promise<DnsReply> => {
    const carry = server.tcpOnly ? overStream : overDatagrams;
    const reply = await counted(asked, carry);
    return carry === overDatagrams && reply.message.truncated
      ? await counted(asked, overStream)
      : reply;
  };
  const counted = async (asked: DnsMessage, carry: Carrier): Promise<DnsReply> => {
    const reply = await exchange(asked, server, client, context, carry);
    spentMs += reply.durationMs;
    return reply;
  };
  const first = await ask(query);
  const { responseCode, extension } = first.message;
  // A server that knows EDNS says so in its refusal, which then is about something else.
  const again = extension === null || responseCode === 16;
  const reply = again && extensionRefused.has(responseCode)
    ? await ask({ ...query, extension: null })
    : first;
  return { ...reply, durationMs: spentMs };
}

type Carrier = (session: Duplex, query: DnsMessage, context: Context) => Promise<Received>;

interface Received {
  readonly message: DnsMessage;
  readonly bytes: number;
}

/** One question on a session of its own, which is gone afterwards whatever happened. */
async function exchange(
  query: DnsMessage,
  server: DnsServer,
  client: DnsClient,
  context: Context,
  carry: Carrier,
): Promise<DnsReply> {
  const address = addressOf(server, carry === overStream ? "tcp" : "udp");
  const dialMs = context.clock.now();
  const session = await client.dial(address, context);
  const startMs = carry === overStream ? dialMs : context.clock.now();
  try {
    const received = await withSignal(context.signal, carry(session, query, context));
    const durationMs = context.clock.now() - startMs;
    return { ...received, server: formatAddress(address), durationMs };
  } finally {
    session.abort(); // a read that still waits ends here
    await session[Symbol.asyncDispose]();
  }
}

/** RFC 1035 section 4.2.1. What is not the answer is dropped: a port may get anything. */
async function overDatagrams(
  session: Duplex,
  query: DnsMessage,
  context: Context,
): Promise<Received> {
  await session.write(encodeDns(query));
  const buffer = new Uint8Array(65_535);
  for (;;) {
    const count = await session.read(buffer);
    if (count === null) throw ended();
    const datagram = buffer.subarray(0, count);
    const id = count >= 2 ? (datagram[0] ?? 0) * 256 + (datagram[1] ?? 0) : -1;
    if (id !== query.id) continue;
    const message = decodeDns(datagram, context.limits["dns-answers"]);
    if (answers(query, message)) return { message, bytes: count };
  }
}

/** RFC 1035 section 4.2.2: two bytes of length before each message. */
async function overStream(
  session: Duplex,
  query: DnsMessage,
  context: Context,
): Promise<Received> {
  const question = encodeDns(query);
  // In one write: some servers take only the first segment (RFC 7766 section 8).
  await session.write(joined(word(question.length), question));
  const length = await readExactly(session, new Uint8Array(2));
  if (length === null) throw ended();
  const answer = new Uint8Array((length[0] ?? 0) * 256 + (length[1] ?? 0));
  if (await readExactly(session, answer) === null) throw ended();
  const message = decodeDns(answer, context.limits["dns-answers"]);
  if (answers(query, message)) return { message, bytes: answer.length };
  throw new NetError({ kind: "protocol", op: "dns", message: "the answer is to another question" });
}

function ended(): NetError {
  const message = "the server closed without an answer";
  return new NetError({ kind: "protocol", op: "dns", message, blame: "remote" });
}

/** The server as an active address. */
function addressOf({ host, port, zone }: DnsServer, scheme: "udp" | "tcp"): Address {
  return {
    scheme,
    passive: false,
    options: [],
    host,
    port,
    ...(zone === undefined ? {} : { zone }),
  };
}

function attemptOf(server: DnsServer, error: NetError, durationMs: number): Attempt {
  const message = error.code === undefined ? error.reason : `${error.reason} (${error.code})`;
  const address = formatAddress(addressOf(server, server.tcpOnly ? "tcp" : "udp"));
  return {
    address,
    message,
    ...(error.code === undefined ? {} : { code: error.code }),
    durationMs,
  };
}

function nobodyAnswered(name: string, attempts: readonly Attempt[]): NetError {
  const each = attempts.map(({ address, message }) => `${address} ${message}`).join("; ");
  return new NetError({
    kind: "resolve",
    op: "dns",
    address: name,
    message: attempts.length === 0 ? "no name server is known" : `no server answered: ${each}`,
    blame: "remote",
    attempts,
  });
}
