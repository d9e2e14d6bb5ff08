import { assertEquals, assertThrows } from "@std/assert";
import { parseAddress } from "../../../lib/address/parse.ts";
import { checkCarrier, linkSecurity } from "../../../lib/api/link_carrier.ts";
import { NetError } from "../../../lib/core/error.ts";

function objection(text: string, seals: boolean, hasKey: boolean): NetError | null {
  try {
    checkCarrier(parseAddress(text), { seals, hasKey });
    return null;
  } catch (thrown) {
    if (thrown instanceof NetError) return thrown;
    throw thrown;
  }
}

Deno.test("a link goes unsealed where nobody else can listen, and nowhere else", () => {
  for (
    const text of [
      "tcp://127.0.0.1:7000",
      "tcp://127.8.9.1:7000",
      "tcp://[::1]:7000",
      "tcp://localhost:7000",
      ":7000",
      "listen:tcp://127.0.0.1:7000",
      "unix:/run/link.sock",
      "listen:unix:@link",
      "exec:ssh host plumb connect unix:/run/link.sock",
      "sh:ssh host nc -U /run/link.sock",
      "memory:x",
    ]
  ) assertEquals(objection(text, false, false), null, text);
  for (
    const text of [
      "tcp://10.0.0.1:7000",
      "tcp://db:7000",
      "tcp://127.0.0.1.example.com:7000",
      "listen:tcp://:7000",
      "listen:tcp://0.0.0.0:7000",
      "listen:tcp://[::]:7000",
      "listen:fd:3",
      "-",
    ]
  ) {
    assertEquals(objection(text, false, true)?.kind, "exposure", text);
    assertEquals(objection(text, true, true), null, text);
  }
});

Deno.test("a sealed link needs a key, of 32 bytes", () => {
  const error = objection("tcp://127.0.0.1:7000", true, false);
  assertEquals(error?.kind, "usage");
  assertEquals(
    error?.message,
    "link tcp://127.0.0.1:7000: a link is sealed with a key that both sides have; " +
      "plumb link keygen FILE makes one, and --key-file FILE names it",
  );
  const address = parseAddress("tcp://db:7000");
  const key = new Uint8Array(32).fill(7);
  assertEquals(linkSecurity(address, { key }), { key, seals: true });
  const short = assertThrows(() => linkSecurity(address, { key: key.subarray(1) }), NetError);
  assertEquals(short.kind, "usage");
});

Deno.test("what has no stream of bytes both ways carries no link", () => {
  for (const text of ["udp://127.0.0.1:7", "unixgram:/run/x", "file:/tmp/x", "fifo:/tmp/x"]) {
    assertEquals(objection(text, true, true)?.kind, "usage", text);
  }
});
