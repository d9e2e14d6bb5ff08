import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { mannerOf, readArgs } from "../../../lib/cli/args.ts";
import { commands } from "../../../lib/cli/table.ts";
import { flagsOf, type Invocation } from "../../../lib/cli/command.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { NetError } from "../../../lib/core/error.ts";

const nothing = () => undefined;

function invocationOf(argv: readonly string[], environment = nothing as (n: string) => undefined) {
  const request = readArgs(argv, commands, environment);
  assert(request.kind !== "nothing");
  return { kind: request.kind, invocation: request.invocation as Invocation };
}

function refusal(...argv: string[]): string {
  const error = assertThrows(() => readArgs(argv, commands, nothing), NetError);
  assertEquals(error.kind, "usage");
  return error.message;
}

Deno.test("a command line becomes command, arguments and typed flags", () => {
  const { kind, invocation } = invocationOf([
    "--json",
    "relay",
    "listen::80",
    "--idle=250ms",
    "-vv",
    "--rate-limit",
    "8kbit/s",
    "-",
  ]);
  assertEquals(kind, "run");
  assertEquals(invocation.row.name, "relay");
  assertEquals(invocation.positionals, ["listen::80", "-"]);
  const { flags } = invocation;
  assertEquals(flags.flag("json"), true);
  assertEquals(flags.number("idle"), 250);
  assertEquals(flags.number("verbose"), 2);
  assertEquals(flags.number("rate-limit"), 1000);
  assertEquals(flags.flag("once"), undefined);
  assertEquals(flags.text("buffer"), "none");
  assertEquals(flags.source("buffer"), "default");
  assertEquals(flags.source("idle"), "flag");
});

Deno.test("asking for a flag that the command does not have is a bug", () => {
  const { invocation } = invocationOf(["version"]);
  assertThrows(() => invocation.flags.flag("keep"), TypeError, "no flag --keep");
});

Deno.test("flags before and after the command are one set", () => {
  assertEquals(refusal("--json", "version", "--json"), "version: --json is given twice");
  assertEquals(
    refusal("--keep", "listen", ":1"),
    "usage: unknown flag --keep; flags of a command follow its name",
  );
});

Deno.test("a repeated list flag keeps every value in order", () => {
  const { invocation } = invocationOf(["dns", "--type=MX", "h", "--type", "A"]);
  assertEquals(invocation.flags.list("type"), ["MX", "A"]);
});

Deno.test("bad values name the flag and what to write", () => {
  assertEquals(
    refusal("connect", ":1", "--timeout=5"),
    "connect: --timeout: a duration needs a unit; write 5s",
  );
  assertEquals(
    refusal("connect", ":1", "--buffer=lines"),
    "connect: --buffer: lines is no buffer; did you mean line?",
  );
  assertEquals(
    refusal("connect", ":1", "--replies", "-1"),
    "connect: --replies: replies is at least 0",
  );
});

Deno.test("arguments that are missing, too many or empty are named", () => {
  assertEquals(
    refusal("relay", "a"),
    "relay: B is missing; usage: plumb relay [flags] A B",
  );
  assertEquals(
    refusal("version", "5"),
    'version: unexpected argument "5"; usage: plumb version [flags]',
  );
  assertEquals(refusal("connect", ""), "connect: ADDR is empty");
  assertEquals(
    refusal("completions", "bsh"),
    'completions: unknown SHELL "bsh"; did you mean bash?',
  );
  assertEquals(
    refusal("completions", "cmd.exe"),
    'completions: unknown SHELL "cmd.exe"; one of bash, zsh, fish',
  );
});

Deno.test("unknown commands name the nearest one", () => {
  assertEquals(refusal("conect"), 'usage: unknown command "conect"; did you mean connect?');
  assertEquals(refusal("xyzzy"), 'usage: unknown command "xyzzy"; see: plumb help');
  // Commands of the product that are not built yet do not exist.
  for (const name of ["bench", "deploy", "constructor"]) {
    assert(refusal(name).startsWith(`usage: unknown command "${name}"`));
  }
});

Deno.test("--help anywhere wins over every error beside it", () => {
  for (
    const argv of [
      ["--help"],
      ["-h"],
      ["--nonsense", "--help"],
      ["xyzzy", "--help"],
    ]
  ) {
    const { kind, invocation } = invocationOf(argv);
    assertEquals([kind, invocation.row.name, invocation.positionals], ["help", "help", []]);
  }
  for (
    const argv of [
      ["relay", "--help"],
      ["--help", "relay"],
      ["relay", "--nonsense", "a", "b", "c", "-h"],
      ["relay", "a", "b", "-vh"],
      ["relay", "-vh"],
    ]
  ) {
    const { kind, invocation } = invocationOf(argv);
    assertEquals([kind, invocation.positionals], ["help", ["relay"]]);
  }
  assertEquals(invocationOf(["relay", "--", "--help", "x"]).kind, "run");
});

Deno.test("--version is the version, with and without a command", () => {
  assertEquals(invocationOf(["--version"]).kind, "version");
  const { kind, invocation } = invocationOf(["connect", ":1", "--version", "--json"]);
  assertEquals([kind, invocation.row.name], ["version", "version"]);
  assertEquals(invocation.flags.flag("json"), true);
  assertEquals(invocationOf(["connect", "--version"]).kind, "version");
  assertEquals(invocationOf(["--version", "connect"]).kind, "version");
  assertEquals(refusal("connect", "--version", "--nonsense"), "connect: unknown flag --nonsense");
});

