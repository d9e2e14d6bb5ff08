import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import { answers, decodeDns, type DnsMessage, dnsQuery, encodeDns } from "../../../lib/wire/dns.ts";
import {
  encodeName,
  normalName,
  readName,
  reverseName,
  sameName,
} from "../../../lib/wire/dns_name.ts";
import type { DnsData, DnsRecord } from "../../../lib/wire/dns_record.ts";
import { dataFields, dataText } from "../../../lib/wire/dns_text.ts";
import { inetNtop } from "../../../lib/wire/inet.ts";

const label = fc.uint8Array({ minLength: 1, maxLength: 20 });
/** Names as the reader gives them, made of any bytes. */
const name = fc.array(label, { maxLength: 8 }).map((labels) => {
  const wire = labels.flatMap((bytes) => [bytes.length, ...bytes]);
  return readName(Uint8Array.from([...wire, 0]), 0).name;
});
const short = fc.nat(0xffff);
const long = fc.integer({ min: 0, max: 0xffffffff });
const text = fc.uint8Array({ maxLength: 255 }).map((bytes) => String.fromCharCode(...bytes));
const type = <T extends string>(value: T) => fc.constant(value);

const data: fc.Arbitrary<DnsData> = fc.oneof(
  fc.record({
    type: type("A"),
    address: fc.uint8Array({ minLength: 4, maxLength: 4 }).map(inetNtop),
  }),
  fc.record({
    type: type("AAAA"),
    address: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(inetNtop),
  }),
  fc.record({ type: fc.constantFrom("NS" as const, "CNAME", "PTR"), target: name }),
  fc.record({ type: type("MX"), preference: short, exchange: name }),
  fc.record({
    type: type("SOA"),
    primary: name,
    mailbox: name,
    serial: long,
    refresh: long,
    retry: long,
    expire: long,
    minimum: long,
  }),
  fc.record({ type: type("TXT"), texts: fc.array(text, { minLength: 1, maxLength: 4 }) }),
  fc.record({ type: type("SRV"), priority: short, weight: short, port: short, target: name }),
  fc.record({ type: type("CAA"), flags: fc.nat(255), tag: text, value: text }),
  fc.record({
    type: type("NAPTR"),
    order: short,
    preference: short,
    flags: text,
    services: text,
    regexp: text,
    replacement: name,
  }),
  fc.record({
    type: type("other"),
    number: fc.constantFrom(99, 65280),
    bytes: fc.uint8Array({ maxLength: 300 }),
  }),
);
const record: fc.Arbitrary<DnsRecord> = fc.record({ name, class: short, ttl: long, data });
const records = fc.array(record, { maxLength: 4 });
const message: fc.Arbitrary<DnsMessage> = fc.record({
  id: short,
  response: fc.boolean(),
  opcode: fc.nat(15),
  authoritative: fc.boolean(),
  truncated: fc.boolean(),
  recursionDesired: fc.boolean(),
  recursionAvailable: fc.boolean(),
  responseCode: fc.nat(4095),
  questions: fc.array(fc.record({ name, type: short, class: short }), { maxLength: 2 }),
  answers: records,
  authorities: records,
  additionals: records,
  extension: fc.record({ udpBytes: short, version: fc.nat(255), dnssec: fc.boolean() }),
});

Deno.test("any message survives the way to the wire and back", () => {
  fc.assert(fc.property(message, (message) => {
    assertEquals(decodeDns(encodeDns(message), 100), message);
  }));
});

