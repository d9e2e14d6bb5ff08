import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { Gate } from "../../../lib/service/gate.ts";
import {
  type AcceptPolicy,
  type Admission,
  type Arrival,
  connectionBound,
} from "../../../lib/service/policy.ts";
import { MemoryLog } from "../../support/memory_log.ts";

const local = { scheme: "tcp", text: "tcp://[::]:7" };
const over = { reason: "peer-end", bytesIn: 3, bytesOut: 4 } as const;

function open(policy: AcceptPolicy = {}) {
  const clock = new VirtualClock();
  const log = new MemoryLog();
  const controller = new AbortController();
  let id = 0;
  const context = makeContext({ clock, log, signal: controller.signal });
  const gate = new Gate({ nextId: () => ++id, ...policy }, context);
  return { clock, log, controller, gate };
}

function from(host: string, port = 5000): Arrival {
  return { remote: { scheme: "tcp", text: `tcp://${host}:${port}`, host, port }, local };
}

/** How a promise stands after everything that is ready has run. */
async function seen<T>(clock: VirtualClock, promise: Promise<T>): Promise<T | "waits"> {
  let value: T | "waits" = "waits";
  void promise.then((settled) => value = settled);
  await clock.advance(0);
  return value;
}

async function served(clock: VirtualClock, admission: Promise<Admission>): Promise<number> {
  const seenNow = await seen(clock, admission);
  if (seenNow === "waits" || seenNow.kind !== "serve") throw new Error(JSON.stringify(seenNow));
  return seenNow.id;
}

Deno.test("a full gate lets nobody accept until a session has ended", async () => {
  const { clock, gate } = open({ maximumSessions: 1 });
  assertEquals(await seen(clock, gate.ready()), true);
  const id = await served(clock, gate.admit(from("192.0.2.1")));
  const ready = gate.ready();
  assertEquals(await seen(clock, ready), "waits");
  gate.ended(id, over);
  assertEquals(await seen(clock, ready), true);
  gate[Symbol.dispose]();
});

Deno.test("a full gate says what raises the bound that is in force", async () => {
  const ways = [
    [open({ maximumSessions: 1, whenFull: "reset" }), "raise it with --max-connections N"],
    [open({ maximumPerPeer: 1 }), "raise it with --max-per-peer N"],
  ] as const;
  for (const [{ clock, log, gate }, raise] of ways) {
    await served(clock, gate.admit(from("192.0.2.1")));
    await seen(clock, gate.admit(from("192.0.2.1")));
    assertStringIncludes(log.of("limit")[0]?.text ?? "", raise);
    gate[Symbol.dispose]();
  }
});

Deno.test("of two acceptors that saw the last place free, the later waits with its connection", async () => {
  const { clock, gate } = open({ maximumSessions: 1 });
  assertEquals([await gate.ready(), await gate.ready()], [true, true]);
  const first = await served(clock, gate.admit(from("192.0.2.1")));
  const second = gate.admit(from("192.0.2.2"));
  assertEquals(await seen(clock, second), "waits");
  gate.ended(first, over);
  assertEquals(await served(clock, second), 2);
  assertEquals(gate.open, 1);
  gate[Symbol.dispose]();
});

Deno.test("when-full reset accepts and refuses; a busy message is for those without a place", async () => {
  const reset = open({ maximumSessions: 1, whenFull: "reset" });
  await served(reset.clock, reset.gate.admit(from("192.0.2.1")));
  assertEquals(await seen(reset.clock, reset.gate.ready()), true);
  const refused = { kind: "refuse", how: "reset", why: "full" } as const;
  assertEquals(await reset.gate.admit(from("192.0.2.2")), refused);
  assertEquals(reset.gate.refusals.full, 1);

  const busy = open({ maximumSessions: 2, maximumPerPeer: 1, busyMessage: "later" });
  await served(busy.clock, busy.gate.admit(from("192.0.2.1")));
  const perPeer = { kind: "refuse", how: "busy", why: "per-peer" } as const;
  assertEquals(await busy.gate.admit(from("192.0.2.1")), perPeer);
  await served(busy.clock, busy.gate.admit(from("192.0.2.2")));
  assertEquals(await busy.gate.admit(from("192.0.2.3")), { ...refused, how: "busy" });
  for (const { gate } of [reset, busy]) gate[Symbol.dispose]();
});

