/**
 * Plays one cell of the end-of-stream matrix on real ends and looks at what followed.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { statusOfSession } from "../../lib/cli/exit.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { SessionTally } from "../../lib/core/tally.ts";
import { Relay } from "../../lib/stream/relay.ts";
import { digestOf } from "./digest.ts";
import { FileFar } from "./matrix_far.ts";
import { type Leg, openLeg } from "./matrix_leg.ts";
import { type Cell, expected, flowsOf, legs } from "./matrix_table.ts";
import { randomBytes } from "./random.ts";

/** Bytes that a reader which never reads may make its writer believe to be gone: kernel buffers. */
const mostInFlight = 32 * 1024 * 1024;
/** No write settles for so long: it waits. */
const stalledMs = 100;
const idleMs = 40;
/** A cell that takes longer hangs. */
const patienceMs = 20_000;
const small = 1000;

/** Plays a cell. @throws AssertionError with the cell in its message */
export async function playCell(cell: Cell): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "plumb-matrix-" });
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      watchdog = setTimeout(() => reject(new Error("it hangs")), patienceMs);
    });
    await Promise.race([new Play(cell, folder).run(), late]);
  } catch (thrown) {
    throw new Error(`${nameOf(cell)}: ${thrown instanceof Error ? thrown.message : thrown}`, {
      cause: thrown,
    });
  } finally {
    clearTimeout(watchdog);
    await Deno.remove(folder, { recursive: true });
  }
}

function nameOf({ scenario, first, other, side, size }: Cell): string {
  const pair = side === "a" ? `${first} x ${other}` : `${other} x ${first}`;
  return `${pair}, ${side} ${scenario}, ${size} bytes`;
}

class Play {
  readonly #cell: Cell;
  readonly #folder: string;
  readonly #abort = new AbortController();
  readonly #toOther: Uint8Array;
  readonly #toFirst: Uint8Array;

  constructor(cell: Cell, folder: string) {
    this.#cell = cell;
    this.#folder = folder;
    this.#toOther = randomBytes(cell.size, 1);
    this.#toFirst = randomBytes(cell.size, 2);
  }

