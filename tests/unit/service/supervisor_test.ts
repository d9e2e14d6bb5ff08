import { assertEquals } from "@std/assert";
import {
  Supervisor,
  type SupervisorInput,
  type SupervisorOptions,
} from "../../../lib/service/supervisor.ts";

/** Drives a supervisor whose starts succeed at once, under numbers from 1. */
class Stage {
  readonly orders: string[] = [];
  readonly supervisor: Supervisor;
  starts = true;
  #lastId = 0;

  constructor(options: SupervisorOptions = {}) {
    this.supervisor = new Supervisor(options);
  }

  step(input: SupervisorInput, nowMs: number): void {
    const wanted: string[] = [];
    this.supervisor.step(input, nowMs, {
      put: (order) => wanted.push("id" in order ? `${order.kind} ${order.id}` : order.kind),
    });
    for (const order of wanted) {
      this.orders.push(order);
      if (order !== "start") continue;
      if (this.starts) this.step({ kind: "started", id: ++this.#lastId }, nowMs);
      else this.step({ kind: "start-failed" }, nowMs);
    }
  }

  /** What was ordered since the last look. */
  taken(): string[] {
    return this.orders.splice(0);
  }
}

Deno.test("as many are started as are wanted, and no more", () => {
  const stage = new Stage();
  stage.step({ kind: "want", count: 3 }, 0);
  assertEquals(stage.taken(), ["start", "start", "start"]);
  stage.step({ kind: "want", count: 2 }, 10);
  assertEquals(stage.taken(), []);
  assertEquals(stage.supervisor.alive, 3);
});

Deno.test("one that dies late is replaced at once", () => {
  const stage = new Stage();
  stage.step({ kind: "want", count: 1 }, 0);
  stage.step({ kind: "ready", id: 1 }, 50);
  for (let n = 1; n <= 20; n++) {
    stage.step({ kind: "exited", id: n, expected: false }, n * 2_000);
  }
  assertEquals(stage.taken(), Array(21).fill("start"));
});

Deno.test("one that was used is no early death, however soon it ends", () => {
  const stage = new Stage();
  stage.step({ kind: "want", count: 1 }, 0);
  for (let n = 1; n <= 20; n++) {
    stage.step({ kind: "used", id: n }, n);
    stage.step({ kind: "exited", id: n, expected: false }, n);
  }
  assertEquals(stage.taken(), Array(21).fill("start"));
});

Deno.test("early deaths make it pause longer and longer, and then give up", () => {
  const stage = new Stage({ crashes: 5, pauseMs: 100 });
  stage.step({ kind: "want", count: 1 }, 0);
  stage.step({ kind: "exited", id: 1, expected: false }, 0);
  assertEquals(stage.taken(), ["start", "start"]);
  stage.step({ kind: "exited", id: 2, expected: false }, 0);
  assertEquals([stage.taken(), stage.supervisor.deadlineMs], [[], 100]);
  stage.step({ kind: "tick" }, 100);
  stage.step({ kind: "exited", id: 3, expected: false }, 100);
  assertEquals([stage.taken(), stage.supervisor.deadlineMs], [["start"], 300]);
  stage.step({ kind: "tick" }, 300);
  stage.step({ kind: "exited", id: 4, expected: false }, 300);
  assertEquals([stage.taken(), stage.supervisor.deadlineMs], [["start"], 700]);
  stage.step({ kind: "tick" }, 700);
  stage.step({ kind: "exited", id: 5, expected: false }, 700);
  assertEquals([stage.taken(), stage.supervisor.deadlineMs], [["start", "give-up"], null]);
});

Deno.test("one that answers nothing is asked, and ended after its time", () => {
  const stage = new Stage({ pingMs: 1_000, hangMs: 3_000 });
  stage.step({ kind: "want", count: 1 }, 0);
  stage.step({ kind: "ready", id: 1 }, 0);
  for (let atMs = 1_000; atMs <= 4_000; atMs += 1_000) stage.step({ kind: "tick" }, atMs);
  assertEquals(stage.taken(), ["start", "ping 1", "ping 1", "ping 1", "kill 1"]);
  stage.step({ kind: "exited", id: 1, expected: false }, 4_001);
  assertEquals(stage.taken(), ["start"]);
});

Deno.test("one that answers is never ended", () => {
  const stage = new Stage({ pingMs: 1_000, hangMs: 3_000 });
  stage.step({ kind: "want", count: 1 }, 0);
  stage.step({ kind: "ready", id: 1 }, 0);
  stage.taken();
  for (let atMs = 1_000; atMs <= 60_000; atMs += 1_000) {
    stage.step({ kind: "tick" }, atMs);
    stage.step({ kind: "alive", id: 1 }, atMs + 500);
  }
  assertEquals(stage.taken(), Array(60).fill("ping 1"));
});

Deno.test("a suspended machine makes nobody late", () => {
  const stage = new Stage({ pingMs: 1_000, hangMs: 3_000 });
  stage.step({ kind: "want", count: 1 }, 0);
  stage.step({ kind: "ready", id: 1 }, 0);
  stage.step({ kind: "tick" }, 1_000);
  stage.step({ kind: "tick" }, 3_600_000);
  assertEquals(stage.taken(), ["start", "ping 1", "ping 1"]);
});

Deno.test("one that never becomes ready is ended", () => {
  const stage = new Stage({ startMs: 5_000 });
  stage.step({ kind: "want", count: 1 }, 0);
  assertEquals(stage.supervisor.deadlineMs, 5_000);
  stage.step({ kind: "tick" }, 5_000);
  assertEquals(stage.taken(), ["start", "kill 1"]);
});

Deno.test("a shortage of the machine is waited for, and is no crash loop", () => {
  const stage = new Stage({ pauseMs: 100 });
  stage.starts = false;
  stage.step({ kind: "want", count: 2 }, 0);
  for (let atMs = 100; atMs <= 1_000; atMs += 100) stage.step({ kind: "tick" }, atMs);
  assertEquals(new Set(stage.orders), new Set(["start"]));
  stage.starts = true;
  stage.taken();
  stage.step({ kind: "tick" }, 1_100);
  assertEquals(stage.taken(), ["start", "start"]);
});
