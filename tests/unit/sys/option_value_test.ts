import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeOption,
  encodeOption,
  type OptionEncoding,
  type SocketOptionValue,
} from "../../../lib/sys/option_value.ts";

const whole = (maximum: number) => fc.integer({ min: 0, max: maximum });
type Writable = Exclude<OptionEncoding, "interface" | "structure">;
const values: Readonly<Record<Writable, fc.Arbitrary<SocketOptionValue>>> = {
  flag: fc.boolean(),
  keepalive: fc.boolean(),
  integer: fc.integer(),
  size: whole(2 ** 31 - 1),
  unsigned: whole(2 ** 32 - 1),
  seconds: whole(2 ** 31 - 1).map((count) => count * 1000),
  milliseconds: whole(2 ** 31 - 1),
  microseconds: whole(2 ** 31 - 1).map((count) => count / 1000),
  timeval: whole(2 ** 40),
  linger: fc.oneof(fc.constant(false), whole(2 ** 31 - 1).map((count) => count * 1000)),
  text: fc.stringMatching(/^[a-z0-9]{0,15}$/),
  bytes: fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.toHex()),
};

for (const [encoding, value] of Object.entries(values) as [OptionEncoding, typeof values.flag][]) {
  Deno.test(`a value encoded as ${encoding} is decoded to itself`, () => {
    fc.assert(fc.property(value, (given) => {
      const bytes = encodeOption(encoding, given);
      assert(typeof bytes !== "string", String(bytes));
      assertEquals(decodeOption(encoding, bytes), given);
    }));
  });
}

Deno.test("values lie in memory as the kernel wants them", () => {
  const bytes = (encoding: OptionEncoding, value: SocketOptionValue) => {
    const result = encodeOption(encoding, value);
    return typeof result === "string" ? result : [...result];
  };
  assertEquals(bytes("linger", 2_000), [1, 0, 0, 0, 2, 0, 0, 0]);
  assertEquals(bytes("linger", false), [0, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals(bytes("timeval", 1_500), [1, 0, 0, 0, 0, 0, 0, 0, 0x20, 0xa1, 7, 0, 0, 0, 0, 0]);
  assertEquals(bytes("flag", true), [1, 0, 0, 0]);
});

Deno.test("a value of the wrong type or size is refused with the reason", () => {
  assertEquals(encodeOption("flag", 1), "is on or off");
  assertEquals(encodeOption("integer", 1.5), "is a whole number");
  assertEquals(encodeOption("integer", 2 ** 31), `is from ${-(2 ** 31)} to ${2 ** 31 - 1}`);
  assertEquals(encodeOption("unsigned", -1), `is from 0 to ${2 ** 32 - 1}`);
  assertEquals(encodeOption("seconds", 1_500), "is counted in whole seconds");
  assertEquals(encodeOption("seconds", -1_000), `is from 0 to ${2 ** 31 - 1} seconds`);
  assertEquals(encodeOption("seconds", NaN), "is counted in whole seconds");
  assertEquals(encodeOption("timeval", -1), "is a duration");
  assertEquals(encodeOption("linger", true), "is a duration");
  assertEquals(encodeOption("text", 5), "is a text");
  assertEquals(encodeOption("bytes", "abc"), "is written in hex, two digits a byte");
  assertEquals(encodeOption("bytes", 5), "is written in hex, two digits a byte");
  assertEquals(encodeOption("interface", "127.0.0.1"), "can only be read");
  assertEquals(encodeOption("structure", ""), "can only be read");
});

Deno.test("what is only read is decoded as text", () => {
  assertEquals(decodeOption("interface", Uint8Array.of(192, 0, 2, 7)), "192.0.2.7");
  assertEquals(decodeOption("structure", Uint8Array.of(7, 255)), "07ff");
});

Deno.test("options that answer with one byte are read", () => {
  assertEquals(decodeOption("integer", Uint8Array.of(64)), 64);
  assertEquals(decodeOption("flag", Uint8Array.of(0)), false);
});
