import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ErrorOutput } from "../../../lib/cli/error_output.ts";
import { type LogOptions, openLog } from "../../../lib/cli/log.ts";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { NetError } from "../../../lib/core/error.ts";
import type { Log } from "../../../lib/core/log.ts";
import { fakeHost, type FakeHostOptions } from "../../support/host.ts";

function logged(
  given: Partial<LogOptions>,
  act: (log: Log) => void,
  hostOptions: FakeHostOptions = {},
) {
  const host = fakeHost({ clock: new VirtualClock(), ...hostOptions });
  const errors = new ErrorOutput(host);
  const options = { silent: false, verbosity: 0, json: false, fileJson: false, host, errors };
  {
    using opened = openLog({ ...options, ...given });
    act(opened.log);
  }
  assertEquals(host.openFiles(), 0);
  return { errors: host.errors(), file: host.files.get("/log") ?? "" };
}

function all(log: Log): void {
  log.write("error", "error", "E");
  log.write("warning", "warning", "W");
  log.write("notice", "notice", "N");
  log.write("info", "info", "I");
  log.write("debug", "debug", "D");
}

const loudness: ReadonlyArray<readonly [Partial<LogOptions>, string]> = [
  [{ silent: true }, "plumb: E|plumb: warning: W"],
  [{}, "plumb: E|plumb: warning: W|N"],
  [{ verbosity: 1 }, "plumb: E|plumb: warning: W|N|I"],
  [{ verbosity: 2 }, "plumb: E|plumb: warning: W|N|I|D"],
  [{ verbosity: 9 }, "plumb: E|plumb: warning: W|N|I|D"],
  [{ silent: true, verbosity: 2 }, "plumb: E|plumb: warning: W"],
];

for (const [options, lines] of loudness) {
  Deno.test(`the log with ${JSON.stringify(options)} says ${lines}`, () => {
    assertEquals(logged(options, all).errors, `${lines.replaceAll("|", "\n")}\n`);
  });
}

Deno.test("listening on stands alone in its line", () => {
  const { errors } = logged({}, (log) => {
    log.write("notice", "listening", "listening on tcp://127.0.0.1:40123", { address: "x" });
  });
  assertEquals(errors, "listening on tcp://127.0.0.1:40123\n");
});

Deno.test("as JSON, event comes first, schema once, and the fields follow the time", () => {
  const { errors } = logged({ json: true }, (log) => {
    const address = "tcp://127.0.0.1:40123";
    log.write("notice", "listening", `listening on ${address}`, { address });
    log.write("warning", "backlog", "the backlog is full", { queued: 3 });
    log.write("notice", "ready", "all is ready");
  });
  const time = '"time":"2026-01-01T00:00:00.000Z"';
  assertEquals(errors.trim().split("\n"), [
    `{"event":"listening","schema":1,${time},"address":"tcp://127.0.0.1:40123"}`,
    `{"event":"backlog",${time},"queued":3,"level":"warning","message":"the backlog is full"}`,
    `{"event":"ready",${time},"level":"notice","message":"all is ready"}`,
  ]);
});

Deno.test("the file hears reasons whatever --silent says, with the time", () => {
  const { errors, file } = logged({ silent: true, file: "/log" }, all);
  assertEquals(errors, "plumb: E\nplumb: warning: W\n");
  assertEquals(file.split("\n").map((line) => line.slice(25)), [
    "error E",
    "warning W",
    "notice N",
    "info I",
    "",
  ]);
  assertMatch(file, /^2026-01-01T00:00:00\.000Z error E\n/);
  assertStringIncludes(logged({ verbosity: 2, file: "/log" }, all).file, "debug D");
});

Deno.test("the file as JSON is a stream of its own", () => {
  const { file } = logged({ file: "/log", fileJson: true }, (log) => {
    log.write("notice", "listening", "listening on x", { address: "x" });
  });
  assertEquals(JSON.parse(file).schema, 1);
  assertEquals(JSON.parse(file).address, "x");
});

Deno.test("a file that cannot be written any more is said once, and work goes on", () => {
  const full = new NetError({ kind: "local-write", op: "write", message: "no space left" });
  const { errors } = logged({ file: "/log" }, (log) => {
    log.write("notice", "a", "first");
    log.write("notice", "b", "second");
  }, { appendFails: full });
  assertEquals(errors, "first\nplumb: warning: --log: write: no space left\nsecond\n");
});

Deno.test("braces and control characters of a peer are shown as they are", () => {
  const { errors, file } = logged({ file: "/log" }, (log) => {
    log.write("notice", "session", "from {event} {{x}} \u001b[2J\n", { event: "not this" });
  });
  assertEquals(errors, "from {event} {{x}} \\x1b[2J\\x0a\n");
  assertStringIncludes(file, "notice from {event} {{x}} \\x1b[2J\\x0a\n");
});

Deno.test("entries that nobody keeps need not be made", () => {
  logged({}, (log) => {
    assert(log.enabled("notice") && !log.enabled("info"));
  });
  logged({ silent: true, file: "/log" }, (log) => {
    assert(log.enabled("info") && !log.enabled("debug"));
  });
});

Deno.test("lines that nobody reads are left out, said once, and counted where they are missing", () => {
  let isFull = false;
  const write = (log: Log, full: boolean, ...texts: string[]) => {
    isFull = full;
    for (const text of texts) log.write("notice", "x", text);
  };
  const { errors, file } = logged(
    { file: "/log", silent: true },
    (log) => {
      write(log, false, "a");
      write(log, true, "b", "c");
      write(log, false, "d");
      write(log, true, "e");
      write(log, false, "f");
    },
    { appendWaits: () => isFull },
  );
  const said = "plumb: warning: --log: write /log: nobody reads it: lines are left out meanwhile\n";
  assertEquals(errors, said);
  const texts = file.trimEnd().split("\n").map((line) => line.split(" ").slice(2).join(" "));
  const gap = (lines: string) => `${lines} left out: nobody read this`;
  assertEquals(texts, ["a", gap("2 lines"), "d", gap("1 line"), "f"]);
});
