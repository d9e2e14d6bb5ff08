/**
 * When it dials: counts, delays, faults, and a play of the machine against a hostile world.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import {
  type ReconnectInput,
  ReconnectMachine,
  type ReconnectOutput,
  type ReconnectPolicy,
} from "../../../lib/link/reconnect_machine.ts";
import { failure, type Surviving, surviving } from "../../support/redial.ts";

/** Reads, so that the session finds out what happens to its connection. */
function watched(it: Surviving): Surviving {
  it.session.read(new Uint8Array(16)).catch(() => {});
  return it;
}

Deno.test("reconnect: gives up after so many attempts in a row, the first dial included", async () => {
  const { server, session, told, pass } = surviving({ attempts: 3 }, {}, (server) => {
    server.answer = failure("refused", { code: "ECONNREFUSED" });
  });
  await pass(60_000);
  assertEquals(server.dialledMs, [0, 200, 600]);
  const error = await assertRejects(() => session.up, NetError);
  assertEquals([error.kind, error.code], ["refused", "ECONNREFUSED"]);
  assertEquals(error.reason, "gave up after 3 attempts: refused");
  assertEquals(told.at(-1), { state: "given-up", error });
  assertEquals(await assertRejects(() => session.read(new Uint8Array(1))), error);
  assertEquals(await assertRejects(() => session.write(new Uint8Array(1))), error);
  await session[Symbol.asyncDispose]();
});

Deno.test("reconnect: given up after it was up, it is a lost peer and not a failed connect", async () => {
  const { server, session, pass } = watched(surviving({ attempts: 2 }));
  await session.up;
  await pass(10_000);
  server.answer = failure("refused");
  server.last.abort();
  await pass(60_000);
  // A connection that had held is no failed attempt: two more dials.
  assertEquals(server.dialledMs, [0, 10_200, 10_600]);
  assertEquals((await assertRejects(() => session.read(new Uint8Array(1)), NetError)).kind, "dead");
  await session[Symbol.asyncDispose]();
});

Deno.test("reconnect: counts anew once a connection has held for 10 s, and not before", async () => {
  for (const [upMs, dials] of [[9_999, 2], [10_000, 4]] as const) {
    const { server, session, pass } = watched(surviving({ attempts: 2 }, {}, (server) => {
      server.answer = failure("refused");
    }));
    server.answer = undefined;
    await pass(200);
    await session.up;
    await pass(upMs);
    server.answer = failure("refused");
    server.last.abort();
    await pass(60_000);
    assertEquals(server.dialledMs.length, dials, `${upMs} ms`);
    await session[Symbol.asyncDispose]();
  }
});

Deno.test("reconnect: a server that accepts and closes at once makes no spin", async () => {
  const { server, session, pass } = surviving({}, {}, (server) => {
    const { dial } = server;
    server.dial = async (context) => {
      const near = await dial(context);
      server.last.abort();
      return near;
    };
  });
  void session.read(new Uint8Array(1)).catch(() => {});
  await pass(10 * 60_000);
  assert(server.dialledMs.length < 30, `${server.dialledMs.length} dials`);
  session.abort();
});

Deno.test("reconnect: what is this machine's fault never counts", async () => {
  const { server, session, pass } = surviving({ attempts: 1 }, {}, (server) => {
    server.answer = failure("unreachable", { code: "ENETUNREACH", blame: "local" });
  });
  await pass(60_000);
  assertEquals(session.status.state, "waiting");
  // Its own delays, up to 5 s: they are not for the peer's sake.
  const gaps = server.dialledMs.slice(1).map((at, place) => at - (server.dialledMs[place] ?? 0));
  assertEquals(gaps.slice(0, 6), [200, 400, 800, 1600, 3200, 5000]);
  server.answer = undefined;
  await pass(5_000);
  await session.up;
  session.abort();
});

Deno.test("reconnect: when the network comes back it does not wait, and does not hurry for each change", async () => {
  let retry = () => {};
  let watching = 0;
  const { server, session, pass } = surviving(
    {
      watchNetwork(then) {
        retry = then;
        watching++;
        return { [Symbol.dispose]: () => void watching-- };
      },
    },
    {},
    (server) => {
      server.answer = failure("unreachable", { code: "ENETDOWN" });
    },
  );
  await pass(3_000);
  assertEquals(watching, 1);
  const before = server.dialledMs.length;
  retry();
  assertEquals(server.dialledMs.slice(before), [3_000]); // ours: at once
  server.answer = failure("refused");
  retry();
  await pass(0); // refused now
  for (let change = 0; change < 100; change++) retry();
  assertEquals(server.dialledMs.slice(before + 1), [3_000]);
  for (let change = 0; change < 50; change++) {
    await pass(100);
    retry();
  }
  const hurried = server.dialledMs.slice(before + 2);
  // Three by the backoff, which begins small, then once a second at most.
  assertEquals(hurried, [3_200, 3_600, 4_400, 5_400, 6_400, 7_400]);
  server.answer = undefined;
  session.retryNow();
  await session.up;
  assertEquals(watching, 0);
  session.abort();
  assertEquals(watching, 0);
});

