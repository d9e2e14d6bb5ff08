import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { ValueError } from "../../../lib/address/fault.ts";
import { parseHeartbeat } from "../../../lib/address/heartbeat.ts";
import { flagsOf, usageLine } from "../../../lib/cli/command.ts";
import { commandPage, flagTerm, overview } from "../../../lib/cli/help.ts";
import { reference } from "../../../lib/cli/reference.ts";
import { run } from "../../../lib/cli/run.ts";
import { commands } from "../../../lib/cli/table.ts";
import { definitions, table, wrap } from "../../../lib/cli/text.ts";
import { topics } from "../../../lib/cli/topics.ts";
import { limitTable } from "../../../lib/core/limits.ts";
import { transports } from "../../../lib/transport/table.ts";
import { root } from "../../support/process.ts";
import { fakeHost } from "../../support/host.ts";

async function help(...argv: string[]): Promise<string> {
  const host = fakeHost();
  assertEquals([await run(argv, host), host.errors()], [0, ""]);
  return host.output();
}

Deno.test("help names every command and every topic", async () => {
  const page = await help("help");
  for (const row of commands) assertStringIncludes(page, row.summary);
  for (const name of Object.keys(topics)) assertStringIncludes(page, `\n  ${name}`);
});

for (const row of commands) {
  Deno.test(`help ${row.name} has its usage, every flag, argument and example`, async () => {
    const page = await help("help", row.name);
    assertEquals(page, await help(row.name, "--help"));
    assertStringIncludes(page, usageLine(row));
    for (const flag of flagsOf(row)) {
      assertEquals(page.includes(`  ${flagTerm(flag)}`), !flag.hidden, flag.name);
      if (!flag.hidden) assertStringIncludes(flat(page), flat(flag.help));
    }
    for (const want of row.positionals) assertStringIncludes(page, `  ${want.name}  `);
    for (const { line } of row.examples) assertStringIncludes(page, line);
  });
}

Deno.test("no page is wider than the terminal, as far as words allow", () => {
  for (const columns of [40, 60, 80, 100, 300]) {
    const pages = [
      overview(commands, columns),
      ...commands.map((row) => commandPage(row, columns)),
    ];
    const lines = pages.flatMap((page) => page.split("\n"));
    const terms = lines.filter((line) => !/^ {2}(-|plumb|printf|source)/.test(line));
    const widest = Math.max(...terms.map((line) => line.length));
    assert(widest <= Math.max(64, Math.min(columns, 100)), `${columns}: ${widest}`);
  }
});

for (const [name, topic] of Object.entries(topics)) {
  Deno.test(`help ${name} is a page`, async () => {
    const page = await help("help", name);
    // After the page of a command, where one has the same name.
    assertStringIncludes(`\n${page}`, `\n${name}: ${topic.summary}\n\n`);
    assert(page.trim().split("\n").length > 3);
  });
}

Deno.test("topics are made from the tables that the program runs on", async () => {
  const limits = await help("help", "limits");
  for (const name of Object.keys(limitTable)) assertStringIncludes(limits, `  ${name}=`);
  const status = await help("help", "exit-status");
  for (const word of ["0", "1", "2", "3", "4", "5", "6", "128+N"]) {
    assertMatch(status, new RegExp(`^ {2}${word.replace("+", "\\+")} `, "m"));
  }
  const addresses = flat(await help("help", "addresses"));
  const options = await help("help", "options");
  for (const { help, scheme, options: rows } of Object.values(transports)) {
    for (const form of help.forms) assertStringIncludes(addresses, form);
    if (rows.length > 0) assertStringIncludes(options, `${scheme}:\n`);
  }
});

Deno.test("help heartbeat has every part of a heartbeat, and flags name topics that exist", async () => {
  const page = await help("help", "heartbeat");
  const hint = assertThrows(() => parseHeartbeat("?=1"), ValueError).hint ?? "";
  const parts = hint.replace("one of ", "").split(", ");
  assert(parts.length > 5);
  for (const part of parts) assertStringIncludes(page, `\n  ${part}=`);
  const known = new Set([...Object.keys(topics), ...commands.map(({ name }) => name)]);
  for (
    const [, name = ""] of (await reference(commands)).matchAll(/\(see: plumb help ([\w-]+)\)/g)
  ) {
    assert(known.has(name), name);
  }
});

Deno.test("help as JSON is one object", async () => {
  const object = JSON.parse(await help("help", "signals", "--json"));
  assertEquals([object.event, object.schema, object.topic], ["help", 1, "signals"]);
  assertStringIncludes(object.text, "SIGTERM");
});

Deno.test("an unknown topic names the nearest one", async () => {
  const host = fakeHost();
  assertEquals(await run(["help", "adresses"], host), 2);
  assertEquals(host.errors(), 'plumb: help: unknown topic "adresses"; did you mean addresses?\n');
});

Deno.test("docs/reference.md is what the table gives", async () => {
  const file = await Deno.readTextFile(`${root}docs/reference.md`);
  const hint = "write it again: deno run -A main.ts help --reference > docs/reference.md";
  assert(file === await reference(commands), hint);
});

Deno.test("words that are too long keep their line, columns that do not fit get one", () => {
  assertEquals(wrap("a bb ccc dddddddddddd e", 6), ["a bb", "ccc", "dddddddddddd", "e"]);
  assertEquals(wrap("", 6), []);
  assertEquals(wrap("a b c", 6, 4), ["    a", "    b", "    c"]);
  assertEquals(definitions([["a", "one two"], ["longer-than", "three"]], 12, 3), [
    "  a  one two",
    "  longer-than",
    "     three",
  ]);
  assertEquals(definitions([["a", ""]], 12), ["  a"]);
});

Deno.test("tables align numbers on the right", () => {
  assertEquals(table([["a", "1"], ["bbb", "200"]], ["name", "n"]), [
    "name    n",
    "a       1",
    "bbb   200",
  ]);
  assertEquals(table([]), []);
});

/** One space for every run of blanks, so that wrapped text can be found. */
function flat(text: string): string {
  return text.replace(/\s+/g, " ");
}
