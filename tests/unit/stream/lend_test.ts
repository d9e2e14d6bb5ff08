import { assertEquals, assertRejects } from "@std/assert";
import type { Duplex } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { Lender } from "../../../lib/stream/lend.ts";

/** A session whose reads are answered by hand, and whose writes go on when `flow` says so. */
function manual() {
  const written: string[] = [];
  const writing: (() => void)[] = [];
  const waiting: ((text: string | null) => void)[] = [];
  const peer = { scheme: "memory", text: "memory:manual" };
  const session: Duplex = {
    local: peer,
    remote: peer,
    traits: { messages: false, halfClose: true },
    read: (into) =>
      new Promise((resolve) =>
        waiting.push((text) => {
          if (text === null) return resolve(null);
          resolve(new TextEncoder().encodeInto(text, into).written);
        })
      ),
    write: (chunk) =>
      new Promise((resolve) =>
        writing.push(() => {
          written.push(new TextDecoder().decode(chunk));
          resolve();
        })
      ),
    closeWrite: () => Promise.resolve(),
    abort: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const give = (text: string | null) => waiting.shift()?.(text);
  return { session, give, written, writing, flow: () => writing.shift()?.() };
}

Deno.test("what was being read for one borrower goes to the next, whole", async () => {
  const { session, give } = manual();
  const lender = new Lender(session);
  const first = lender.borrow();
  const read = first.read(new Uint8Array(8));
  await first[Symbol.asyncDispose]();
  const error = await assertRejects(() => read, NetError);
  assertEquals(error.kind, "aborted");

  const second = lender.borrow();
  const into = new Uint8Array(4);
  const next = second.read(into);
  give("hello!");
  assertEquals([await next, new TextDecoder().decode(into)], [4, "hell"]);
  assertEquals([await second.read(into), new TextDecoder().decode(into.subarray(0, 2))], [2, "o!"]);
});

Deno.test("the end of input stays the end for every later borrower", async () => {
  const { session, give } = manual();
  const lender = new Lender(session);
  const read = lender.borrow().read(new Uint8Array(1));
  assertEquals(lender.inputEnded, false);
  give(null);
  assertEquals(await read, null);
  assertEquals(lender.inputEnded, true);
  assertEquals(await lender.borrow().read(new Uint8Array(1)), null);
});

Deno.test("a write that waits ends with its loan, and goes out before what the next one writes", async () => {
  const { session, written, writing, flow } = manual();
  const lender = new Lender(session);
  const text = (value: string) => new TextEncoder().encode(value);
  const first = lender.borrow();
  const cut = assertRejects(() => first.write(text("first")), NetError, "given back");
  await Promise.resolve();
  await first[Symbol.asyncDispose]();
  assertEquals((await cut).kind, "aborted");
  await assertRejects(() => first.write(text("too late")), NetError, "given back");

  const second = lender.borrow();
  const dropped = assertRejects(() => second.write(text("never begun")), NetError, "given back");
  second.abort();
  await dropped;
  const third = lender.borrow();
  const next = third.write(text("third"));
  await new Promise((turn) => setTimeout(turn, 0));
  assertEquals(writing.length, 1); // one at a time
  flow();
  await new Promise((turn) => setTimeout(turn, 0));
  flow();
  await next;
  assertEquals(written, ["first", "third"]);
});
