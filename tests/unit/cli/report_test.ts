import { assertEquals, assertMatch } from "@std/assert";
import {
  endedSession,
  flowLine,
  reasonText,
  serverFields,
  serverLine,
  type SessionEnds,
  sessionLine,
  sessionTable,
} from "../../../lib/cli/report.ts";
import { NetError } from "../../../lib/core/error.ts";
import type { ServerTally, SessionTally } from "../../../lib/core/tally.ts";
import { sessionFields } from "../../../lib/service/session_line.ts";

const session: SessionTally = {
  id: 3,
  a: "tcp://127.0.0.1:5000",
  b: "stdio:",
  aToB: { bytes: 12, writes: 1 },
  bToA: { bytes: 3400, writes: 2 },
  durationMs: 1234.56789,
  reason: "peer-end",
};
const credentials = { pid: 812, uid: 1000, gid: 100 };
const ends: SessionEnds = {
  a: { scheme: "tcp", text: "tcp://127.0.0.1:5000" },
  b: { scheme: "stdio", text: "stdio:" },
  peer: "a",
  local: { scheme: "tcp", text: "tcp://127.0.0.1:7" },
};
const error = new NetError({ kind: "reset", op: "read", message: "reset", code: "ECONNRESET" });

Deno.test("a session is one line", () => {
  assertEquals(
    sessionLine(session, ends),
    "session 3: tcp://127.0.0.1:5000 <-> stdio:: 12 B ->, 3400 B <-, 1.23s, peer-end",
  );
  assertEquals(
    sessionLine({ ...session, reason: "reset", error }, ends),
    "session 3: tcp://127.0.0.1:5000 <-> stdio:: 12 B ->, 3400 B <-, 1.23s, " +
      "reset (read: reset (ECONNRESET))",
  );
  const named = { ...ends, a: { scheme: "unix", text: "", credentials } };
  assertMatch(
    sessionLine(session, named),
    /^session 3: nameless peer \(pid=812 uid=1000 gid=100\) <-> stdio:: /,
  );
});

Deno.test("how a child finished is part of its session", () => {
  const ended = (code: number, signal: string | null) =>
    sessionLine({ ...session, child: { pid: 7, code, signal } }, ends).replace(/^.*peer-end/, "");
  assertEquals(ended(3, null), ", child 7 exited with 3");
  assertEquals(ended(137, "SIGKILL"), ", child 7 ended by SIGKILL");
});

Deno.test("the fields of a session are exact", () => {
  assertEquals(sessionFields(endedSession(session, ends)), {
    id: 3,
    peer: "tcp://127.0.0.1:5000",
    local: "tcp://127.0.0.1:7",
    other: "stdio:",
    bytesIn: 12,
    bytesOut: 3400,
    durationMs: 1234.568,
    reason: "peer-end",
  });
  const failed = sessionFields(endedSession({ ...session, reason: "reset", error }, ends));
  assertEquals(failed["code"], "ECONNRESET");
  const other: SessionEnds = { ...ends, peer: "b", b: { ...ends.b, credentials } };
  const { peer, bytesIn, bytesOut, ...fields } = sessionFields(endedSession(session, other));
  assertEquals([peer, bytesIn, bytesOut], ["stdio:", 3400, 12]);
  assertEquals([fields["other"], fields["credentials"]], [ends.a.text, credentials]);
});

Deno.test("a reason is said in words", () => {
  assertEquals(
    reasonText({ ...session, reason: "idle" }),
    "idle: nothing moved for the time given by --idle",
  );
  assertEquals(
    reasonText({ ...session, reason: "reset", error }),
    "reset: read: reset (ECONNRESET)",
  );
});

Deno.test("a server is one line that leaves out what did not happen", () => {
  const tally: ServerTally = {
    accepted: 1,
    refused: 0,
    ended: 1,
    cut: 0,
    failed: 0,
    bytesIn: 5,
    bytesOut: 6,
    durationMs: 125_000,
  };
  assertEquals(serverLine(tally), "1 session, 5 B in, 6 B out, 2m5s");
  assertEquals(
    serverLine({ ...tally, accepted: 12, refused: 3, cut: 2, failed: 1 }),
    "12 sessions (1 failed, 2 cut), 3 refused, 5 B in, 6 B out, 2m5s",
  );
  assertEquals(serverFields({ ...tally, durationMs: 0.12345 })["durationMs"], 0.123);
});

Deno.test("sessions side by side are a table", () => {
  assertEquals(
    sessionTable([session, { ...session, id: 14, a: "unix:/x", bToA: { bytes: 0, writes: 0 } }]),
    [
      "id  a                     b       bytes ->  bytes <-  time   reason",
      " 3  tcp://127.0.0.1:5000  stdio:        12      3400  1.23s  peer-end",
      "14  unix:/x               stdio:        12         0  1.23s  peer-end",
    ].join("\n"),
  );
  assertEquals(flowLine(session.aToB, session.bToA), "12 B ->, 3400 B <-");
});
