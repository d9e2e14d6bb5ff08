/**
 * The states of a channel are those that the protocol's page shows.
 * @module
 */

import { assertEquals } from "@std/assert";
import { afterReceived, afterSent, type ChannelState } from "../../../lib/link/channel_states.ts";
import { linkFrame } from "../../../lib/wire/link_frame.ts";
import { root } from "../../support/process.ts";

const page = await Deno.readTextFile(`${root}lib/link/PROTOCOL.md`);

const rows = [...page.matchAll(/^\| (\w+) +\|[^|]*\| ([A-Zn][^|]*)\| ([A-Zn][^|]*)\|$/gm)];

/** A cell of the page, as the function of the code says it. */
function cell(state: ChannelState, after: typeof afterSent): string {
  const frames = Object.entries(linkFrame).flatMap(([name, type]) => {
    const next = after(state, type);
    if (next === undefined) return [];
    return [name.toUpperCase() + (next === state ? "" : `: ${next}`)];
  });
  return frames.length === 0 ? "nothing" : frames.sort().join(", ");
}

const states: ChannelState[] = [
  ...["opening", "offered", "open", "finished", "ended", "resetting", "reset", "closed"] as const,
];

Deno.test("the page has a row for each state", () => {
  assertEquals(rows.map(([, state]) => state), states);
});

for (const [, state = "", received = "", sent = ""] of rows) {
  Deno.test(`the page is right about what may come and go while a channel is ${state}`, () => {
    const sorted = (text: string) => text.trim().split(", ").sort().join(", ");
    const name = state as ChannelState;
    assertEquals(sorted(received), cell(name, afterReceived));
    assertEquals(sorted(sent), cell(name, afterSent));
  });
}
