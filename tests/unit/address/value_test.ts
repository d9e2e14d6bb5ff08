import { assertEquals, assertInstanceOf, assertStringIncludes, fail } from "@std/assert";
import fc from "fast-check";
import {
  formatDuration,
  formatMode,
  formatRate,
  formatSize,
  formatValue,
  parseDuration,
  parseMode,
  parseRate,
  parseSize,
  readValue,
  ValueError,
} from "../../../lib/address/value.ts";
import type { OptionRow, ValueKind } from "../../../lib/core/option.ts";

function valueErrorOf(run: () => unknown): ValueError {
  try {
    run();
  } catch (thrown) {
    assertInstanceOf(thrown, ValueError);
    return thrown;
  }
  fail("nothing was thrown");
}

const good: readonly (readonly [
  read: (text: string) => number,
  text: string,
  value: number,
  print: (value: number) => string,
  printed: string,
])[] = [
  [parseDuration, "250ms", 250, formatDuration, "250ms"],
  [parseDuration, "30s", 30_000, formatDuration, "30s"],
  [parseDuration, "5m", 300_000, formatDuration, "5m"],
  [parseDuration, "2h", 7_200_000, formatDuration, "2h"],
  [parseDuration, "1.5s", 1500, formatDuration, "1500ms"],
  [parseDuration, "0.1h", 360_000, formatDuration, "6m"],
  [parseDuration, "0.001ms", 0.001, formatDuration, "0.001ms"],
  [parseDuration, "0s", 0, formatDuration, "0s"],
  [parseDuration, "90s", 90_000, formatDuration, "90s"],
  [parseDuration, "100000h", 3.6e11, formatDuration, "100000h"],
  [parseSize, "64KiB", 65_536, formatSize, "64KiB"],
  [parseSize, "1MB", 1e6, formatSize, "1MB"],
  [parseSize, "1.5GiB", 1.5 * 2 ** 30, formatSize, "1536MiB"],
  [parseSize, "1kB", 1000, formatSize, "1kB"],
  [parseSize, "1KB", 1000, formatSize, "1kB"],
  [parseSize, "7B", 7, formatSize, "7B"],
  [parseSize, "0B", 0, formatSize, "0B"],
  [parseSize, "2TiB", 2 ** 41, formatSize, "2TiB"],
  [parseRate, "10MiB/s", 10 * 2 ** 20, formatRate, "10MiB/s"],
  [parseRate, "10Mbit/s", 1_250_000, formatRate, "1250kB/s"],
  [parseRate, "1bit/s", 0.125, formatRate, "1bit/s"],
  [parseRate, "0.5B/s", 0.5, formatRate, "4bit/s"],
];

for (const [read, text, value, print, printed] of good) {
  Deno.test(`${text} is ${value}, printed ${printed}`, () => {
    assertEquals(read(text), value);
    assertEquals(print(value), printed);
    assertEquals(read(printed), value);
  });
}

const bad: readonly (readonly [read: (text: string) => number, text: string, says: string])[] = [
  [parseDuration, "5", "a duration needs a unit; write 5s"],
  [parseDuration, "0", "a duration needs a unit; write 0s"],
  [parseDuration, "1.5", "write 1.5s"],
  [parseDuration, "-5s", "a duration is not negative"],
  [parseDuration, "NaN", "not a duration; write 250ms, 30s, 5m or 2h"],
  [parseDuration, "Infinitys", "not a duration"],
  [parseDuration, "", "not a duration"],
  [parseDuration, "s", "not a duration"],
  [parseDuration, "1e3s", "not a duration"],
  [parseDuration, ".5s", "not a duration"],
  [parseDuration, "5.s", "not a duration"],
  [parseDuration, "5 s", "not a duration"],
  [parseDuration, "1h30m", "not a duration"],
  [parseDuration, "5d", "d is no unit of a duration"],
  [parseDuration, "5S", "S is no unit of a duration; write 5s"],
  [parseDuration, "5toString", "toString is no unit"],
  [parseDuration, "0.0001ms", "finer than a microsecond"],
  [parseDuration, "100001h", "a duration is at most 100000h"],
  [parseDuration, `${"9".repeat(40)}h`, "a duration is at most 100000h"],
  [parseDuration, `${"9".repeat(41)}h`, "not a duration"],
  [parseSize, "64", "a size needs a unit; write 64B"],
  [parseSize, "64kib", "kib is no unit of a size; write 64KiB"],
  [parseSize, "1.5B", "finer than a byte"],
  [parseSize, "0.0001kB", "finer than a byte"],
  [parseSize, "9007199254740992B", "a size is at most 2^53 - 1 bytes"],
  [parseSize, "-1B", "a size is not negative"],
  [parseRate, "10", "a rate needs a unit; write 10B/s"],
  [parseRate, "10MiB", "MiB is no unit of a rate; write 10MiB/s"],
  [parseRate, "0B/s", "a rate of 0 would move nothing"],
  [parseRate, "0.5bit/s", "finer than a bit a second"],
];

