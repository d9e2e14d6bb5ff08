import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import {
  chunkSizeFor,
  type FrameOptions,
  type Framing,
  messagesOver,
} from "../../../lib/stream/frame.ts";
import { makePair, type PairOptions, readToEnd } from "../../support/pair.ts";
import { bytesOf } from "../../support/relaying.ts";

/** Every message that a stream of these pieces is cut into. */
async function cut(
  framing: Framing,
  pieces: readonly Uint8Array[],
  pair: PairOptions = {},
  options: FrameOptions = {},
): Promise<string[]> {
  const [far, near] = makePair({ capacity: 1 << 20, ...pair });
  const framed = messagesOver(near, framing, options);
  for (const piece of pieces) await far.write(piece);
  await far.closeWrite();
  const messages: string[] = [];
  const into = new Uint8Array(70_000);
  for (let n = await framed.read(into); n !== null; n = await framed.read(into)) {
    messages.push(new TextDecoder("latin1").decode(into.subarray(0, n)));
  }
  return messages;
}

/** The same bytes fed whole, byte by byte, and with what follows them: it must make no difference. */
async function fedThreeWays(framing: Framing, stream: string, messages: readonly string[]) {
  const bytes = Uint8Array.from(stream, (c) => c.charCodeAt(0));
  assertEquals(await cut(framing, [bytes]), messages, "whole");
  assertEquals(await cut(framing, [bytes], { readAtMost: 1 }), messages, "byte by byte");
  const half = bytes.length >> 1;
  assertEquals(await cut(framing, [bytes.subarray(0, half), bytes.subarray(half)]), messages);
  assertEquals(await cut(framing, [bytes, bytes]), [...messages, ...messages], "with what follows");
}

Deno.test("frame line keeps the newline in the message, empty lines too", async () => {
  await fedThreeWays("line", "one\n\ntwo\r\n", ["one\n", "\n", "two\r\n"]);
  assertEquals(await cut("line", [bytesOf("no end")]), ["no end"]);
});

Deno.test("frame length takes two bytes, big-endian, before each message", async () => {
  await fedThreeWays("length", "\x00\x03abc\x00\x00\x01\x00" + "x".repeat(256), [
    "abc",
    "",
    "x".repeat(256),
  ]);
});

Deno.test("frame chunk makes a message of each read, at most as long as a datagram", async () => {
  assertEquals(await cut("chunk", [bytesOf("ab"), bytesOf("c")]), ["ab", "c"]);
  const long = await cut("chunk", [new Uint8Array(3000)], {}, { chunkSize: 1452 });
  assertEquals(long.map(({ length }) => length), [1452, 1452, 96]);
  assertEquals(chunkSizeFor({ scheme: "udp", text: "", host: "::1" }), 1452);
  assertEquals(chunkSizeFor({ scheme: "udp", text: "", host: "127.0.0.1" }), 1472);
  assertEquals(chunkSizeFor({ scheme: "unixgram", text: "" }), 1472);
});

Deno.test("any messages come back from a stream framed by length, however it is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 10 }),
      fc.integer({ min: 1, max: 9 }),
      async (messages, readAtMost) => {
        const [one, two] = makePair({ capacity: 1 << 20, readAtMost });
        const [from, to] = [messagesOver(one, "length"), messagesOver(two, "length")];
        for (const message of messages) await from.write(message);
        await from.closeWrite();
        const into = new Uint8Array(400);
        for (const message of messages) {
          assertEquals(await to.read(into), message.length);
          assertEquals(into.subarray(0, message.length), message);
        }
        assertEquals(await to.read(into), null);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("frame line adds the newline on output only where it is missing", async () => {
  const [near, far] = makePair();
  const framed = messagesOver(near, "line");
  for (const message of ["has one\n", "has none", ""]) await framed.write(bytesOf(message));
  await framed.closeWrite();
  assertEquals(new TextDecoder().decode(await readToEnd(far)), "has one\nhas none\n\n");
});

Deno.test("a message that does not fit is an error that names both sizes", async () => {
  for (
    const [framing, stream] of [["line", "0123456789\n"], [
      "length",
      "\x00\x0b0123456789\n",
    ]] as const
  ) {
    const [far, near] = makePair();
    await far.write(bytesOf(stream));
    const read = messagesOver(near, framing).read(new Uint8Array(8));
    const error = await assertRejects(() => read, NetError);
    assertEquals([error.kind, error.blame], ["too-large", "remote"]);
    assert(/11 bytes.*at most 8/.test(error.message), error.message);
  }
  const [near] = makePair();
  const write = messagesOver(near, "length").write(new Uint8Array(65_536));
  const error = await assertRejects(() => write, NetError);
  assertEquals([error.kind, error.blame], ["too-large", "local"]);
  assert(/65536 bytes.*at most 65535/.test(error.message), error.message);
});

Deno.test("a stream that ends within a message is a broken protocol, not an end", async () => {
  for (const stream of ["\x00", "\x00\x05", "\x00\x05abc"]) {
    const [far, near] = makePair();
    await far.write(bytesOf(stream));
    await far.closeWrite();
    const framed = messagesOver(near, "length");
    const error = await assertRejects(() => framed.read(new Uint8Array(100)), NetError);
    assertEquals(error.kind, "protocol", stream);
  }
});

Deno.test("a line that does not end is bounded", async () => {
  const [far, near] = makePair();
  await far.write(new Uint8Array(101));
  const framed = messagesOver(near, "line", { longestLine: 100 });
  const error = await assertRejects(() => framed.read(new Uint8Array(1000)), NetError);
  assertEquals(error.kind, "limit");
});

Deno.test("a framed stream has messages and no power to look ahead of its reader", async () => {
  const [far, near] = makePair();
  const framed = messagesOver(near, "line");
  assertEquals([framed.traits.messages, framed.readable], [true, undefined]);
  await framed[Symbol.asyncDispose]();
  assertEquals(await far.read(new Uint8Array(1)), null);
});
