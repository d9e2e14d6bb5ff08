import { assertEquals, assertThrows } from "@std/assert";
import { AbortSource, onAbort } from "../../../lib/core/abort.ts";

for (const kind of ["plain", "made here"]) {
  Deno.test(`who follows a signal (${kind}) is called once, in order, unless taken back`, () => {
    const source = kind === "plain" ? new AbortController() : new AbortSource();
    const said: string[] = [];
    const say = (word: string) => onAbort(source.signal, () => said.push(word));
    say("one");
    const forget = say("two");
    say("three");
    forget();
    forget();
    assertEquals(said, []);
    source.abort(new Error("why"));
    source.abort(new Error("again"));
    assertEquals(said, ["one", "three"]);
    assertEquals(source.signal.reason.message, "why");
    say("late")(); // at once
    assertEquals(said, ["one", "three", "late"]);
    assertThrows(() => source.signal.throwIfAborted(), Error, "why");
  });
}

Deno.test("a source's signal is a signal: listeners hear of it, and come first", () => {
  const source = new AbortSource();
  const said: string[] = [];
  onAbort(source.signal, () => said.push("follower"));
  source.signal.addEventListener("abort", () => said.push("listener"));
  const any = AbortSignal.any([source.signal]);
  source.abort();
  assertEquals(said, ["listener", "follower"]);
  assertEquals([any.aborted, source.signal.reason.name], [true, "AbortError"]);
});

Deno.test("one that follows may make others follow, or forget, while it is told", () => {
  const source = new AbortSource();
  const said: string[] = [];
  const forgets: (() => void)[] = [];
  onAbort(source.signal, () => {
    forgets[0]?.();
    onAbort(source.signal, () => said.push("new"));
  });
  forgets.push(onAbort(source.signal, () => said.push("second")));
  source.abort();
  assertEquals(said, ["new", "second"]); // as told: it was under way already
});