Deno.test("no arguments ask for nothing", () => {
  assertEquals(readArgs([], commands, nothing), { kind: "nothing" });
  assertEquals(readArgs(["--json"], commands, nothing), { kind: "nothing" });
});

Deno.test("NO_COLOR stands in for --color, which wins over it", () => {
  const environment = (name: string) => name === "NO_COLOR" ? "1" : undefined;
  const colorOf = (argv: string[]) => {
    const request = readArgs(argv, commands, environment);
    assert(request.kind === "run");
    return [request.invocation.flags.text("color"), request.invocation.flags.source("color")];
  };
  assertEquals(colorOf(["version"]), ["never", "environment"]);
  assertEquals(colorOf(["version", "--color=always"]), ["always", "flag"]);
});

Deno.test("--limit changes a bound in the unit of the bound", () => {
  const { invocation } = invocationOf([
    "version",
    "--limit",
    "connections=5",
    "--limit=line=2KiB",
    "--limit=datagram-idle=3s",
  ]);
  const changed = { connections: 5, line: 2048, "datagram-idle": 3000 };
  assertEquals(invocation.limits, { ...defaultLimits, ...changed });
});

Deno.test("--limit refuses unknown names, repeats and wrong units", () => {
  const of = (...limits: string[]) => refusal("version", ...limits.map((l) => `--limit=${l}`));
  assertEquals(
    of("conections=5"),
    'version: --limit: unknown limit "conections"; did you mean connections?',
  );
  assertEquals(
    of("toString=5"),
    'version: --limit: unknown limit "toString"; see: plumb help limits',
  );
  assertEquals(of("line"), "version: --limit line needs a value; write line=VALUE");
  assertEquals(of("line="), "version: --limit line: line has an empty value");
  assertEquals(of("line=5"), "version: --limit line: a size needs a unit; write 5B");
  assertEquals(of("connections=0"), "version: --limit connections: connections is at least 1");
  assertEquals(of("line=1KiB", "line=2KiB"), "version: --limit line is given twice");
});

Deno.test("the plan is complete, survives JSON and has no flag about the plan itself", () => {
  const { invocation } = invocationOf(["version", "--plan", "--limit=line=2KiB", "-v"]);
  const plan = invocation.plan({ settings: { deep: { list: [1, null, "x"] } } });
  assertEquals(JSON.parse(JSON.stringify(plan)), plan);
  assertEquals(plan.schema, 1);
  assertEquals(plan.command, "version");
  assertEquals(plan.limits.line, 2048);
  const verbose = { name: "verbose", value: 1, source: "flag" };
  assertEquals(plan.flags.find((flag) => flag.name === "verbose"), verbose as never);
  assert(!plan.flags.some((flag) => flag.name === "plan"));
});

Deno.test("how errors are to be shown is known before the command line can be read", () => {
  const cases: ReadonlyArray<readonly [readonly string[], boolean, number, string | undefined]> = [
    [["--nonsense", "--json", "-vv"], true, 2, undefined],
    [["-qv", "--verbose"], false, 2, undefined],
    [["--log-format=json", "--color=never"], true, 0, "never"],
    [["--log-format", "json", "--color", "always"], true, 0, "always"],
    [["--log-format", "text", "--color"], false, 0, undefined],
    [["--", "--json", "-v", "--color=always"], false, 0, undefined],
  ];
  for (const [argv, json, verbosity, color] of cases) {
    assertEquals(mannerOf(argv), { json, verbosity, color });
  }
});

Deno.test("rows of the table keep what the parser rests on", () => {
  for (const row of commands) {
    const flags = flagsOf(row);
    const names = flags.map((flag) => flag.name);
    assertEquals(new Set(names).size, names.length, `${row.name}: a flag twice`);
    const shorts = flags.flatMap((flag) => flag.short ?? []);
    assertEquals(new Set(shorts).size, shorts.length, `${row.name}: a letter twice`);
    for (const flag of flags) {
      // parseArgs nests at dots, and reads --no-x=1 as a value of x: fine where none may be given.
      assert(/^[a-z][a-z0-9-]+$/.test(flag.name), flag.name);
      assert(!flag.name.startsWith("no-") || flag.kind === "flag", flag.name);
      assert(/^[a-z]?$/.test(flag.short ?? ""), `${flag.name}: letter`);
      assert(flag.help !== "" && !flag.help.endsWith("."), `${flag.name}: help`);
    }
    const open = row.positionals.findIndex((want) => want.repeat || !want.required);
    assert(open < 0 || open === row.positionals.length - 1, `${row.name}: arguments`);
  }
});

Deno.test("any command line is a plan, help, the version or a usage error", () => {
  const known = commands.flatMap((row) => [
    row.name,
    ...flagsOf(row).flatMap((flag) => [`--${flag.name}`, `--${flag.name}=1`]),
  ]);
  const word = fc.oneof(
    fc.constantFrom(...known, "-", "--", "-5", "-vv", "5s", ":80", "-x", ""),
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.string({ maxLength: 8 }).map((text) => `--${text}`),
    fc.string({ maxLength: 4 }).map((text) => `-${text}`),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
      try {
        const request = readArgs(argv, commands, nothing);
        if (request.kind !== "nothing") JSON.stringify(request.invocation.plan());
      } catch (thrown) {
        if (!(thrown instanceof NetError) || thrown.kind !== "usage") throw thrown;
      }
      mannerOf(argv);
    }),
    { numRuns: 500 },
  );
});