Deno.test("random bytes give a message or a NetError, quickly", () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    // A whole message with a few bytes changed gets further than noise does.
    fc.tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 })).map(
      ([message, changes]) => {
        const bytes = encodeDns(message);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return bytes;
      },
    ),
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      try {
        const read = decodeDns(bytes, 1000);
        for (const { data } of read.answers) {
          dataText(data);
          JSON.stringify(dataFields(data));
        }
      } catch (thrown) {
        assert(thrown instanceof NetError && thrown.kind === "protocol", String(thrown));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("a message cut anywhere is refused", () => {
  const whole = encodeDns({
    ...dnsQuery(1, "a.test", 1),
    answers: [{
      name: "a.test",
      class: 1,
      ttl: 1,
      data: { type: "MX", preference: 1, exchange: "b.test" },
    }],
  });
  for (let end = 0; end < whole.length; end++) {
    assertThrows(() => decodeDns(whole.subarray(0, end), 100), NetError, "dns:");
  }
});

/** Labels in hex: 3 "www" 4 "test" 0. */
const www = "03777777047465737400";

Deno.test("compressed names are followed backwards", () => {
  const message = Uint8Array.fromHex(`${www}0161c004${"c00a"}`);
  assertEquals(readName(message, 0), { name: "www.test", next: 10 });
  assertEquals(readName(message, 10), { name: "a.test", next: 14 });
  assertEquals(readName(message, 14), { name: "a.test", next: 16 });
});

Deno.test("compression loops, forward pointers and endless names are refused", () => {
  const loops = ["c000", "c002c000", "0161c000", "c00400000000", "0161c002"];
  for (const hex of loops) {
    assertThrows(() => readName(Uint8Array.fromHex(hex), 0), NetError, "backwards");
  }
  assertThrows(() => readName(Uint8Array.fromHex("40"), 0), NetError, "unknown kind");
  const endless = new Uint8Array(600).map((_, at) => at % 2 === 0 ? 1 : 97);
  assertThrows(() => readName(endless, 0), NetError, "255");
});

Deno.test("a chain of pointers is followed for 127 jumps and no further", () => {
  // Each pointer leads to the one before it: the longest chain that hostile bytes can make.
  const chain = new Uint8Array(16384);
  for (let at = 2; at + 1 < chain.length; at += 2) {
    chain[at] = 0xc0 | ((at - 2) >> 8);
    chain[at + 1] = (at - 2) & 0xff;
  }
  assertEquals(readName(chain, 254).name, ".");
  assertThrows(() => readName(chain, 256), NetError, "too many");
});

Deno.test("names are escaped, compared without case, and bounded", () => {
  assertEquals(normalName("A.b\\.c.\\032x."), "A.b\\.c.\\032x");
  assertEquals(normalName("."), ".");
  assert(sameName("WWW.Test", "www.tEST"));
  const wrong = ["a..b", ".a", "a\\", "a\\256", "\u00e9", `${"a".repeat(64)}.b`];
  wrong.push("a.".repeat(128) + "a", "x".repeat(1_000_000));
  for (const name of wrong) assertThrows(() => encodeName(name), NetError, "dns");
  assertEquals(encodeName(`${`${"a".repeat(63)}.`.repeat(3)}${"a".repeat(61)}`).length, 255);
});

Deno.test("addresses have reverse names", () => {
  assertEquals(reverseName(Uint8Array.of(192, 0, 2, 1)), "1.2.0.192.in-addr.arpa");
  const six = reverseName(Uint8Array.fromHex("20010db8000000000000000000000001"));
  assertEquals(six, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
});

Deno.test("more records than the limit are refused before they are read, naming it", () => {
  const bytes = encodeDns(dnsQuery(1, "a.test", 1));
  new DataView(bytes.buffer).setUint16(6, 65535);
  assertThrows(() => decodeDns(bytes, 1000), NetError, "dns-answers");
});

Deno.test("only an answer with the id and the question of the query is its answer", () => {
  const query = dnsQuery(77, "a.test", 1);
  const reply = { ...query, response: true };
  const [question] = query.questions;
  assert(question !== undefined);
  assert(answers(query, reply));
  assert(answers(query, { ...reply, questions: [{ ...question, name: "A.TEST" }] }));
  assert(answers(query, { ...reply, questions: [], responseCode: 1 }));
  const foreign: DnsMessage[] = [
    query,
    { ...reply, id: 78 },
    { ...reply, opcode: 4 },
    { ...reply, questions: [] },
    { ...reply, questions: [{ ...question, name: "b.test" }] },
    { ...reply, questions: [{ ...question, type: 28 }] },
    { ...reply, questions: [{ ...question, class: 3 }] },
  ];
  for (const message of foreign) assertEquals(answers(query, message), false);
});

Deno.test("data is shown as in zone files, hostile bytes escaped", () => {
  const shown = dataText({ type: "TXT", texts: ['say "hi"\n', "\x1b[31m", ""] });
  assertEquals(shown, '"say \\"hi\\"\\010" "\\027[31m" ""');
  const other = { type: "other", number: 99, bytes: Uint8Array.of(1, 255) } as const;
  assertEquals(dataText(other), "\\# 2 01ff");
  assertEquals(dataFields({ type: "TXT", texts: ["\xc3\xa9", "\xff"] }), {
    texts: ["\u00e9", "\xff"],
  });
});

Deno.test("the tag of a CAA record is escaped, too: it is the server's own bytes", () => {
  const shown = dataText({ type: "CAA", flags: 0, tag: "a\x1b[31m\n b", value: "x" });
  assertEquals(shown, String.raw`0 a\027[31m\010\032b "x"`);
});
