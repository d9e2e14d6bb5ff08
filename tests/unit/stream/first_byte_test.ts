import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { expectFirstByte } from "../../../lib/stream/first_byte.ts";
import { makePair } from "../../support/pair.ts";

function expectant(options: { withoutReadable?: boolean } = {}) {
  const clock = new VirtualClock();
  const [client, inner] = makePair(options);
  let expired = 0;
  const session = expectFirstByte(inner, 1_000, clock, () => expired++);
  return { clock, client, session, expired: () => expired };
}

Deno.test("a peer that says nothing in time is told of, once", async () => {
  const { clock, session, expired } = expectant();
  void session.readable?.();
  await clock.advance(999);
  assertEquals(expired(), 0);
  await clock.advance(5_000);
  assertEquals([expired(), clock.pending], [1, 0]);
  await session[Symbol.asyncDispose]();
});

Deno.test("the first byte, and the end of input too, is enough for ever", async () => {
  for (const options of [{}, { withoutReadable: true }]) {
    for (const say of ["byte", "end"] as const) {
      const { clock, client, session, expired } = expectant(options);
      const reading = (async () => {
        await session.readable?.();
        await session.read(new Uint8Array(1));
      })();
      if (say === "byte") await client.write(new Uint8Array([1]));
      else await client.closeWrite();
      await reading;
      await clock.advance(10_000);
      assertEquals([expired(), clock.pending], [0, 0]);
      await session[Symbol.asyncDispose]();
    }
  }
});

Deno.test("what is written to the peer is no sign of it; an end in any way leaves no timer", async () => {
  const { clock, session, expired } = expectant();
  await session.write(new Uint8Array(3));
  await clock.advance(1_000);
  assertEquals(expired(), 1);
  for (const end of ["abort", "dispose"] as const) {
    const one = expectant();
    if (end === "abort") one.session.abort();
    else await one.session[Symbol.asyncDispose]();
    assertEquals(one.clock.pending, 0);
  }
  await session[Symbol.asyncDispose]();
});