  async run(): Promise<void> {
    const { scenario, first, other, side } = this.#cell;
    const ending = scenario === "ends" || scenario === "both end";
    const one = await this.#open(first, {
      reads: ending || scenario === "idle" || scenario === "signal",
      content: scenario === "stalls" ? 2 * mostInFlight : this.#toOther,
      // A child that ends first is gone; one that ends last, or with the other, is a filter.
      leaves: scenario === "ends" || scenario === "unread" || scenario === "stalls",
    });
    const two = await this.#open(other, {
      reads: scenario !== "stalls",
      content: this.#toFirst,
      leaves: scenario === "stalls",
    });
    const [a, b] = side === "a" ? [one, two] : [two, one];
    const context = makeContext({ signal: this.#abort.signal });
    const relay = new Relay(a.session, b.session, context, scenario === "idle" ? { idleMs } : {});
    for (const leg of [one, two]) this.#filter(leg);
    const running = relay.run();
    try {
      await this.#act(one, two, relay, running);
      const tally = await running;
      await this.#look(one, two, tally);
    } finally {
      this.#abort.abort();
      await running;
      await one.far[Symbol.asyncDispose]();
      await two.far[Symbol.asyncDispose]();
    }
  }

  async #open(
    kind: Cell["first"],
    options: { reads: boolean; content: Uint8Array | number; leaves: boolean },
  ): Promise<Leg> {
    const folder = await Deno.makeTempDir({ dir: this.#folder });
    return await openLeg(kind, { ...options, folder, context: makeContext() });
  }

  /** A filter ends when its input does, unless the cell is about what it says after that. */
  #filter({ session, far }: Leg): void {
    const { scenario, first } = this.#cell;
    const { out, back } = flowsOf(this.#cell);
    const goesOn = scenario === "both end" ||
      (scenario === "ends" && out && back && first !== "exec");
    if (session.local.scheme !== "exec" || goesOn) return;
    void far.inbox.over.then(() => far.end());
  }

  async #act(one: Leg, two: Leg, relay: Relay, running: Promise<unknown>): Promise<void> {
    switch (this.#cell.scenario) {
      case "ends":
        return await this.#ends(one, two);
      case "both end":
        await Promise.all([
          one.far.send(this.#toOther).then(() => one.far.end()),
          two.far.send(this.#toFirst).then(() => two.far.end()),
        ]);
        return;
      case "breaks":
      case "unread":
        return await this.#goes(one, two, relay);
      case "idle":
        return;
      case "signal":
        this.#abort.abort();
        return;
      case "stalls":
        return await this.#stalls(one, relay, running);
    }
  }

  async #ends(one: Leg, two: Leg): Promise<void> {
    const { first } = this.#cell;
    const { out, back } = flowsOf(this.#cell);
    await one.far.send(this.#toOther);
    await one.far.end();
    if (first === "exec") return; // the session is over
    if (out && !(two.far instanceof FileFar)) await two.far.inbox.over;
    if (!back) return;
    // What comes after the other direction has ended still arrives.
    await two.far.send(this.#toFirst);
    await two.far.end();
  }

  async #goes(one: Leg, two: Leg, relay: Relay): Promise<void> {
    const { scenario, first, side } = this.#cell;
    const { out } = flowsOf(this.#cell);
    const how = legs[first][scenario === "breaks" ? "breaks" : "unread"];
    if (typeof how === "string") throw new TypeError("not possible");
    if (out) {
      await one.far.send(this.#toOther);
      const flow = side === "a" ? relay.aToB : relay.bToA;
      await until(() => flow.bytes === this.#toOther.length);
      if (!(two.far instanceof FileFar)) await two.far.inbox.has(this.#toOther.length);
    }
    if (scenario === "breaks") {
      await one.far.break();
      if (how.atWrite) await two.far.send(this.#toFirst);
      return;
    }
    await two.far.send(this.#toFirst);
    const flow = side === "a" ? relay.bToA : relay.aToB;
    await until(() => flow.bytes === this.#toFirst.length);
    one.far.close();
    if (how.error !== null || first === "exec") return;
    // An end like any other: the other direction goes on until it ends, too.
    if (out) await two.far.inbox.over;
    await two.far.end();
  }

  /** Writes until nothing is taken any more, then ends it all by a signal. */
  async #stalls(one: Leg, relay: Relay, running: Promise<unknown>): Promise<void> {
    const chunk = new Uint8Array(64 * 1024);
    const flow = this.#cell.side === "a" ? relay.aToB : relay.bToA;
    let accepted = 0;
    const pour = async () => {
      while (!(one.far instanceof FileFar) && accepted <= mostInFlight) {
        await one.far.send(chunk);
        accepted += chunk.length;
      }
    };
    // It waits for ever, until the session is cut under it.
    const pouring = pour().catch(() => {});
    for (let before = -1; before !== accepted + flow.bytes;) {
      before = accepted + flow.bytes;
      await new Promise((resolve) => setTimeout(resolve, stalledMs));
    }
    assert(accepted <= mostInFlight, `${accepted} bytes were taken for a reader that reads none`);
    assert(flow.bytes <= mostInFlight, `${flow.bytes} bytes were moved`);
    const cutMs = performance.now();
    this.#abort.abort();
    await running;
    const tookMs = performance.now() - cutMs;
    assert(tookMs < 5_000, `a signal took ${Math.round(tookMs)} ms to end it`);
    one.far.close();
    if (!isStreams(one)) await pouring;
  }

  async #look(one: Leg, two: Leg, tally: SessionTally): Promise<void> {
    const { scenario, first, other } = this.#cell;
    const { out, back } = flowsOf(this.#cell);
    const wanted = expected(this.#cell);
    const found = `${tally.reason} ${tally.error?.message ?? ""}`;
    assert(wanted.reasons.includes(tally.reason), `wanted ${wanted.reasons}, came ${found}`);
    assertEquals(tally.error?.kind ?? null, wanted.error, found);
    assertEquals(statusOfSession(tally, "SIGINT"), wanted.status, "exit status");
    if (scenario === "stalls") return;
    const silent = scenario === "idle" || scenario === "signal";
    if (legs[other].takes) {
      const bytes = out && !silent ? this.#toOther : new Uint8Array();
      await see(two, wanted.seen, bytes, "the other side");
    }
    const firstSees = scenario === "both end" || (scenario === "ends" && first !== "exec");
    if (legs[first].takes && (firstSees || silent)) {
      const bytes = back && !silent ? this.#toFirst : new Uint8Array();
      const ending = silent || !back ? legs[first].seesCut : "end";
      await see(one, ending, bytes, "the first side");
    }
  }
}

async function see({ far }: Leg, ending: string, bytes: Uint8Array, who: string): Promise<void> {
  if (far instanceof FileFar) await far.look();
  else if (ending !== "open") await far.inbox.over;
  assertEquals(far.inbox.ending, ending, `what ${who} sees`);
  assertEquals(far.inbox.digest(), digestOf(bytes), `bytes at ${who}`);
}

/** Standard input that nobody reads any more keeps its writer waiting. */
function isStreams({ session }: Leg): boolean {
  return session.local.scheme === "stdio";
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Sizes of what is sent in the cells of a scenario. */
export function sizesOf(scenario: Cell["scenario"]): readonly number[] {
  if (scenario === "ends" || scenario === "both end") return [0, 1, 300 * 1024];
  return [scenario === "breaks" || scenario === "unread" ? small : 0];
}
