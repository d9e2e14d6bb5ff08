import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CommandContext, CommandRow, Invocation } from "../../../lib/cli/command.ts";
import type { Plan } from "../../../lib/cli/plan.ts";
import { run } from "../../../lib/cli/run.ts";
import { commands } from "../../../lib/cli/table.ts";
import { version } from "../../../lib/core/version.ts";
import { NetError } from "../../../lib/core/error.ts";
import { fakeHost, type FakeHostOptions } from "../../support/host.ts";

/** A table with one more command, which does what the test says. */
function tableWith(act: (session: CommandContext, plan: Plan) => number | Promise<number>) {
  const row: CommandRow = {
    name: "act",
    summary: "what the test says",
    positionals: [{ name: "X", kind: "text", summary: "any", required: false }],
    flags: [],
    examples: [],
    logs: true,
    load: () =>
      Promise.resolve({
        plan: (invocation: Invocation) =>
          invocation.plan({ settings: { x: [...invocation.positionals] } }),
        run: async (plan: Plan, session: CommandContext) => await act(session, plan),
      }),
  };
  return [...commands, row];
}

async function runWith(
  argv: readonly string[],
  act: (session: CommandContext, plan: Plan) => number | Promise<number>,
  options: FakeHostOptions = {},
) {
  const host = fakeHost(options);
  const status = await run(argv, host, { commands: tableWith(act) });
  return { status, output: host.output(), errors: host.errors(), host };
}

function fail(thrown: unknown): () => never {
  return () => {
    throw thrown;
  };
}

const refused = new NetError({
  kind: "refused",
  op: "connect",
  address: "tcp://db:5432",
  message: "connection refused",
  code: "ECONNREFUSED",
  hint: "is it running?",
  attempts: [{ address: "[::1]:5432", message: "connection refused", code: "ECONNREFUSED" }],
});

Deno.test("version prints the versions of the program and its runtime", async () => {
  const host = fakeHost();
  assertEquals(await run(["version"], host), 0);
  assertEquals(
    host.output(),
    `plumb ${version} (deno 2.9.5, v8 15.0, x86_64-unknown-linux-gnu)\n`,
  );
  assertEquals(host.errors(), "");
});

Deno.test("version is that of deno.json", async () => {
  const config = await Deno.readTextFile(new URL("../../../deno.json", import.meta.url));
  assertEquals(JSON.parse(config).version, version);
});

