/** The table of `plumb watch`: when it stops drawing. @module */

import { assertEquals } from "@std/assert";
import { Output } from "../../../lib/cli/output.ts";
import { TableReport } from "../../../lib/cli/watch_report.ts";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import type { Log } from "../../../lib/core/log.ts";
import { fakeHost } from "../../support/host.ts";

const nothing = {
  targets: { size: 0, [Symbol.iterator]: () => [][Symbol.iterator]() },
  counts: { up: 0, suspect: 0, down: 0, unknown: 0 },
};

/** What a table is made with, on a terminal that takes what is written when the test says so. */
function slowTerminal() {
  const clock = new VirtualClock();
  const host = fakeHost({ clock, errorIsTerminal: true, outputIsTerminal: true });
  const writes: { readonly text: string; taken(): void }[] = [];
  const write = (chunk: Uint8Array) =>
    new Promise<void>((taken) => writes.push({ text: new TextDecoder().decode(chunk), taken }));
  const said: string[] = [];
  const log: Log = { enabled: () => true, write: (_level, _event, text) => void said.push(text) };
  const session = {
    host,
    context: makeContext({ clock, log }),
    output: new Output({ ...host.stdio, write }, false, clock),
  };
  return { clock, session, writes, said };
}

Deno.test("a table that ends while it is drawn is not drawn again", async () => {
  const { clock, session, writes } = slowTerminal();
  const report = new TableReport(session, nothing, false, () => {});
  await clock.advance(0);
  const ended = report[Symbol.asyncDispose]();
  writes[0]?.taken();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  writes[1]?.taken(); // the screen is left
  await ended;
  assertEquals(clock.pending, 0);
  await clock.advance(1_000);
  assertEquals(writes.length, 2);
});

Deno.test("what is said after the table has gone is said at once", async () => {
  const { clock, session, writes, said } = slowTerminal();
  const report = new TableReport(session, nothing, false, () => {});
  await clock.advance(0);
  writes[0]?.taken();
  report.log.write("warning", "hook", "while it is there");
  assertEquals(said, []);
  const ended = report[Symbol.asyncDispose]();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  writes[1]?.taken();
  await ended;
  report.log.write("warning", "hook", "afterwards");
  assertEquals(said, ["while it is there", "afterwards"]);
});
