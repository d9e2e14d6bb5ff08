import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { columnsOf, fitColumns } from "../../../lib/cli/columns.ts";
import { Screen } from "../../../lib/cli/screen.ts";
import { sparkLine } from "../../../lib/cli/spark.ts";
import { changeLine } from "../../../lib/cli/watch_report.ts";
import { watchTable } from "../../../lib/cli/watch_table.ts";
import { WatchMachine } from "../../../lib/link/watch.ts";
import type { ProbeOutcome } from "../../../lib/link/watch_standing.ts";

const ok: ProbeOutcome = { ok: true, roundTripMs: 1.5 };
const miss: ProbeOutcome = { ok: false, reason: "connection refused (EX)", blame: "remote" };

/** A machine in which each target has had its outcomes. */
function figures(targets: Readonly<Record<string, readonly ProbeOutcome[]>>): WatchMachine {
  const machine = new WatchMachine();
  const own = { mode: "connect", everyMs: 10, timeoutMs: 10, misses: 1, rises: 1 };
  const settings = Object.keys(targets).map((name) => ({ name, address: "tcp://h:1", ...own }));
  machine.retarget(settings, 0, 0);
  for (let turn = 0; turn < 5; turn++) {
    machine.probeAll(turn);
    for (let one = machine.next(turn); one !== null; one = machine.next(turn)) {
      const outcome = targets[one.settings.name]?.[turn];
      if (outcome !== undefined) machine.ended(one, outcome, turn, 0);
    }
  }
  return machine;
}

const frame = { columns: 100, rows: 24, color: false, wallMs: 65_000 };

Deno.test("the table shows what is down first, with trips, since when, and why", () => {
  const lines = watchTable(figures({ web: [ok, ok], db: [miss], new: [] }), frame);
  assertEquals(lines, [
    "1 down, 1 unknown, 1 up",
    "STATE    TARGET       TRIP  TRIPS               SINCE  REASON",
    "down     db              -                 \u00d7       1m  connection refused (EX)",
    "unknown  new             -                         1m  not probed yet",
    "up       web        1.50ms                \u2588\u2588       1m",
  ]);
});

Deno.test("what does not fit is counted, and a message has the last line", () => {
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`t${at}`, [ok]]));
  const lines = watchTable(figures({ ...many, bad: [miss] }), { ...frame, rows: 8, message: "hi" });
  assertEquals(lines.length, 8);
  assert(lines[2]?.startsWith("down     bad"));
  assertEquals(lines.slice(-2), ["and 47 more", "hi"]);
});

Deno.test("colour goes around the states alone", () => {
  const lines = watchTable(figures({ db: [miss] }), { ...frame, color: true });
  assertEquals(lines[0], "\x1b[31m1 down\x1b[m, 0 up");
  assert(lines[2]?.startsWith("\x1b[31mdown\x1b[m     db"));
});

Deno.test("no line is wider than the screen, whatever names and reasons are", () => {
  const text = fc.string({ unit: "binary", maxLength: 60 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, text), { maxLength: 8 }),
      fc.integer({ min: 20, max: 200 }),
      fc.integer({ min: 3, max: 12 }),
      (all, columns, rows) => {
        const outcomes = all.map(([name, reason]) => {
          return [name, [{ ok: false, reason, blame: "remote" } as const, ok]] as const;
        });
        const machine = figures(Object.fromEntries(outcomes));
        const lines = watchTable(machine, { ...frame, columns, rows, message: "m".repeat(300) });
        assert(lines.length <= rows, `${lines.length} lines in ${rows}`);
        for (const line of lines) {
          assert(columnsOf(line) <= columns, line);
          // deno-lint-ignore no-control-regex -- control characters are what is looked for
          assert(!/[\u0000-\u001f]/.test(line), line);
        }
      },
    ),
  );
});

Deno.test("text is fitted to columns: padded or cut, wide letters counted as two", () => {
  assertEquals(fitColumns("ab", 4), "ab  ");
  assertEquals(fitColumns("abcdef", 4), "abc\u2026");
  assertEquals(fitColumns("\u6f22\u5b57x", 4), "\u6f22\u2026 ");
  assertEquals(fitColumns("ab", 0), "");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 30 }), (s, n) => {
      assertEquals(columnsOf(fitColumns(s, n)), n);
    }),
  );
});

Deno.test("a spark line has its largest value as a whole block, and shows what was missed", () => {
  assertEquals(sparkLine([1, 4, null, 8], 6), "  \u2581\u2584\u00d7\u2588");
  assertEquals(sparkLine([null], 2), " \u00d7");
  assertEquals(sparkLine([0, 0], 2), "\u2581\u2581");
  assertEquals(sparkLine([1, 2, 3], 0), "");
});

Deno.test("a change is one line, without control characters", () => {
  const change = {
    event: "state",
    name: "d\x1bb",
    address: "tcp://db:1",
    state: "down",
    previous: "up",
    reason: "no answer",
    roundTripMs: 3,
    previousMs: 65_000,
    timeMs: Date.UTC(2026, 0, 1),
  } as const;
  assertEquals(
    changeLine(change),
    "2026-01-01T00:00:00.000Z  down     d\\x1bb  no answer, was up for 1m5s",
  );
  assertEquals(
    changeLine({ ...change, name: "db", state: "up", previous: "unknown", reason: "" }),
    "2026-01-01T00:00:00.000Z  up       db  3.00ms",
  );
});

/** A terminal that remembers what it was sent. */
function terminal(size = { columns: 40, rows: 3 }) {
  const sent: string[] = [];
  const own = { size, sent };
  const screen = new Screen({
    size: () => own.size,
    write: (text) => Promise.resolve(void sent.push(text)),
  });
  return { ...own, screen, resize: (to: typeof size) => own.size = to };
}

Deno.test("a screen sends only lines that have changed, and brings back what was there", async () => {
  const { screen, sent } = terminal();
  await screen.show(["a", "b", "c", "beyond"]);
  assert(sent[0]?.startsWith("\x1b[?1049h"));
  assert(!sent[0]?.includes("beyond"));
  await screen.show(["a", "B", "c"]);
  await screen.show(["a", "B", "c"]);
  await screen.show(["a"]);
  await screen[Symbol.asyncDispose]();
  await screen[Symbol.asyncDispose]();
  assertEquals(sent.slice(1), [
    "\x1b[2;1HB\x1b[m\x1b[K",
    "\x1b[2;1H\x1b[m\x1b[K\x1b[3;1H\x1b[m\x1b[K",
    "\x1b[?7h\x1b[?25h\x1b[?1049l",
  ]);
});

Deno.test("a screen of another size is drawn anew; one never drawn on is left alone", async () => {
  const { screen, sent, resize } = terminal();
  await screen.show(["a"]);
  resize({ columns: 20, rows: 2 });
  await screen.show(["a"]);
  assertEquals(sent[1], "\x1b[2J\x1b[1;1Ha\x1b[m\x1b[K");
  const untouched = terminal();
  await untouched.screen[Symbol.asyncDispose]();
  assertEquals(untouched.sent, []);
});
