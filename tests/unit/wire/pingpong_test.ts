/**
 * What PING and PONG carry.
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import { decodeFacts, encodeFacts, type PeerFacts } from "../../../lib/wire/peer_facts.ts";
import { maximumSayingBytes, readSayings } from "../../../lib/wire/peer_facts.ts";
import {
  decodePing,
  decodePong,
  encodePing,
  encodePong,
  maximumPongBytes,
  pingBytes,
  pongBytes,
  roomyPingBytes,
} from "../../../lib/wire/pingpong.ts";

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const us = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const count = fc.integer({ min: 0, max: 999_999_999_999_999 });
const average = fc.integer({ min: 0, max: 99_999_999_999 }).map((n) => n / 100);
const key = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,31}$/);
const saying = fc.string({ unit: "grapheme", maxLength: 40 })
  .filter((text) => readable(text));
const say = fc.dictionary(key, saying, { minKeys: 1, maxKeys: 16 });

function readable(text: string): boolean {
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text) || !text.isWellFormed()) return false;
  return new TextEncoder().encode(text).length <= maximumSayingBytes;
}

const facts: fc.Arbitrary<PeerFacts> = fc.record({
  version: fc.stringMatching(/^[\x21-\x7e]{1,64}$/),
  uptimeMs: count,
  sessions: count,
  load: fc.tuple(average, average, average),
  freeDescriptors: count,
  say,
}, { requiredKeys: [] }) as fc.Arbitrary<PeerFacts>;

/** Objects without a prototype compare as those with one. */
function plain({ say, ...rest }: PeerFacts): PeerFacts {
  return say === undefined ? rest : { ...rest, say: { ...say } };
}

Deno.test("a PING and a PONG come back as they were, whatever they say", () => {
  fc.assert(
    fc.property(u32, us, us, us, facts, (sequence, sentUs, receivedUs, answeredUs, facts) => {
      assertEquals(decodePing(encodePing({ sequence, sentUs })), { sequence, sentUs });
      const pong = { sequence, sentUs, receivedUs, answeredUs, facts };
      const read = decodePong(encodePong(pong));
      assertEquals({ ...read, facts: plain(read.facts) }, { ...pong, facts: plain(facts) });
    }),
  );
});

Deno.test("the bytes of a PING and a PONG are those of the document", () => {
  const request = [0, 0, 0, 7, 0, 5, 0xaf, 0x31, 0x07, 0xa4, 0, 0];
  const sentUs = 0x5af31_07a40000;
  assertEquals([...encodePing({ sequence: 7, sentUs })], request);
  const pong = { sequence: 7, sentUs, receivedUs: 1, answeredUs: 258, facts: { sessions: 3 } };
  assertEquals([...encodePong(pong)], [
    ...request,
    ...[0, 0, 0, 0, 0, 0, 0, 1],
    ...[0, 0, 0, 0, 0, 0, 1, 2],
    ...new TextEncoder().encode("sessions=3\n"),
  ]);
});

Deno.test("padding makes room and is not looked at", () => {
  const bytes = encodePing({ sequence: 1, sentUs: 2 }, roomyPingBytes);
  assertEquals(bytes.length, roomyPingBytes);
  bytes.fill(0xff, pingBytes);
  assertEquals(decodePing(bytes), { sequence: 1, sentUs: 2 });
  assertEquals(encodePing({ sequence: 1, sentUs: 2 }, 0).length, pingBytes);
});

Deno.test("a PONG fits the room it is given, whole facts only", () => {
  fc.assert(fc.property(facts, fc.nat(maximumPongBytes + 100), (facts, room) => {
    const pong = { sequence: 0, sentUs: 0, receivedUs: 0, answeredUs: 0, facts };
    const bytes = encodePong(pong, room);
    assert(bytes.length <= Math.max(pongBytes, Math.min(room, maximumPongBytes)));
    const read = plain(decodePong(bytes).facts);
    for (const [name, value] of Object.entries(read)) {
      if (name === "say") continue;
      assertEquals(value, facts[name as keyof PeerFacts], name);
    }
    for (const [name, value] of Object.entries(read.say ?? {})) {
      assertEquals(value, facts.say?.[name]);
    }
  }));
});

Deno.test("any bytes are a PING, a PONG or a protocol error", () => {
  const reads = [decodePing, decodePong, decodeFacts] as const;
  fc.assert(fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
    for (const read of reads) {
      try {
        read(bytes);
      } catch (thrown) {
        assert(thrown instanceof NetError && thrown.kind === "protocol");
      }
    }
  }));
});

Deno.test("facts that are none are refused, each with its reason", () => {
  const refused: readonly (readonly [string | Uint8Array, string])[] = [
    ["version=1", "the facts are cut off"],
    ["version\n", "a fact is not KEY=VALUE"],
    ["=1\n", "a fact is not KEY=VALUE"],
    ["\n", "a fact is not KEY=VALUE"],
    ["sessions=1\nsessions=1\n", '"sessions" is said twice'],
    ["sessions=-1\n", "sessions is no number"],
    ["uptime=1.5\n", "uptime is no number"],
    ["descriptors=9999999999999999\n", "descriptors is no number"],
    ["load=1 2 3\n", "load is not three numbers"],
    ["version=a b\n", "the version is none"],
    ["say.1=x\n", "a key is a letter, then letters, digits, _ . or -, 32 at most"],
    ["say.a=\x1b[2J\n", "a value has no control characters"],
    [`say.a=${"x".repeat(201)}\n`, "a value is at most 200 bytes"],
    [
      Array.from({ length: 17 }, (_, n) => `say.k${n}=x\n`).join(""),
      "more than 16 things are said",
    ],
    [new Uint8Array([0x61, 0x3d, 0xff, 0x0a]), "the facts are not UTF-8"],
  ];
  for (const [text, reason] of refused) {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    assertEquals(assertThrows(() => decodeFacts(bytes), NetError).reason, reason);
  }
});

Deno.test("a name that a later version says is skipped, and no name reaches a prototype", () => {
  const text = "mood=fine\nsessions=2\nsay.constructor=x\nsay.toString=y\n";
  const { say, ...rest } = decodeFacts(new TextEncoder().encode(text));
  assertEquals(rest, { sessions: 2 });
  assertEquals({ ...say }, { constructor: "x", toString: "y" } as unknown as typeof say);
  const hostile = decodeFacts(encodeFacts({ say: { constructor: "x" } as never }, 100));
  assertEquals(Object.keys(hostile.say ?? {}), ["constructor"]);
});

Deno.test("--say takes key=value and names what is wrong with another", () => {
  assertEquals({ ...readSayings(["role=db", "note=a=b c", "empty="]) }, {
    role: "db",
    note: "a=b c",
    empty: "",
  });
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [["role"], /^say: role is not KEY=VALUE; write --say KEY=VALUE$/],
    [["=x"], /is not KEY=VALUE/],
    [["1=x"], /a key is a letter/],
    [["a=\n"], /no control characters/],
    [["a=1", "a=2"], /a is said twice/],
    [Array.from({ length: 17 }, (_, n) => `k${n}=`), /at most 16/],
  ];
  for (const [texts, line] of refused) {
    const error = assertThrows(() => readSayings(texts), NetError);
    assertEquals(error.kind, "usage");
    assert(line.test(error.message), error.message);
  }
});