Deno.test("a report as JSON has event, schema and time first", async () => {
  const host = fakeHost();
  assertEquals(await run(["version", "--json"], host), 0);
  assertMatch(
    host.output(),
    /^\{"event":"version","schema":1,"time":"20\d\d-[^"]+Z","version":"[^"]+","deno":/,
  );
});

Deno.test("plumb alone prints its help on standard error and exits 2", async () => {
  const host = fakeHost();
  assertEquals(await run([], host), 2);
  assertEquals(host.output(), "");
  assertStringIncludes(host.errors(), "usage: plumb COMMAND");
  const forProgram = fakeHost();
  assertEquals(await run(["--json"], forProgram), 2);
  const { event, schema, message } = JSON.parse(forProgram.errors());
  assertEquals([event, schema, message], ["error", 1, "COMMAND is missing; see: plumb help"]);
});

Deno.test("--plan prints the plan as text and as JSON, and runs nothing", async () => {
  const never = fail(new Error("it ran"));
  const text = await runWith(["act", "--plan", "--limit=line=2KiB", "a\u001bb"], never);
  assertEquals([text.status, text.errors], [0, ""]);
  assertMatch(text.output, /^plan of act, schema 1\nflags\n/);
  assertMatch(text.output, /\n {2}line +2KiB +\(flag\)\n/);
  assertMatch(text.output, /\nsettings\n {2}x +\["a\\u001bb"\]\n$/);
  const json = await runWith(["act", "--plan", "--json", "x"], never);
  const plan = JSON.parse(json.output);
  assertMatch(json.output, /^\{"event":"plan","schema":1,"time":"[^"]+","command":"act",/);
  assertEquals(plan.settings, { x: ["x"] });
  assertEquals(plan.limits.connections, 10_000);
});

Deno.test("an error is one line and its exit status", async () => {
  const { status, output, errors } = await runWith(["act"], fail(refused));
  assertEquals(status, 3);
  assertEquals(output, "");
  assertEquals(
    errors,
    "plumb: connect tcp://db:5432: connection refused (ECONNREFUSED); is it running?\n",
  );
});

Deno.test("an error as JSON has every key of the contract", async () => {
  const { errors } = await runWith(["act", "--json"], fail(refused));
  const { time, ...error } = JSON.parse(errors);
  assertMatch(errors, /^\{"event":"error","schema":1,"time":/);
  assertMatch(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assertEquals(error, {
    event: "error",
    schema: 1,
    op: "connect",
    address: "tcp://db:5432",
    code: "ECONNREFUSED",
    message: "connection refused; is it running?",
    exitStatus: 3,
    attempts: [{ address: "[::1]:5432", message: "connection refused", code: "ECONNREFUSED" }],
  });
});

Deno.test("the code of an error as JSON is that of all attempts, or none", async () => {
  const codeOf = async (...codes: string[]) => {
    const attempts = codes.map((code) => ({ address: "[::1]:1", message: "no", code }));
    const message = "no address answered";
    const error = new NetError({ kind: "refused", op: "connect", message, attempts });
    return JSON.parse((await runWith(["act", "--json"], fail(error))).errors).code;
  };
  assertEquals(await codeOf("ECONNREFUSED", "ECONNREFUSED"), "ECONNREFUSED");
  assertEquals(await codeOf("ECONNREFUSED", "ETIMEDOUT"), null);
  assertEquals(await codeOf(), null);
});

Deno.test("a usage error with --json is an object too, wherever the flag stands", async () => {
  for (const argv of [["--json", "conect"], ["conect", "--json"], ["act", "--bad", "--json"]]) {
    const { status, errors } = await runWith(argv, () => 0);
    assertEquals(status, 2);
    assertEquals(JSON.parse(errors).exitStatus, 2);
  }
});

Deno.test("a bug says that it is one, exits 1 and asks for -vv", async () => {
  const bug = fail(new TypeError("x is undefined"));
  const { status, errors } = await runWith(["act"], bug);
  assertEquals(status, 1);
  assertEquals(
    errors,
    "plumb: TypeError: x is undefined; this is a bug in plumb: run it again with -vv and " +
      "report what it prints\n",
  );
  const loud = await runWith(["act", "-vv"], bug);
  assertMatch(loud.errors, /\n {4}at .*run_test\.ts/);
  const json = await runWith(["act", "-vv", "--json"], bug);
  const [error, stack] = json.errors.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals([error.event, error.exitStatus, stack.event], ["error", 1, "stack"]);
});

Deno.test("whatever is thrown is reported, a text and undefined included", async () => {
  for (const thrown of ["text", undefined, null, 5, { a: 1 }]) {
    const { status, errors } = await runWith(["act"], fail(thrown));
    assertEquals(status, 1);
    assertStringIncludes(errors, `plumb: ${String(thrown)}; this is a bug`);
  }
  const unexpected = new NetError({ kind: "unexpected", op: "read", message: "EWEIRD" });
  const { status, errors } = await runWith(["act"], fail(unexpected));
  assertEquals(status, 1);
  assertStringIncludes(errors, "plumb: read: EWEIRD; this is a bug");
});

Deno.test("where closing fails after something else, the first failure is the exit status", async () => {
  const both = new SuppressedError(new Error("closing failed"), refused);
  const { status, errors } = await runWith(["act"], fail(both));
  assertEquals(status, 3);
  assertStringIncludes(errors, "connection refused");
});

Deno.test("Ctrl-C ends without a word, with 128 + N", async () => {
  const signal = new NetError({ kind: "signal", op: "run", message: "x", code: "SIGINT" });
  const { status, errors } = await runWith(["act"], fail(signal));
  assertEquals([status, errors], [130, ""]);
  const json = await runWith(["act", "--json"], fail(signal));
  assertEquals(JSON.parse(json.errors).exitStatus, 130);
});

Deno.test("a reader of standard output that has gone ends it quietly", async () => {
  const host = fakeHost({ outputFails: "EPIPE" });
  assertEquals([await run(["version"], host), host.errors()], [0, ""]);
  const full = fakeHost({ outputFails: "ENOSPC" });
  assertEquals(await run(["version"], full), 4);
  assertStringIncludes(full.errors(), "plumb: write stdio:");
});

Deno.test("what a peer sent cannot reach the terminal as control characters", async () => {
  const error = new NetError({ kind: "protocol", op: "read", message: "\u001b[2J\u009b\u202e\n" });
  const text = await runWith(["act"], fail(error));
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(text.errors));
  assertEquals(text.errors.split("\n").length, 2);
  const json = await runWith(["act", "--json"], fail(error));
  // deno-lint-ignore no-control-regex -- the same
  assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(json.errors));
  assertEquals(JSON.parse(json.errors).message, "\u001b[2J\u009b\u202e\n");
});

Deno.test("errors are in colour on a terminal, unless something speaks against it", async () => {
  const painted = async (argv: string[], options: FakeHostOptions) => {
    const { errors } = await runWith(["act", ...argv], fail(refused), options);
    return errors.startsWith("\u001b[31mplumb:\u001b[m connect ");
  };
  const terminal = { errorIsTerminal: true };
  assertEquals(await painted([], terminal), true);
  assertEquals(await painted([], {}), false);
  assertEquals(await painted(["--color=always"], {}), true);
  assertEquals(await painted(["--color", "never"], terminal), false);
  assertEquals(await painted([], { ...terminal, environment: { NO_COLOR: "1" } }), false);
  assertEquals(await painted([], { ...terminal, environment: { NO_COLOR: "" } }), true);
  assertEquals(await painted([], { ...terminal, environment: { TERM: "dumb" } }), false);
  const no = { environment: { NO_COLOR: "1" } };
  assertEquals(await painted(["--color=always"], no), true);
  assertEquals(await painted(["--json", "--color=always"], terminal), false);
});

Deno.test("a command gets flags, limits, log and standard streams", async () => {
  const { status, output, errors } = await runWith(
    ["act", "--limit=line=2KiB", "--timeout=3s"],
    async ({ flags, context, output, ports, host }, plan) => {
      assertEquals(flags.number("timeout"), 3000);
      assertEquals(context.limits.line, 2048);
      assertEquals(context.clock, host.clock);
      assertEquals(plan.command, "act");
      context.log.write("notice", "listening", "listening on tcp://127.0.0.1:1", {});
      await output.text("report");
      await ports.stdio.write(new TextEncoder().encode("data"));
      return 6;
    },
  );
  assertEquals(status, 6);
  assertEquals(output, "report\ndata");
  assertEquals(errors, "listening on tcp://127.0.0.1:1\n");
});

Deno.test("the last error is in the file of --log too, and the file is closed", async () => {
  const { host, status } = await runWith(["act", "--log", "/l", "-q"], ({ context }) => {
    context.log.write("notice", "listening", "listening on tcp://h:1");
    throw refused;
  });
  assertEquals(status, 3);
  const lines = host.files.get("/l")?.trim().split("\n") ?? [];
  assertEquals(lines.map((line) => line.replace(/^\S+ /, "")), [
    "notice listening on tcp://h:1",
    "error connect tcp://db:5432: connection refused (ECONNREFUSED); is it running?",
  ]);
  assertEquals(host.openFiles(), 0);
});

Deno.test("a thousand hostile command lines exit 2 with one line each", async () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48271) % 2147483647; // Lehmer: the same thousand each time
    return seed % below;
  };
  const pieces = [
    "\u0000",
    "\n",
    "\u001b[31m",
    "\u0085",
    "\u2028",
    "\ud800",
    "%00",
    "=",
    "-",
    "--",
    "__proto__",
    "constructor",
    "{}",
    "${x}",
    "`",
    "'",
    '"',
    "\\",
    "\u{1f600}",
    "a".repeat(5000),
    "../",
    "::",
    "@",
  ];
  const text = () => Array.from({ length: 1 + random(6) }, () => pieces[random(23)]).join("");
  const forms = [
    () => [`x${text()}`],
    () => [`--${text()}!`],
    () => [`-${text()}!`],
    () => ["version", `x${text()}`],
    () => ["connect", ":1", `--timeout=x${text()}`],
    () => ["connect", ":1", `--buffer=${text()}`],
    () => ["version", `--limit=${text()}`],
    () => ["version", `--limit=line=x${text()}`],
    () => ["help", `x${text()}`],
    () => ["completions", `x${text()}`],
  ];
  for (let at = 0; at < 1000; at++) {
    const argv = forms[at % forms.length]?.() ?? [];
    const host = fakeHost();
    const status = await run(argv, host);
    const errors = host.errors();
    assertEquals(status, 2, JSON.stringify(argv));
    assertEquals(host.output(), "");
    assertMatch(errors, /^plumb: [^\n]+\n$/);
    // deno-lint-ignore no-control-regex -- the same
    assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]/.test(errors), JSON.stringify(errors));
    assert(errors.length < 400, `${errors.length} characters`);
  }
});
