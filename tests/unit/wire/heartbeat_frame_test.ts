/** Frames of heartbeats: read however they are cut, and refused where they are none. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concatenate } from "../../../lib/core/bytes.ts";
import { NetError } from "../../../lib/core/error.ts";
import {
  decodeBeat,
  decodeCredit,
  decodeFrameMessage,
  encodeBeat,
  encodeCredit,
  encodeFrame,
  encodeFrameMessage,
  FrameReader,
  type FrameType,
  makePreface,
  prefaceBytes,
} from "../../../lib/wire/heartbeat_frame.ts";

const own = makePreface();

/** Reads chunks. @returns frames as text, DATA that came in pieces joined */
function readAll(chunks: readonly Uint8Array[]): string[] {
  const reader = new FrameReader(own);
  const frames: string[] = [];
  let data = "";
  const flush = () => {
    if (data !== "") frames.push(`data ${data}`);
    data = "";
  };
  for (const chunk of chunks) {
    reader.push(chunk, {
      put({ type, payload }) {
        const text = [...payload].join(" ");
        if (type === "data") return void (data += (data === "" ? "" : " ") + text);
        flush();
        frames.push(`${type} ${text}`.trim());
      },
    });
  }
  flush();
  assert(reader.hasPreface && reader.isBetween);
  return frames;
}

const sent = concatenate([
  makePreface(),
  encodeFrame("beat", encodeBeat({ everyMs: 5_000, chance: 7 })),
  encodeFrame("data", Uint8Array.of(1, 2, 3)),
  encodeFrame("data"),
  encodeFrame("credit", encodeCredit(70_000)),
  encodeFrame("ping", new Uint8Array(12)),
  encodeFrame("data", Uint8Array.of(4)),
  Uint8Array.of(200, 0, 0, 2, 9, 9), // a later version's, which may be skipped
  encodeFrame("end"),
]);

const expected = [
  "beat 0 0 19 136 0 0 0 7",
  "data 1 2 3",
  "credit 0 1 17 112",
  `ping ${Array(12).fill(0).join(" ")}`,
  "data 4",
  "end",
];

Deno.test("frames: read whole, byte by byte, and cut anywhere", () => {
  assertEquals(readAll([sent]), expected);
  assertEquals(readAll([...sent].map((byte) => Uint8Array.of(byte))), expected);
  for (let cut = 1; cut < sent.length; cut++) {
    assertEquals(readAll([sent.subarray(0, cut), sent.subarray(cut)]), expected, `${cut}`);
  }
});

Deno.test("frames: what is no preface is told at the first byte that differs", () => {
  const wrong: readonly [Uint8Array, string][] = [
    [Uint8Array.of(0x32), "does not begin with the preface"],
    [Uint8Array.of(0x50, 0x4c, 0x55, 0x21), "does not begin with the preface"],
    [concatenate([makePreface().subarray(0, 7), Uint8Array.of(2)]), "speaks version 2"],
    [own, "only sends back what it gets"],
  ];
  for (const [bytes, words] of wrong) {
    const error = assertThrows(() => new FrameReader(own).push(bytes, { put() {} }), NetError);
    assertEquals(error.kind, "protocol");
    assert(error.message.includes(words), error.message);
  }
});

Deno.test("frames: lengths are looked at before memory is taken", () => {
  for (const [type, length] of [[1, 9], [2, 65_536], [3, 65_536], [4, 1], [5, 5]] as const) {
    const reader = new FrameReader(own);
    reader.push(makePreface(), { put() {} });
    const head = Uint8Array.of(type, length >>> 16, length >>> 8, length);
    assertThrows(() => reader.push(head, { put() {} }), NetError, "too long");
  }
});

Deno.test("frames: ten thousand random streams end in a NetError or wait for more", () => {
  const bytes = fc.uint8Array({ maxLength: 64 });
  const stream = fc.tuple(fc.boolean(), bytes);
  fc.assert(
    fc.property(stream, ([isGreeted, rest]) => {
      const reader = new FrameReader(own);
      try {
        if (isGreeted) reader.push(makePreface(), { put() {} });
        reader.push(rest, { put() {} });
      } catch (thrown) {
        if (!(thrown instanceof NetError) || thrown.kind !== "protocol") throw thrown;
      }
    }),
    { numRuns: 10_000 },
  );
});

Deno.test("frames: messages have a type and no length", () => {
  const types: readonly FrameType[] = ["data", "beat", "ping", "pong", "end"];
  for (const type of types) {
    const message = encodeFrameMessage(type, new Uint8Array(type === "beat" ? 8 : 0));
    assertEquals(decodeFrameMessage(message)?.type, type);
  }
  assertEquals(decodeFrameMessage(Uint8Array.of(200, 1)), null);
  assertThrows(() => decodeFrameMessage(new Uint8Array(0)), NetError, "empty");
  assertThrows(() => decodeFrameMessage(Uint8Array.of(0x68)), NetError, "no frame of type 104");
  assertThrows(() => decodeFrameMessage(new Uint8Array(10).fill(4)), NetError, "too long");
});

Deno.test("frames: beats and credits are read as they were written", () => {
  assertEquals(decodeBeat(encodeBeat({ everyMs: 1, chance: 2 })), { everyMs: 1, chance: 2 });
  assertEquals(decodeBeat(new Uint8Array(0)), { everyMs: 0, chance: 0 });
  assertThrows(() => decodeBeat(new Uint8Array(7)), NetError, "too short");
  assertEquals(decodeCredit(encodeCredit(2 ** 32 - 1)), 2 ** 32 - 1);
  assertThrows(() => decodeCredit(new Uint8Array(3)), NetError, "too short");
  assertEquals(own.length, prefaceBytes);
});
