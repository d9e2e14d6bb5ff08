/**
 * Reading terminal sessions out of a page.
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { outputPattern, transcripts, withPorts } from "../../support/transcript.ts";

const page = [
  "# Title",
  "```sh",
  "$ not run",
  "```",
  "```sh run",
  "# A server, then a client.",
  "$ plumb serve upper tcp://127.0.0.1:7007 &",
  "listening on tcp://127.0.0.1:7007",
  "",
  "$ printf hi | \\",
  "    plumb connect :7007 && echo done",
  "HI",
  "done",
  "$ plumb nothing   # exit 2",
  "plumb: ...",
  "```",
].join("\n");

Deno.test("a block gives its commands, their lines and their exit status", () => {
  assertEquals(transcripts(page), [{
    line: 5,
    steps: [
      {
        command: "plumb serve upper tcp://127.0.0.1:7007",
        background: true,
        exitStatus: 0,
        lines: ["listening on tcp://127.0.0.1:7007"],
      },
      {
        command: "printf hi |     plumb connect :7007 && echo done",
        background: false,
        exitStatus: 0,
        lines: ["HI", "done"],
      },
      { command: "plumb nothing", background: false, exitStatus: 2, lines: ["plumb: ..."] },
    ],
  }]);
  assertThrows(() => transcripts("```sh run\nHI\n```"), SyntaxError, "before any command");
});

Deno.test("ports are replaced in commands and lines alike; times and small ports stay", () => {
  const text = "```sh run\n$ a :7007 [::1]:7007 tcp://h:80 12:3456x 10:20:30\n:7007\n```";
  const [step] =
    withPorts(transcripts(text)[0] ?? { line: 0, steps: [] }, (port) => port + 1).steps;
  assertEquals(step?.command, "a :7008 [::1]:7008 tcp://h:80 12:3456x 10:20:30");
  assertEquals(step?.lines, [":7008"]);
});

Deno.test("three dots stand for any text, or for any lines", () => {
  const step = (lines: string[]) => ({ command: "", background: false, exitStatus: 0, lines });
  assert(outputPattern(step(["a ... (b)", "...", "z"])).test("a 1 2 (b)\nx\ny\nz\n"));
  assert(outputPattern(step(["...", "z"])).test("z\n"));
  assert(!outputPattern(step(["a"])).test("a\nb\n"));
  assert(!outputPattern(step(["a.c"])).test("abc\n"));
  assert(outputPattern(step([])).test(""));
});
