/**
 * The end-of-stream matrix: every kind of leg against every other, for every way to end. What is
 * expected, and what cannot be, is data in tests/support/matrix_table.ts.
 * @module
 */

import { assertEquals } from "@std/assert";
import { makeContext } from "../../lib/core/context.ts";
import { relay } from "../../lib/stream/relay.ts";
import { openLeg } from "../support/matrix_leg.ts";
import { playCell, sizesOf } from "../support/matrix_run.ts";
import { type Cell, impossible, legKinds, legs, type Scenario } from "../support/matrix_table.ts";

const columns: readonly { scenario: Scenario; title: string; sides: readonly ("a" | "b")[] }[] = [
  { scenario: "ends", title: "left ends first", sides: ["a"] },
  { scenario: "ends", title: "right ends first", sides: ["b"] },
  { scenario: "both end", title: "both end at once", sides: ["a"] },
  { scenario: "breaks", title: "left breaks", sides: ["a"] },
  { scenario: "breaks", title: "right breaks", sides: ["b"] },
  { scenario: "unread", title: "left or right closes with unread input", sides: ["a", "b"] },
  { scenario: "idle", title: "nothing ever arrives, until --idle", sides: ["a"] },
  { scenario: "signal", title: "nothing ever arrives, until a signal", sides: ["a"] },
  { scenario: "stalls", title: "left or right never reads", sides: ["a", "b"] },
];

/** The cells of one row: a kind of leg as the first, against every other kind. */
function cellsOf(column: typeof columns[number], first: Cell["first"]): Cell[] {
  return column.sides.flatMap((side) =>
    legKinds.flatMap((other) =>
      sizesOf(column.scenario).map((size) => ({ ...column, first, other, side, size }))
    )
  );
}

for (const column of columns) {
  for (const first of legKinds) {
    const cells = cellsOf(column, first).filter((cell) => impossible(cell) === null);
    if (cells.length === 0) continue;
    const others = [...new Set(cells.map(({ other }) => other))].join(", ");
    Deno.test(`${column.title}: ${first} with ${others}`, async () => {
      const played = await Promise.allSettled(cells.map(playCell));
      const failed = played.filter((one) => one.status === "rejected").map(({ reason }) => reason);
      if (failed.length > 0) {
        const lines = failed.map((error) => error instanceof Error ? error.message : error);
        throw new AggregateError(failed, lines.join("\n"));
      }
    });
  }
}

Deno.test("two legs that both only give, or only take, are over at once", async () => {
  for (const sends of [true, false]) {
    const oneWay = legKinds.filter((kind) => legs[kind].sends !== legs[kind].takes);
    const kinds = oneWay.filter((kind) => legs[kind].sends === sends);
    for (const a of kinds) {
      for (const b of kinds) {
        const folder = await Deno.makeTempDir({ prefix: "plumb-matrix-" });
        const context = makeContext();
        const options = { context, reads: false, content: new Uint8Array(9), leaves: false };
        const open = async (kind: Cell["first"]) =>
          await openLeg(kind, { ...options, folder: await Deno.makeTempDir({ dir: folder }) });
        const [left, right] = [await open(a), await open(b)];
        const tally = await relay(left.session, right.session, context);
        assertEquals([tally.reason, tally.error, tally.aToB.bytes], ["local-end", undefined, 0]);
        await left.far[Symbol.asyncDispose]();
        await right.far[Symbol.asyncDispose]();
        await Deno.remove(folder, { recursive: true });
      }
    }
  }
});

Deno.test("what the matrix leaves out, and why", () => {
  const left = new Map<string, number>();
  let played = 0;
  for (const column of columns) {
    for (const cell of legKinds.flatMap((first) => cellsOf(column, first))) {
      const why = impossible(cell);
      if (why === null) played++;
      else left.set(why, (left.get(why) ?? 0) + 1);
    }
  }
  assertEquals(Object.fromEntries(left), {
    "a Unix socket has no reset but that of unread input": 18,
    "a file does not go away": 28,
    "a file is never silent": 28,
    "a file takes everything": 28,
    "a writer that goes away is the end of input": 14,
    "it never says anything that is taken": 48,
    "it never says anything": 84,
    "no direction: the session is over at once": 136,
    "nothing is written to it": 48,
    "nothing shows before the next write, and then it is a break": 32,
    "one direction: the same as one end first": 144,
    "the other one ends by itself": 48,
    "two filters wait for each other's end": 3,
  });
  assertEquals(played, 718);
});
