import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import { decodeRouteReply, encodeRouteRequest } from "../../../lib/wire/rtnetlink.ts";

Deno.test("a route question is laid out as rtnetlink(7) says", () => {
  assertEquals(
    encodeRouteRequest(Uint8Array.of(192, 0, 2, 9), 0).toHex(),
    "240000001a0001000100000000000000" + "022000000000000000000000" + "08000100c0000209",
  );
  const scoped = encodeRouteRequest(new Uint8Array(16), 3);
  assertEquals(scoped.length, 56);
  assertEquals(scoped.subarray(48).toHex(), "0800040003000000");
});

const reply = "3c000000180000000100000000000000" + "0220000000000001" + "00000000" +
  "08000400" + "04000000" + "08000500" + "c0000201" + "08000700" + "c0000202" + "08000100" +
  "08080808";

Deno.test("a route answer gives interface, gateway and source", () => {
  assertEquals(decodeRouteReply(Uint8Array.fromHex(reply)), {
    kind: "unicast",
    interfaceIndex: 4,
    gateway: "192.0.2.1",
    source: "192.0.2.2",
    mtu: null,
  });
});

Deno.test("a refusal gives the error number", () => {
  const refused = "240000000200000001000000000000009bffffff" + "00".repeat(16);
  assertEquals(decodeRouteReply(Uint8Array.fromHex(refused)), 101);
});

Deno.test("damaged answers are refused and never read past their end", () => {
  const bytes = Uint8Array.fromHex(reply);
  for (let end = 0; end < bytes.length; end++) {
    assertThrows(() => decodeRouteReply(bytes.subarray(0, end)), NetError, "rtnetlink");
  }
  fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
    const changed = bytes.slice();
    changed[at] = value;
    try {
      decodeRouteReply(changed);
    } catch (thrown) {
      assertEquals(thrown instanceof NetError, true);
    }
  }));
});
