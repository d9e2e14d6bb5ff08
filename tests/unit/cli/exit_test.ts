import { assert, assertEquals } from "@std/assert";
import {
  exitStatuses,
  statusOfError,
  statusOfServer,
  statusOfSession,
  statusOfSignal,
} from "../../../lib/cli/exit.ts";
import { type ErrorKind, NetError } from "../../../lib/core/error.ts";
import { type Reason, reasons } from "../../../lib/core/reason.ts";
import type { ServerTally, SessionTally } from "../../../lib/core/tally.ts";

const kinds: ReadonlyArray<readonly [number, readonly ErrorKind[]]> = [
  [1, ["unexpected"]],
  [2, ["usage", "address", "option", "exposure"]],
  [3, ["resolve", "refused", "unreachable", "timeout", "in-use", "not-found", "unavailable"]],
  [4, ["reset", "broken", "aborted", "dead", "idle", "too-large", "limit", "protocol"]],
  [4, ["local-write"]],
  [5, ["permission", "authentication"]],
  [6, ["result"]],
];

for (const [status, row] of kinds) {
  Deno.test(`exit status ${status}: ${row.join(" ")}`, () => {
    for (const kind of row) assertEquals(statusOfError(errorOf(kind)), status, kind);
  });
}

Deno.test("a signal is 128 + N", () => {
  assertEquals(statusOfSignal("SIGHUP"), 129);
  assertEquals(statusOfSignal("SIGINT"), 130);
  assertEquals(statusOfSignal("SIGTERM"), 143);
  assertEquals(statusOfError(errorOf("signal", "SIGTERM")), 143);
  // Ending by a signal that plumb does not end by is a bug.
  assertEquals(statusOfSignal("SIGUSR2"), 1);
});

Deno.test("the reason of a session is its exit status", () => {
  const expected: Record<Reason, number> = {
    "peer-end": 0,
    "local-end": 0,
    lifetime: 0,
    drain: 0,
    idle: 4,
    reset: 4,
    dead: 4,
    limit: 4,
    signal: 130,
    error: 4,
  };
  assertEquals(Object.keys(expected).sort(), Object.keys(reasons).sort());
  for (const [reason, status] of Object.entries(expected)) {
    assertEquals(statusOfSession(tallyOf(reason as Reason), "SIGINT"), status, reason);
  }
});

Deno.test("a session that failed after it was open never says that it could not connect", () => {
  const of = (kind: ErrorKind) => statusOfSession(tallyOf("error", errorOf(kind)));
  assertEquals(of("timeout"), 4);
  assertEquals(of("unreachable"), 4);
  assertEquals(of("permission"), 5);
  assertEquals(of("unexpected"), 1);
});

Deno.test("a server exits 0 unless a signal had to cut a session", () => {
  assertEquals(statusOfServer(serverOf(0), null), 0);
  assertEquals(statusOfServer(serverOf(0), "SIGTERM"), 0);
  assertEquals(statusOfServer(serverOf(2), "SIGTERM"), 143);
  assertEquals(statusOfServer(serverOf(0), "SIGINT", true), 130);
  assertEquals(statusOfServer({ ...serverOf(0), failed: 9 }, "SIGINT"), 0);
});

Deno.test("every exit status has its meaning in help", () => {
  assertEquals(Object.keys(exitStatuses), ["0", "1", "2", "3", "4", "5", "6"]);
  assert(Object.values(exitStatuses).every((text) => text.length > 0));
});

function errorOf(kind: ErrorKind, code?: string): NetError {
  return new NetError({ kind, op: "x", message: "y", ...(code === undefined ? {} : { code }) });
}

function tallyOf(reason: Reason, error?: NetError): SessionTally {
  const flow = { bytes: 0, writes: 0 };
  const tally = { id: 1, a: "a", b: "b", aToB: flow, bToA: flow, durationMs: 1, reason };
  return error === undefined ? tally : { ...tally, error };
}

function serverOf(cut: number): ServerTally {
  const none = { accepted: 0, refused: 0, ended: 0, failed: 0, bytesIn: 0, bytesOut: 0 };
  return { ...none, cut, durationMs: 1 };
}
