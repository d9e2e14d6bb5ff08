import { assert, assertEquals, assertThrows } from "@std/assert";
import { drainOnSignal, endOnSignal } from "../../../lib/cli/signals.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import { Exited, fakeHost } from "../../support/host.ts";

Deno.test("a one-session command ends at the first signal, the process at the second", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const host = fakeHost();
    using watched = endOnSignal(host, makeContext());
    assertEquals(watched.received(), null);
    host.raise(signal);
    assertEquals(watched.received(), signal);
    const reason = watched.context.signal.reason;
    assert(reason instanceof NetError && reason.kind === "signal" && reason.code === signal);
    const exited = assertThrows(() => host.raise("SIGINT"), Exited);
    assertEquals(exited.code, 130);
  }
});

Deno.test("SIGHUP retries a connection that is made anew, and ends where there is none", () => {
  let retries = 0;
  const hooks = { retry: () => ++retries < 3 };
  const living = fakeHost();
  using watched = endOnSignal(living, makeContext(), hooks);
  living.raise("SIGHUP");
  living.raise("SIGHUP");
  assertEquals([retries, watched.received()], [2, null]);
  living.raise("SIGHUP"); // nothing to retry any more
  assertEquals(watched.received(), "SIGHUP");
  const gone = fakeHost({ terminalGone: true });
  using there = endOnSignal(gone, makeContext(), { retry: () => true });
  gone.raise("SIGHUP");
  assertEquals(there.received(), "SIGHUP");
});

Deno.test("a server drains at the first signal, cuts at the second, exits at the third", () => {
  const host = fakeHost();
  using watched = drainOnSignal(host, makeContext());
  host.raise("SIGTERM");
  assert(watched.drain.aborted && !watched.context.signal.aborted);
  assertEquals([watched.received(), watched.forced()], ["SIGTERM", false]);
  host.raise("SIGINT");
  assert(watched.context.signal.aborted && watched.forced());
  assertEquals(watched.received(), "SIGTERM");
  assertEquals(assertThrows(() => host.raise("SIGINT"), Exited).code, 130);
});

Deno.test("SIGHUP reloads while the terminal lives, and is SIGTERM once it has gone", () => {
  let reloads = 0;
  const hooks = { reload: () => reloads++ };
  const living = fakeHost();
  using here = drainOnSignal(living, makeContext(), hooks);
  living.raise("SIGHUP");
  assertEquals([reloads, here.drain.aborted], [1, false]);
  const gone = fakeHost({ terminalGone: true });
  using there = drainOnSignal(gone, makeContext(), hooks);
  gone.raise("SIGHUP");
  assertEquals([reloads, there.drain.aborted, there.received()], [1, true, "SIGTERM"]);
});

Deno.test("SIGUSR2 asks for the tally, and nothing where there is none", () => {
  let tallies = 0;
  const host = fakeHost();
  using _ = drainOnSignal(host, makeContext(), { tally: () => tallies++ });
  host.raise("SIGUSR2");
  host.raise("SIGUSR2");
  assertEquals(tallies, 2);
  const other = fakeHost();
  using _other = drainOnSignal(other, makeContext());
  other.raise("SIGUSR2");
});

Deno.test("disposing stops listening and lets go of the parent", () => {
  const host = fakeHost();
  const parent = new AbortController();
  const one = endOnSignal(host, makeContext({ signal: parent.signal }));
  const many = drainOnSignal(host, makeContext({ signal: parent.signal }));
  assert(host.listeners() > 0);
  one[Symbol.dispose]();
  many[Symbol.dispose]();
  assertEquals(host.listeners(), 0);
  parent.abort();
  assert(!one.context.signal.aborted && !many.context.signal.aborted);
});

Deno.test("the parent's end is the end of what was derived from it", () => {
  const parent = new AbortController();
  using watched = endOnSignal(fakeHost(), makeContext({ signal: parent.signal }));
  parent.abort("why");
  assertEquals(watched.context.signal.reason, "why");
  assertEquals(watched.received(), null);
});
