/**
 * `deno task demo`: plumb at work in five seconds, through the same calls that a program of yours
 * would make. Leaves nothing behind; exits with 1 if any of it fails.
 * @module
 */

import {
  connect,
  type Context,
  type Duplex,
  readExactly,
  relay,
  type RunningServer,
  serve,
  type SessionOutcome,
  type SessionTally,
} from "../mod.ts";

/** One thing that was shown. */
interface Row {
  readonly what: string;
  readonly way: string;
  readonly sent: number;
  readonly received: number;
  readonly tookMs: number;
  readonly result: string;
  readonly good: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const text = "plumb joins any two endpoints.";
const answerAfterMs = 1_000;
const idleMs = 1_500;

const folder = await Deno.makeTempDir({ prefix: "plumb-demo-" });
let failed = true;
try {
  const rows = await demo();
  await print(rows);
  failed = rows.some((row) => !row.good);
} finally {
  await Deno.remove(folder, { recursive: true });
}
Deno.exit(failed ? 1 : 0);

async function demo(): Promise<Row[]> {
  const socket = `unix:${folder}/upper.sock`;
  await say("serving upper on a TCP port, a Unix socket and a UDP port ...");
  await using upper = await serve("upper", ["tcp://127.0.0.1:0", socket, "udp://127.0.0.1:0"]);
  const [tcp = "", unix = "", udp = ""] = upper.addresses.map((peer) => peer.text);
  await say(`relaying a TCP port to ${unix} ...`);
  await using front = await relay("listen:tcp://127.0.0.1:0", unix);

  await say("sending text through each ...");
  const rows = [
    await upperCase("text over TCP", tcp),
    await upperCase("text over a Unix socket", unix),
    await upperCase("text over UDP", udp),
    await upperCase("text through the relay", addressOf(front), `${addressOf(front)} -> ${unix}`),
  ];
  await say(
    `half-close: asking a server that answers ${answerAfterMs} ms after the question ended`,
  );
  rows.push(await halfClose());
  await say(`a silent peer: the relay ends its session after ${idleMs} ms without a byte`);
  rows.push(await silentPeer(tcp));
  return rows;
}

/** Sends the text and expects it back in upper case. */
async function upperCase(what: string, address: string, way = address): Promise<Row> {
  const startMs = performance.now();
  await using peer = await connect(address);
  await peer.write(encoder.encode(text));
  const answer = decoder.decode(await readExactly(peer, new Uint8Array(text.length)) ?? undefined);
  const good = answer === text.toUpperCase();
  return row(what, way, text.length, answer.length, startMs, good ? answer : "wrong answer", good);
}

/** Ends the request first; the answer must come all the same, whole. */
async function halfClose(): Promise<Row> {
  await using late = await serve(answerLate, "tcp://127.0.0.1:0");
  await using front = await relay("listen:tcp://127.0.0.1:0", addressOf(late));
  const startMs = performance.now();
  await using peer = await connect(addressOf(front));
  await peer.write(encoder.encode(text));
  await peer.closeWrite();
  const answer = await readAll(peer);
  const good = answer === `${text.length} bytes, then the end`;
  const way = `${addressOf(front)} -> ${addressOf(late)}`;
  return row("half-close", way, text.length, answer.length, startMs, answer, good);
}

/** Reads until the client has ended, waits, and then says how much it was. */
async function answerLate(session: Duplex, context: Context): Promise<SessionOutcome> {
  const question = await readAll(session);
  await new Promise<void>((resolve) => void context.clock.timer(answerAfterMs, resolve));
  const answer = encoder.encode(`${question.length} bytes, then the end`);
  await session.write(answer);
  await session.closeWrite();
  return { reason: "peer-end", bytesIn: question.length, bytesOut: answer.length };
}

/** Connects and says nothing. */
async function silentPeer(address: string): Promise<Row> {
  const ended = Promise.withResolvers<SessionTally>();
  const onEnd = ended.resolve;
  await using front = await relay("listen:tcp://127.0.0.1:0", address, { idleMs, onEnd });
  const startMs = performance.now();
  await using _peer = await connect(addressOf(front));
  const tally = await ended.promise;
  const good = tally.reason === "idle";
  const way = `${addressOf(front)} -> ${address}`;
  return row("a silent peer", way, 0, 0, startMs, `ended: ${tally.reason}`, good);
}

async function readAll(session: Duplex): Promise<string> {
  const buffer = new Uint8Array(4096);
  let whole = "";
  for (let n = await session.read(buffer); n !== null; n = await session.read(buffer)) {
    whole += decoder.decode(buffer.subarray(0, n), { stream: true });
  }
  return whole;
}

function addressOf(server: RunningServer): string {
  return server.addresses[0]?.text ?? "";
}

function row(
  what: string,
  way: string,
  sent: number,
  received: number,
  startMs: number,
  result: string,
  good: boolean,
): Row {
  const tookMs = performance.now() - startMs;
  return { what, way: way.replaceAll(folder, "..."), sent, received, tookMs, result, good };
}

async function print(rows: readonly Row[]): Promise<void> {
  const cells = [
    ["what", "way", "sent", "received", "time", "result", ""],
    ...rows.map((one) => [
      one.what,
      one.way,
      `${one.sent} B`,
      `${one.received} B`,
      `${one.tookMs.toFixed(1)} ms`,
      one.result,
      one.good ? "ok" : "FAILED",
    ]),
  ];
  const widths = (cells[0] ?? []).map((_, at) => {
    return Math.max(...cells.map((line) => line[at]?.length ?? 0));
  });
  await say("");
  for (const line of cells) {
    await say(line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd());
  }
}

async function say(line: string): Promise<void> {
  await Deno.stdout.write(encoder.encode(`${line}\n`));
}