for (const [read, text, says] of bad) {
  Deno.test(`refused: ${read.name} of ${text.slice(0, 20) || "(empty)"}: ${says}`, () => {
    const error = valueErrorOf(() => read(text));
    assertStringIncludes(error.message, says);
    assertEquals(error.kind, "usage");
  });
}

Deno.test("the offset of a wrong unit is the unit's", () => {
  assertEquals(valueErrorOf(() => parseSize("64kib")).offset, 2);
  assertEquals(valueErrorOf(() => parseSize("64")).offset, 2);
});

Deno.test("durations, sizes and rates that were printed are read as they were", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (n) => {
    assertEquals(parseSize(formatSize(n)), n);
    const micros = n % 360_000_000_000_000;
    assertEquals(parseDuration(formatDuration(micros / 1e3)), micros / 1e3);
    if (n > 0) assertEquals(parseRate(formatRate(n / 8)), n / 8);
  }));
});

Deno.test("any text is a value or a ValueError with its offset in the text, for every kind", () => {
  const kinds: ValueKind[] = [
    ..."flag integer duration size rate text choice mode".split(" ") as ValueKind[],
  ];
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(..."0123456789.-+xkKMiBbts/hms") }),
  );
  fc.assert(fc.property(fc.constantFrom(...kinds), text, (kind, text) => {
    const row: OptionRow = { name: "x", kind, help: "", choices: ["a", "b"] };
    try {
      const value = readValue(row, text);
      assertEquals(readValue(row, formatValue(row, value)), value);
    } catch (thrown) {
      assertInstanceOf(thrown, ValueError);
      assertEquals(thrown.offset >= 0 && thrown.offset <= text.length, true);
    }
  }));
});

const rows: Readonly<Record<string, OptionRow>> = {
  flag: { name: "nodelay", kind: "flag", help: "" },
  integer: { name: "ttl", kind: "integer", help: "", minimum: 1, maximum: 255 },
  duration: { name: "idle", kind: "duration", help: "", minimum: 1, maximum: 1000 },
  choice: { name: "stderr", kind: "choice", help: "", choices: ["merge", "inherit"] },
  mode: { name: "mode", kind: "mode", help: "" },
  text: { name: "cwd", kind: "text", help: "", placeholder: "DIR" },
  bare: { name: "reconnect", kind: "integer", help: "", bare: "0" },
};

function read(name: string, text: string | null): unknown {
  const row = rows[name];
  return row === undefined ? fail(name) : readValue(row, text);
}

Deno.test("flags are bare, or said in words", () => {
  assertEquals(read("flag", null), true);
  for (const yes of ["1", "yes", "on", "TRUE"]) assertEquals(read("flag", yes), true);
  for (const no of ["0", "no", "off", "false"]) assertEquals(read("flag", no), false);
  assertStringIncludes(valueErrorOf(() => read("flag", "maybe")).message, "write yes or no");
});

Deno.test("integers are decimal or hex, and bounded", () => {
  assertEquals(read("integer", "64"), 64);
  assertEquals(read("integer", "0x10"), 16);
  assertStringIncludes(valueErrorOf(() => read("integer", "0")).message, "ttl is at least 1");
  assertStringIncludes(valueErrorOf(() => read("integer", "256")).message, "ttl is at most 255");
  for (const text of ["1.5", "010", "1e3", "ten", "0x", "99999999999999999"]) {
    assertStringIncludes(valueErrorOf(() => read("integer", text)).message, "whole number");
  }
  assertStringIncludes(valueErrorOf(() => read("bare", "9999999999999999")).message, "too large");
});

Deno.test("bounds are said in the value's own units", () => {
  assertStringIncludes(valueErrorOf(() => read("duration", "2s")).message, "idle is at most 1s");
});

Deno.test("choices name the nearest", () => {
  assertEquals(read("choice", "merge"), "merge");
  assertStringIncludes(valueErrorOf(() => read("choice", "mrege")).message, "did you mean merge?");
  assertStringIncludes(valueErrorOf(() => read("choice", "qqq")).message, "one of merge, inherit");
});

Deno.test("a value that is missing or empty is an error", () => {
  assertStringIncludes(valueErrorOf(() => read("text", null)).message, "write cwd=DIR");
  assertStringIncludes(valueErrorOf(() => read("text", "")).message, "cwd has an empty value");
  assertEquals(read("bare", null), 0);
});

Deno.test("file modes are octal", () => {
  assertEquals(parseMode("0600"), 0o600);
  assertEquals(parseMode("755"), 0o755);
  assertEquals(parseMode("1777"), 0o1777);
  assertEquals(formatMode(0o600), "0600");
  for (const text of ["600.", "0800", "rw", "0o600", "00600", "60", "77777"]) {
    assertStringIncludes(valueErrorOf(() => parseMode(text)).message, "write three or four octal");
  }
});

Deno.test("values are printed so that they are read again", () => {
  const rate: OptionRow = { name: "rate", kind: "rate", help: "" };
  assertEquals(formatValue(rate, readValue(rate, "10Mbit/s")), "1250kB/s");
  const flag: OptionRow = { name: "nodelay", kind: "flag", help: "" };
  assertEquals([formatValue(flag, true), formatValue(flag, false)], [null, "no"]);
  assertEquals(readValue(flag, "no"), false);
});