Deno.test("the accept rate lets a burst in and then one connection a step; refusals are free", async () => {
  const denied = (host?: string) => host === "203.0.113.1" ? "denied" : null;
  const { clock, gate } = open({ acceptRate: 20, access: ({ host }) => denied(host) });
  let admitted = 0;
  const accept = async () => {
    while (await gate.ready()) {
      await gate.admit(from("203.0.113.1"));
      await gate.admit(from("192.0.2.1"));
      admitted++;
    }
  };
  const accepting = accept();
  await clock.advance(0);
  assertEquals(admitted, 3); // a tenth of a second's worth, and the one that goes into debt
  await clock.advance(1_000);
  assertEquals(admitted, 23);
  assertEquals(gate.refusals.access, admitted);
  gate.close();
  await accepting;
  gate[Symbol.dispose]();
  assertEquals(clock.pending, 0);
});

Deno.test("the access list is asked anew for each arrival, and leaves open sessions alone", async () => {
  let list = (_host?: string): string | null => null;
  const { clock, gate, log } = open({ access: ({ host }) => list(host) });
  const id = await served(clock, gate.admit(from("192.0.2.1")));
  list = (host) => host === "192.0.2.1" ? "denied by 192.0.2.0/24" : null;
  assertEquals((await gate.admit(from("192.0.2.1", 6000))).kind, "refuse");
  assertEquals(
    log.of("refused")[0]?.text,
    [
      "refused tcp://192.0.2.1:6000 at tcp://[::]:7: denied by 192.0.2.0/24",
    ][0],
  );
  assertEquals(gate.open, 1);
  gate.ended(id, over);
  assertEquals(gate.tally().ended, 1);
  gate[Symbol.dispose]();
});

Deno.test("sessions of datagrams need no place, no rate, and pass the access list", async () => {
  const { clock, gate } = open({
    maximumSessions: 1,
    acceptRate: 1,
    access: ({ host }) => host === "192.0.2.9" ? "denied" : null,
  });
  const datagram = (host: string) => ({ ...from(host), datagrams: true });
  for (let at = 0; at < 5; at++) await served(clock, gate.admit(datagram("192.0.2.1")));
  assertEquals(await seen(clock, gate.ready(true)), true);
  assertEquals((await gate.admit(datagram("192.0.2.9"))).kind, "refuse");
  assertEquals(await seen(clock, gate.ready()), true);
  gate[Symbol.dispose]();
});

Deno.test("a drain closes at once, cuts when its time is over, and says how it went", async () => {
  const { clock, gate, log } = open({ drainMs: 1_000 });
  const ids = [1, 2, 3].map((at) => gate.admit(from(`192.0.2.${at}`)));
  const [one, two, three] = await Promise.all(ids.map((id) => served(clock, id)));
  gate.drain();
  assertEquals([gate.closing.aborted, gate.cutting.aborted], [true, false]);
  assertEquals(await gate.ready(), false);
  const late = await served(clock, gate.admit(from("192.0.2.4")));
  gate.ended(late, over);
  gate.ended(one ?? 0, over);
  await clock.advance(1_000);
  assert(gate.cutting.aborted);
  const refused = { kind: "refuse", how: "reset", why: "draining" } as const;
  assertEquals(await gate.admit(from("192.0.2.4")), refused);
  for (const id of [two, three]) gate.ended(id ?? 0, { ...over, reason: "drain" });
  gate[Symbol.dispose]();
  assertEquals(log.of("drained").map(({ level, text }) => [level, text]), [
    ["notice", "drained: 2 ended by themselves, 2 cut"],
  ]);
  const tally = gate.tally();
  assertEquals([tally.ended, tally.cut, tally.refused, clock.pending], [2, 2, 1, 0]);
});

Deno.test("a drain without sessions says nothing; who waits at a full gate is let go", async () => {
  const { clock, gate, log } = open();
  gate.drain();
  gate[Symbol.dispose]();
  assertEquals([log.entries.length, clock.pending], [0, 0]);
  const full = open({ maximumSessions: 1 });
  const id = await served(full.clock, full.gate.admit(from("192.0.2.1")));
  const waiting = [full.gate.ready(), full.gate.ready()];
  full.gate.drain();
  assertEquals(await Promise.all(waiting), [false, false]);
  full.gate.ended(id, over);
  full.gate[Symbol.dispose]();
});