Deno.test("reconnect: an attempt that hangs is begun anew when the network came back", async () => {
  let retry = () => {};
  const { server, session, states, pass } = surviving(
    {
      watchNetwork(then) {
        retry = then;
        return { [Symbol.dispose]: () => {} };
      },
    },
    {},
    (server) => {
      server.answer = "never";
    },
  );
  await pass(500);
  retry();
  assertEquals(server.dialledMs, [0]); // it has not hung for long
  await pass(4_500);
  server.answer = undefined;
  retry();
  await session.up;
  assertEquals([server.cancelled, states()], [1, ["connecting", "connecting", "up"]]);
  session.abort();
});

Deno.test("reconnect: what trying again cannot help is final, in its own words", async () => {
  for (const kind of ["permission", "authentication", "option", "unexpected"] as const) {
    const { server, session } = surviving({}, {}, (server) => server.answer = failure(kind));
    const error = await assertRejects(() => session.up, NetError);
    assertEquals(error, server.answer);
    await session[Symbol.asyncDispose]();
  }
});

Deno.test("reconnect: a peer of another protocol is final, unless one was right before", async () => {
  const { server, session, pass } = watched(surviving());
  await session.up;
  await pass(10_000);
  server.answer = failure("protocol");
  server.last.abort();
  await pass(1_000);
  assertEquals(session.status.state, "waiting");
  session.abort();
  const other = surviving({}, {}, (server) => server.answer = failure("protocol"));
  assertEquals((await assertRejects(() => other.session.up, NetError)).kind, "protocol");
});

/** What the world does next to a machine. */
const worldly = fc.oneof(
  fc.record({ passMs: fc.oneof(fc.nat(300), fc.nat(40_000)) }),
  fc.record({
    input: fc.oneof(
      fc.constantFrom<ReconnectInput>(
        { kind: "start" },
        { kind: "connected" },
        { kind: "deadline" },
        { kind: "retry", because: "asked" },
        { kind: "retry", because: "network" },
      ),
      fc.record({
        kind: fc.constantFrom("failed" as const, "lost" as const),
        fault: fc.constantFrom("remote" as const, "remote" as const, "local" as const),
      }),
      fc.record({ kind: fc.constant("close" as const) }),
    ),
  }),
);

Deno.test("reconnect machine: whatever happens, one attempt at a time, none too soon, none lost", () => {
  fc.assert(
    fc.property(
      fc.record({
        attempts: fc.option(fc.integer({ min: 1, max: 5 })),
        draw: fc.double({ min: 0, max: 0.99, noNaN: true }),
      }),
      fc.array(worldly, { maxLength: 200 }),
      ({ attempts, draw }, world) =>
        play({
          ...(attempts === null ? {} : { attempts }),
          backoff: { random: () => draw },
        }, world.map((one) => "passMs" in one ? one.passMs : one.input)),
    ),
    { numRuns: 1_000 },
  );
});

function play(policy: ReconnectPolicy, world: readonly (number | ReconnectInput)[]): void {
  const machine = new ReconnectMachine(policy);
  let nowMs = 0;
  let open = 0; // attempts under way
  let failures = 0; // counted apart from the machine
  let upMs = 0;
  const step = (input: ReconnectInput) => {
    const { state } = machine;
    const out: ReconnectOutput[] = [];
    machine.step(input, nowMs, { put: (one) => out.push(one) });
    if (state === "over") assertEquals(out, []);
    if (state === "dialling" && (input.kind === "connected" || input.kind === "failed")) open--;
    if (state !== "up" && machine.state === "up") upMs = nowMs;
    const isDown = (state === "dialling" && input.kind === "failed") ||
      (state === "up" && input.kind === "lost");
    if (isDown) {
      if (state === "up" && nowMs - upMs >= 10_000) failures = 0;
      else if (input.fault === "remote") failures++;
      const isOver = input.fault === "remote" && failures >= (policy.attempts ?? Infinity);
      assertEquals(machine.state, isOver ? "over" : "waiting");
    }
    for (const one of out) {
      if (one.kind === "cancel") open--;
      if (one.kind === "dial") open++;
      if (one.kind === "wait") assert(one.delayMs >= 0 && one.delayMs <= 30_000);
      if (one.kind === "give-up") assertEquals(one.failures, failures);
    }
    assertEquals(open, machine.state === "dialling" ? 1 : 0);
    assertEquals(machine.deadlineMs !== null, machine.state === "waiting");
    if (machine.state !== "over") assert(failures < (policy.attempts ?? Infinity));
  };
  for (const one of world) {
    if (typeof one !== "number") {
      // A clock calls at the deadline and not before.
      if (one.kind !== "deadline" || nowMs >= (machine.deadlineMs ?? 0)) step(one);
      continue;
    }
    const endMs = nowMs + one;
    for (let at = machine.deadlineMs; at !== null && at <= endMs; at = machine.deadlineMs) {
      nowMs = at;
      step({ kind: "deadline" });
      if (machine.state === "dialling") break;
    }
    nowMs = Math.max(nowMs, endMs);
  }
}
