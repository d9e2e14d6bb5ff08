import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { hexdump, hexLines } from "../../../lib/stream/hexdump.ts";

Deno.test("hexdump shows offset, hex and text, sixteen bytes a line", () => {
  const chunk = new TextEncoder().encode("0123456789abcdefXY\n");
  assertEquals(hexLines(chunk, 0x20), [
    "00000020  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|",
    "00000030  58 59 0a                                          |XY.|",
  ]);
});

Deno.test("hexdump counts offsets for each direction and says direction, size and time", () => {
  const shown: string[] = [];
  const tap = hexdump(new VirtualClock(), (text) => shown.push(text));
  tap.chunk("a-b", Uint8Array.of(1, 2));
  tap.chunk("b-a", Uint8Array.of(3));
  tap.chunk("a-b", Uint8Array.of(0xff));
  tap.end?.("a-b");
  const heads = shown.map((text) => text.split("\n")[0]);
  assertEquals(heads, [
    "> a-b 2 bytes 2026-01-01T00:00:00.000Z",
    "< b-a 1 bytes 2026-01-01T00:00:00.000Z",
    "> a-b 1 bytes 2026-01-01T00:00:00.000Z",
    "> a-b end 2026-01-01T00:00:00.000Z",
  ]);
  assertEquals(shown[2]?.split("\n")[1]?.slice(0, 12), "00000002  ff");
});