Deno.test("the signal cuts with its reason, and those sessions count as cut", async () => {
  const { clock, controller, gate } = open();
  const id = await served(clock, gate.admit(from("192.0.2.1")));
  controller.abort();
  assert(gate.cutting.aborted && gate.closing.aborted);
  gate.ended(id, { ...over, reason: "signal" });
  gate.ended(id, { ...over, reason: "signal" });
  const { cut, bytesIn, bytesOut } = gate.tally();
  assertEquals([cut, bytesIn, bytesOut], [1, 3, 4]);
  gate[Symbol.dispose]();
});

Deno.test("a session has one line, with worker and child where there are any", async () => {
  const { clock, gate, log } = open();
  const id = await served(clock, gate.admit(from("192.0.2.1")));
  await clock.advance(1_204);
  const child = { pid: 812, code: 3, signal: null };
  gate.ended(id, { ...over, worker: "process 812", child });
  assertEquals(log.of("session").length, 1);
  assertEquals(
    log.of("session")[0]?.text,
    "session 1: tcp://192.0.2.1:5000 at tcp://[::]:7 by process 812: 3 B in, 4 B out, 1.204s, " +
      "peer-end, child=812 exit=3",
  );
  assertEquals(log.of("session")[0]?.fields, {
    id: 1,
    peer: "tcp://192.0.2.1:5000",
    local: "tcp://[::]:7",
    worker: "process 812",
    bytesIn: 3,
    bytesOut: 4,
    durationMs: 1204,
    reason: "peer-end",
    child,
  });
  gate[Symbol.dispose]();
});

Deno.test("the descriptor limit bounds the connections, and the runtime's own are kept back", () => {
  const context = makeContext();
  const bound = (policy: AcceptPolicy) => connectionBound(policy, context);
  assertEquals(bound({}), 10_000);
  assertEquals(bound({ descriptors: 1_024 }), 1_024 - 64);
  assertEquals(bound({ descriptors: 1_024, descriptorsPerSession: 2 }), 480);
  assertEquals(bound({ descriptors: 64 }), 24);
  assertEquals(bound({ descriptors: 3, descriptorsPerSession: 4 }), 1);
  assertEquals(bound({ descriptors: 1_024, maximumSessions: 5 }), 5);
});

Deno.test("what was accepted just before a drain is served, once there is room", async () => {
  const { clock, gate } = open({ maximumSessions: 1, acceptRate: 1_000 });
  const first = await served(clock, gate.admit(from("192.0.2.1")));
  const second = gate.admit(from("192.0.2.2"));
  gate.drain();
  assertEquals(await seen(clock, second), "waits");
  gate.ended(first, over);
  gate.ended(await served(clock, second), over);
  gate[Symbol.dispose]();
  assertEquals(gate.tally().ended, 2);
});

Deno.test("ten thousand refusals leave nothing behind", async () => {
  const { clock, gate } = open({ access: () => "denied", acceptRate: 1 });
  for (let at = 0; at < 10_000; at++) await gate.admit(from(`192.0.${at >> 8}.${at & 255}`));
  assertEquals([gate.open, gate.tally().refused, clock.pending], [0, 10_000, 0]);
  gate[Symbol.dispose]();
});

Deno.test("an end that is reported twice gives one place back, not that of another", async () => {
  const { gate } = open({ maximumPerPeer: 2 });
  const admissions = [await gate.admit(from("192.0.2.1")), await gate.admit(from("192.0.2.1"))];
  const id = admissions[0]?.kind === "serve" ? admissions[0].id : NaN;
  gate.ended(id, over);
  gate.ended(id, over);
  assertEquals((await gate.admit(from("192.0.2.1"))).kind, "serve");
  assertEquals((await gate.admit(from("192.0.2.1"))).kind, "refuse");
  gate[Symbol.dispose]();
});

Deno.test("an access list that throws refuses that client with the reason, and no other", async () => {
  const { clock, log, gate } = open({
    access: ({ host }) => {
      if (host === "192.0.2.1") throw new Error("no such list");
      return null;
    },
  });
  const refused = await seen(clock, gate.admit(from("192.0.2.1")));
  assertEquals(refused, { kind: "refuse", how: "reset", why: "access" });
  assertStringIncludes(JSON.stringify(log), "the access list failed");
  assertStringIncludes(JSON.stringify(log), "no such list");
  await served(clock, gate.admit(from("192.0.2.2")));
  gate[Symbol.dispose]();
});
