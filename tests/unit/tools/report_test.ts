/**
 * What the test command counts: read from the runner's own reports.
 * @module
 */

import { assertEquals } from "@std/assert";
import { byRoom, parseLcov, percent } from "../../../tools/coverage.ts";
import { parseJunit, slowestFiles, uncaughtErrors } from "../../../tools/junit.ts";

const junit = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="5" failures="1" errors="0" time="0.008">
    <testsuite name="./tests/a_test.ts" tests="5" disabled="1" errors="0" failures="1">
        <testcase name="one &amp; &lt;two&gt;" classname="./tests/a_test.ts" time="0.900" line="2" col="6">
        </testcase>
        <testcase name="ign" classname="./tests/a_test.ts" time="0.000" line="3" col="6">
            <skipped/>
        </testcase>
        <testcase name="bad" classname="./tests/a_test.ts" time="0.100" line="4" col="6">
            <failure message="Uncaught Error: boo">Error: boo &lt;skipped/&gt;</failure>
        </testcase>
        <testcase name="one &amp; &lt;two&gt; &gt; sub" classname="./tests/a_test.ts" time="0.800" line="2" col="55">
        </testcase>
    </testsuite>
    <testsuite name="./tests/b_test.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="slow" classname="./tests/b_test.ts" time="2.500" line="1" col="1">
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("a report of the runner gives each case with its state", () => {
  assertEquals(parseJunit(junit).map(({ file, name, state }) => [file, name, state]), [
    ["tests/a_test.ts", "one & <two>", "passed"],
    ["tests/a_test.ts", "ign", "skipped"],
    ["tests/a_test.ts", "bad", "failed"],
    ["tests/a_test.ts", "one & <two> > sub", "passed"],
    ["tests/b_test.ts", "slow", "passed"],
  ]);
});

Deno.test("a step's time is not counted again in its file", () => {
  assertEquals(slowestFiles(parseJunit(junit)), [
    { file: "tests/b_test.ts", seconds: 2.5 },
    { file: "tests/a_test.ts", seconds: 1 },
  ]);
});

Deno.test("a file that failed outside of its tests counts as one failure", () => {
  const output = "ERRORS\n\n./tests/x_test.ts (uncaught error)\nerror: SyntaxError\n" +
    "FAILURES\n\n./tests/x_test.ts (uncaught error)\nFAILED | 1 passed | 1 failed (1s)\n";
  assertEquals(uncaughtErrors(output).map(({ file, state }) => [file, state]), [
    ["tests/x_test.ts", "failed"],
  ]);
});

Deno.test("coverage sums lines by room, and leaves out what is not lib", () => {
  const lcov = "SF:/p/lib/core/a.ts\nDA:1,1\nDA:2,0\nend_of_record\n" +
    "SF:/p/lib/core/b.ts\nDA:1,7\nend_of_record\nSF:/p/tools/x.ts\nDA:1,0\nend_of_record\n";
  const rooms = byRoom(parseLcov(lcov, "/p/"));
  assertEquals([...rooms], [["core", { hit: 2, all: 3 }]]);
  assertEquals(percent({ hit: 0, all: 0 }), 100);
});
