/**
 * The end-of-stream matrix as data: what each kind of leg can do, and what follows from it for two
 * of them. The rules are shutdown(2), tcp(7), unix(7), pipe(7) and product.md 3, 4 and 7.
 * @module
 */

import type { ErrorKind } from "../../lib/core/error.ts";
import type { Reason } from "../../lib/core/reason.ts";
import type { Ending } from "./matrix_far.ts";
import type { LegKind } from "./matrix_leg.ts";

/** What happens when the far end goes away in a way that is no half-close. */
export interface Break {
  /** Null: it is the same as an end of its sending. */
  readonly error: ErrorKind | null;
  /** It shows only when something is written to it. */
  readonly atWrite?: boolean;
  /** The session ends well all the same. */
  readonly orderly?: boolean;
}

/** What a kind of leg can do. A text says why something cannot be. */
export interface LegRow {
  readonly sends: boolean;
  readonly takes: boolean;
  /** Ends without being told to. */
  readonly endsByItself?: boolean;
  /** What its far end sees of a session that is cut in order, and of one that broke. */
  readonly seesCut: Ending;
  readonly seesReset: Ending;
  readonly breaks: Break | string;
  /** Closing with input that was not read. */
  readonly unread: Break | string;
  /** Null: it can be left unread for ever. */
  readonly cannotStall: string | null;
}

const reset: Break = { error: "reset" };
const asEnd: Break = { error: null };

/** The rows. */
export const legs: Readonly<Record<LegKind, LegRow>> = {
  tcp: {
    sends: true,
    takes: true,
    seesCut: "end",
    seesReset: "reset",
    breaks: reset,
    // The runtime shuts its socket down before it closes it: the end comes before the reset, which
    // then only a write can meet. A plain close(2) is what `breaks` does.
    unread: asEnd,
    cannotStall: null,
  },
  unix: {
    sends: true,
    takes: true,
    seesCut: "end",
    seesReset: "end",
    breaks: "a Unix socket has no reset but that of unread input",
    unread: reset,
    cannotStall: null,
  },
  exec: {
    sends: true,
    takes: true,
    seesCut: "end",
    seesReset: "end",
    // Killed: its pipe ends, and it has exited.
    breaks: asEnd,
    // Writing to a child that has finished is no error.
    unread: asEnd,
    cannotStall: null,
  },
  stdio: {
    sends: true,
    takes: true,
    // Left open for the next session: it ends with the process.
    seesCut: "open",
    seesReset: "open",
    // `| head -1` has what it wanted.
    breaks: { error: "broken", atWrite: true, orderly: true },
    unread: "nothing shows before the next write, and then it is a break",
    cannotStall: null,
  },
  memory: {
    sends: true,
    takes: true,
    seesCut: "end",
    seesReset: "reset",
    breaks: reset,
    unread: asEnd,
    cannotStall: null,
  },
  "file read": {
    sends: true,
    takes: false,
    endsByItself: true,
    seesCut: "open",
    seesReset: "open",
    breaks: "a file does not go away",
    unread: "nothing is written to it",
    cannotStall: "nothing is written to it",
  },
  "file written": {
    sends: false,
    takes: true,
    seesCut: "end",
    seesReset: "end",
    breaks: "a file does not go away",
    unread: "a file takes everything",
    cannotStall: "a file takes everything",
  },
  "fifo read": {
    sends: true,
    takes: false,
    seesCut: "open",
    seesReset: "open",
    breaks: "a writer that goes away is the end of input",
    unread: "nothing is written to it",
    cannotStall: "nothing is written to it",
  },
  "fifo written": {
    sends: false,
    takes: true,
    seesCut: "end",
    seesReset: "end",
    breaks: { error: "broken", atWrite: true },
    unread: "nothing shows before the next write, and then it is a break",
    cannotStall: null,
  },
};

/** Every kind, in the order of the table. */
export const legKinds = Object.keys(legs) as readonly LegKind[];

/** One column of the matrix. */
export type Scenario = "ends" | "both end" | "breaks" | "unread" | "idle" | "signal" | "stalls";

/** One cell: `first` does what the scenario says, `other` is the leg at the other side. */
export interface Cell {
  readonly scenario: Scenario;
  readonly first: LegKind;
  readonly other: LegKind;
  /** Which leg `first` is. */
  readonly side: "a" | "b";
  /** Bytes that each side sends, where it does. */
  readonly size: number;
}

/** How a session of a cell must end. */
export interface Expected {
  readonly reasons: readonly Reason[];
  readonly error: ErrorKind | null;
  readonly status: number;
  /** What the other's far end sees. */
  readonly seen: Ending;
}

/** Directions that exist: from the first to the other, and back. */
export function flowsOf({ first, other }: Cell): { readonly out: boolean; readonly back: boolean } {
  return {
    out: legs[first].sends && legs[other].takes,
    back: legs[other].sends && legs[first].takes,
  };
}

/** Why a cell cannot be, or null. */
export function impossible(cell: Cell): string | null {
  const { first, other, scenario } = cell;
  const one = legs[first];
  const two = legs[other];
  const { out, back } = flowsOf(cell);
  if (!out && !back) return "no direction: the session is over at once";
  switch (scenario) {
    case "ends":
      if (!one.sends) return "it never says anything";
      if (two.endsByItself && !out) return "the other one ends by itself";
      return null;
    case "both end":
      if (!out || !back) return "one direction: the same as one end first";
      if (first === "exec" && other === "exec") return "two filters wait for each other's end";
      return null;
    case "breaks":
    case "unread": {
      const how = one[scenario];
      if (typeof how === "string") return how;
      if (two.endsByItself) return "the other one ends by itself";
      if (scenario === "unread" && !back) return "nothing is written to it";
      if (how.atWrite && !back) return "nothing is written to it";
      return null;
    }
    case "idle":
    case "signal":
      return one.endsByItself || two.endsByItself ? "a file is never silent" : null;
    case "stalls":
      return out ? two.cannotStall : "it never says anything that is taken";
  }
}

/** How the session of a possible cell must end. */
export function expected(cell: Cell): Expected {
  const { first, other, side, scenario } = cell;
  const two = legs[other];
  const { out } = flowsOf(cell);
  // Which end came first, as the relay counts it: "b" is the peer. What is thrown away does not
  // count, and a child's end is its exit.
  const firstSide = out || first === "exec" ? side : side === "a" ? "b" : "a";
  const ended: Reason = firstSide === "b" ? "peer-end" : "local-end";
  const orderly = { reasons: [ended], error: null, status: 0, seen: "end" } as const;
  switch (scenario) {
    case "ends":
      return orderly;
    case "both end":
      return { ...orderly, reasons: ["peer-end", "local-end"] };
    case "breaks":
    case "unread": {
      const how = legs[first][scenario];
      if (typeof how === "string") throw new TypeError("not possible");
      if (how.orderly) return { ...orderly, reasons: ["local-end"] };
      if (how.error === null) return orderly;
      return { reasons: ["reset"], error: how.error, status: 4, seen: two.seesReset };
    }
    case "idle":
      return { reasons: ["idle"], error: "idle", status: 4, seen: two.seesCut };
    case "signal":
    case "stalls":
      return { reasons: ["signal"], error: null, status: 130, seen: two.seesCut };
  }
}
