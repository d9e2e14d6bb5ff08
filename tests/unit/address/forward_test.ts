import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatAddress } from "../../../lib/address/format.ts";
import { splitForward } from "../../../lib/address/forward.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { addressErrorOf } from "./support.ts";

/** Both sides as they are printed. */
function forward(text: string): [string, string] {
  const { listen, target } = splitForward(text);
  return [formatAddress(listen), formatAddress(target)];
}

Deno.test("forward: the left side listens, the right one is connected to", () => {
  assertEquals(forward(":8080=tcp://db:5432"), ["listen:tcp://:8080", "tcp://db:5432"]);
  assertEquals(forward("listen:unix:/a=exec:cat"), ["listen:unix:/a", "exec:cat"]);
});

Deno.test("forward: port 0 is for the left side only", () => {
  assertEquals(forward(":0=tcp://b:1")[0], "listen:tcp://:0");
  assertStringIncludes(addressErrorOf(() => splitForward(":1=tcp://b:0")).message, "port 0");
});

Deno.test("forward: a text without a target is refused", () => {
  for (const text of ["", ":8080", ":8080=db:5432", "a=b=c"]) {
    const error = addressErrorOf(() => splitForward(text));
    assertStringIncludes(error.message, "no = with a scheme after it");
    assertEquals(error.offset, text.length);
  }
});

Deno.test("forward: an error is about the side that has it", () => {
  const error = addressErrorOf(() => splitForward(":1=tcp://b"));
  assertEquals(error.message, "address tcp://b: no port; write tcp://b:PORT");
  assertEquals(error.offset, 7);
  assertStringIncludes(addressErrorOf(() => splitForward("x=tcp://b:1")).message, "address x:");
  assertStringIncludes(addressErrorOf(() => splitForward(":1=tls://b:1")).message, "not have tls");
});

Deno.test("forward: limits reach both sides", () => {
  const limits = { ...defaultLimits, address: 8 };
  const error = addressErrorOf(() => splitForward(":1=tcp://b:123", limits));
  assertStringIncludes(error.message, "longer than 8 bytes");
});
