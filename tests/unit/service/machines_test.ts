import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { daytimeLine } from "../../../lib/service/daytime.ts";
import { services } from "../../../lib/service/table.ts";
import { timeBytes } from "../../../lib/service/time.ts";
import { cutAt, machineOf, stepAll } from "../../support/machine.ts";

const clock = new VirtualClock(Date.UTC(1982, 1, 22, 17, 37, 43));
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const cuts = fc.array(fc.nat(4096), { maxLength: 12 });

Deno.test("every service of the table describes itself under its own name", () => {
  const names = ["echo", "upper", "discard", "chargen", "daytime", "time", "pingpong"];
  assertEquals(Object.keys(services), names);
  for (const [name, row] of Object.entries(services)) {
    assertEquals(row.name, name);
    assert(row.summary.length > 0 && row.stream && row.datagram);
  }
  const ports = Object.values(services).map((row) => row.port);
  assertEquals(ports, [7, null, 9, 19, 13, 37, null]);
});

Deno.test("a word that every object knows is no service", () => {
  assertEquals(services.constructor, undefined);
  assertEquals(services.toString, undefined);
});

Deno.test("echo gives back the same bytes under any cut, and ends when its peer ended (RFC 862)", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 4096 }), cuts, (bytes, offsets) => {
    const echoed = stepAll(machineOf("echo", clock), ["open", ...cutAt(bytes, offsets), "end"]);
    assertEquals(echoed, { bytes, ended: true });
  }));
});

Deno.test("echo holds nothing back while its peer goes on", () => {
  assertEquals(decode(stepAll(machineOf("echo", clock), ["open", encode("abc")]).bytes), "abc");
});

Deno.test("discard answers nothing and ends when its peer ended (RFC 863)", () => {
  const open = stepAll(machineOf("discard", clock), ["open", encode("abc")]);
  assertEquals(open, { bytes: new Uint8Array(0), ended: false });
  assert(stepAll(machineOf("discard", clock), ["open", encode("abc"), "end"]).ended);
});

Deno.test("chargen sends lines of 72 of 95 characters, each turned by one (RFC 864)", () => {
  const machine = machineOf("chargen", clock);
  assert(machine.wantsDrain);
  const { bytes, ended } = stepAll(machine, ["open", "drain", "drain", encode("ignored"), "end"]);
  assertFalse(ended);
  const lines = decode(bytes).split("\r\n");
  assertEquals(lines.pop(), "");
  assertEquals(
    lines[0],
    ` !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_\`abcdefg`,
  );
  assertEquals(lines[94]?.slice(0, 4), '~ !"');
  for (const [at, line] of lines.entries()) {
    assertEquals(line.length, 72);
    // Each line is the one before without its first character.
    assertEquals(line.slice(0, 71), (lines[at - 1] ?? "~" + line.slice(0, 71)).slice(1));
  }
});

Deno.test("chargen answers a datagram with at most what it got, and at most 512 (RFC 864)", () => {
  const machine = machineOf("chargen", clock, true);
  assertFalse(machine.wantsDrain);
  for (const size of [0, 1, 73, 74, 75, 511, 512, 513, 65_507]) {
    const { bytes } = stepAll(machine, [new Uint8Array(size)]);
    assertEquals(bytes.length, Math.min(size, 512));
  }
  assertEquals(stepAll(machineOf("chargen", clock, true), ["open"]).bytes.length, 0);
});

Deno.test("daytime says one line in the form of RFC 867 and ends at once", () => {
  const { bytes, ended } = stepAll(machineOf("daytime", clock), ["open"]);
  assertEquals(decode(bytes), "Monday, February 22, 1982 17:37:43-UTC\r\n");
  assert(ended);
  assertEquals(
    daytimeLine(Date.UTC(2026, 10, 1, 0, 0, 5)),
    "Sunday, November 1, 2026 00:00:05-UTC\r\n",
  );
});

Deno.test("time gives the examples of RFC 868", () => {
  const seconds = (wallMs: number) => new DataView(timeBytes(wallMs).buffer).getUint32(0);
  // RFC 868: "the time 2,208,988,800 corresponds to 00:00 1 Jan 1970 GMT" and the others.
  assertEquals(seconds(Date.UTC(1970, 0, 1)), 2_208_988_800);
  assertEquals(seconds(Date.UTC(1976, 0, 1)), 2_398_291_200);
  assertEquals(seconds(Date.UTC(1980, 0, 1)), 2_524_521_600);
  assertEquals(seconds(Date.UTC(1983, 4, 1)), 2_629_584_000);
  assertEquals(seconds(Date.UTC(1858, 10, 17)), 2 ** 32 - 1_297_728_000);
});

Deno.test("time counts from 0 again in February 2036, when its 32 bits are used up", () => {
  assertEquals([...timeBytes(Date.UTC(2036, 1, 7, 6, 28, 15, 999))], [255, 255, 255, 255]);
  assertEquals([...timeBytes(Date.UTC(2036, 1, 7, 6, 28, 16))], [0, 0, 0, 0]);
});

Deno.test("daytime and time answer each message and go on; a stream's input is thrown away", () => {
  for (const [name, length] of [["daytime", 40], ["time", 4]] as const) {
    const asked = stepAll(machineOf(name, clock, true), ["open", encode("?"), new Uint8Array(0)]);
    assertEquals([asked.bytes.length, asked.ended], [2 * length, false]);
    assert(stepAll(machineOf(name, clock, true), ["end"]).ended);
    const stream = stepAll(machineOf(name, clock), ["open"]);
    assertEquals([stream.bytes.length, stream.ended], [length, true]);
  }
});

Deno.test("upper changes a to z and leaves every other byte", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const expected = all.map((byte) => byte >= 0x61 && byte <= 0x7a ? byte - 32 : byte);
  fc.assert(fc.property(cuts, (offsets) => {
    const machine = machineOf("upper", clock, false);
    assertEquals(stepAll(machine, ["open", ...cutAt(all, offsets), "end"]), {
      bytes: expected,
      ended: true,
    });
  }));
});
