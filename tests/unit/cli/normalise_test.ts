import { assert, assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../../lib/core/error.ts";
import type { FlagRow } from "../../../lib/cli/flag.ts";
import { normalise } from "../../../lib/cli/normalise.ts";

const rows: readonly FlagRow[] = [
  { name: "json", kind: "flag", help: "" },
  { name: "silent", short: "q", kind: "flag", help: "" },
  { name: "verbose", short: "v", kind: "flag", repeat: true, help: "" },
  { name: "timeout", kind: "duration", placeholder: "D", help: "" },
  { name: "replies", kind: "integer", help: "" },
  { name: "count", short: "c", kind: "integer", placeholder: "N", help: "" },
  { name: "limit", kind: "text", repeat: true, help: "" },
  { name: "reconnect", kind: "integer", bare: "5", help: "" },
];

const accepted: ReadonlyArray<
  readonly [argv: readonly string[], flags: readonly string[], positionals: readonly string[]]
> = [
  [[], [], []],
  [["--timeout", "5s"], ["--timeout=5s"], []],
  [["--timeout=5s"], ["--timeout=5s"], []],
  [["a", "--json", "b"], ["--json"], ["a", "b"]],
  // parseArgs would take "true" for the value of --json.
  [["--json", "true"], ["--json"], ["true"]],
  [["--json", "false"], ["--json"], ["false"]],
  [["-q"], ["--silent"], []],
  [["-vv"], ["--verbose", "--verbose"], []],
  [["-v", "x", "-v"], ["--verbose", "--verbose"], ["x"]],
  [["-qv"], ["--silent", "--verbose"], []],
  // A letter with a value: in the next word or in the same one, after others.
  [["-c", "3", "x"], ["--count=3"], ["x"]],
  [["-c3", "x"], ["--count=3"], ["x"]],
  [["-c=3", "x"], ["--count=3"], ["x"]],
  [["-qvc3", "x"], ["--silent", "--verbose", "--count=3"], ["x"]],
  [["-qc", "-3"], ["--silent", "--count=-3"], []],
  [["-"], [], ["-"]],
  [["-", "-"], [], ["-", "-"]],
  [["listen::8080"], [], ["listen::8080"]],
  [["--", "--json", "-v", "--"], [], ["--json", "-v", "--"]],
  [["--json", "--", "-"], ["--json"], ["-"]],
  // Negative numbers are values and arguments, never flags.
  [["-5"], [], ["-5"]],
  [["-.5"], [], ["-.5"]],
  [["--replies", "-5"], ["--replies=-5"], []],
  [["--timeout", "-"], ["--timeout=-"], []],
  // An optional value is given only with "=": the address after it stays an address.
  [["--reconnect", "tcp://h:1"], ["--reconnect=5"], ["tcp://h:1"]],
  [["--reconnect=7", "tcp://h:1"], ["--reconnect=7"], ["tcp://h:1"]],
  [["--limit", "line=1MiB", "--limit=message=2MiB"], [
    "--limit=line=1MiB",
    "--limit=message=2MiB",
  ], []],
  [["--limit=a=b=c"], ["--limit=a=b=c"], []],
  [["--timeout=a\nb"], ["--timeout=a\nb"], []],
  [["8080", "0x10", ""], [], ["8080", "0x10", ""]],
];

for (const [argv, flags, positionals] of accepted) {
  Deno.test(`the normaliser reads ${JSON.stringify(argv)}`, () => {
    assertEquals(normalise(argv, rows, { op: "x" }), { flags, positionals, rest: [] });
  });
}

const refused: ReadonlyArray<readonly [argv: readonly string[], line: string]> = [
  [["--jsn"], "x: unknown flag --jsn; did you mean --json?"],
  [["--nonsense"], "x: unknown flag --nonsense"],
  [["--no-json"], "x: unknown flag --no-json"],
  [["--__proto__=1"], "x: unknown flag --__proto__"],
  [["--constructor"], "x: unknown flag --constructor"],
  [["--timeout.a=1"], "x: unknown flag --timeout.a; did you mean --timeout?"],
  [["--=5"], "x: unknown flag --"],
  [["-=x"], "x: unknown flag -=x"],
  [["---"], "x: unknown flag ---"],
  [["-z"], "x: unknown flag -z"],
  [["-json"], "x: unknown flag -json; did you mean --json?"],
  [["-qz"], "x: unknown flag -qz"],
  [["--json=5"], "x: --json takes no value"],
  [["--json=true"], "x: --json takes no value"],
  [["-q=1"], "x: -q takes no value"],
  [["-c"], "x: -c needs a value; write -c=N"],
  [["-c", "-q"], "x: -c needs a value; write -c=N"],
  [["-c", ""], "x: -c is given an empty value"],
  [["-c="], "x: -c is given an empty value"],
  [["-c3", "--count=4"], "x: --count is given twice"],
  [["-qz3"], "x: unknown flag -qz3"],
  [["--json="], "x: --json is given an empty value"],
  [["--timeout"], "x: --timeout needs a value; write --timeout=D"],
  [["--timeout", "--json"], "x: --timeout needs a value; write --timeout=D"],
  [["--timeout", "-q"], "x: --timeout needs a value; write --timeout=D"],
  [["--timeout", "--", "5s"], "x: --timeout needs a value; write --timeout=D"],
  [["--replies"], "x: --replies needs a value; write --replies=VALUE"],
  [["--timeout="], "x: --timeout is given an empty value"],
  [["--timeout", ""], "x: --timeout is given an empty value"],
  [["--reconnect="], "x: --reconnect is given an empty value"],
  [["--timeout=1s", "--timeout=1s"], "x: --timeout is given twice"],
  [["--json", "--json"], "x: --json is given twice"],
  [["-q", "--silent"], "x: --silent is given twice"],
  [["-qq"], "x: -q is given twice"],
  [["--\u001b[2J"], "x: unknown flag --\\x1b[2J"],
];

for (const [argv, line] of refused) {
  Deno.test(`the normaliser refuses ${JSON.stringify(argv)}`, () => {
    const error = assertThrows(() => normalise(argv, rows, { op: "x" }), NetError);
    assertEquals(error.message, line);
    assertEquals(error.kind, "usage");
  });
}

Deno.test("the normaliser stops after the first argument when asked to", () => {
  const read = normalise(["--json", "dns", "--server", "x"], rows, { op: "x", stopEarly: true });
  assertEquals(read, { flags: ["--json"], positionals: ["dns"], rest: ["--server", "x"] });
});

Deno.test("an unknown flag of any length makes one short line", () => {
  const argv = [`--${"a".repeat(100_000)}`];
  const error = assertThrows(() => normalise(argv, rows, { op: "x" }), NetError);
  assert(error.message.length < 120);
});
