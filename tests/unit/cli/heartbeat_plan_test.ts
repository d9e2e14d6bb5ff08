import "../../support/libc.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "../../../lib/cli/run.ts";
import { fakeHost } from "../../support/host.ts";

async function plumb(...words: readonly string[]) {
  const host = fakeHost();
  const status = await run(words, host);
  return { status, output: host.output(), errors: host.errors() };
}

Deno.test("what is wrong with a heartbeat is told before anything is opened", async () => {
  const cases: readonly (readonly [string, string])[] = [
    ["connect h:1 --heartbeat every=5", "a duration needs a unit"],
    ["connect h:1 --heartbeat evry=5s", "did you mean every?"],
    ["connect h:1?heartbeat=misses=0", "not a number of misses"],
    ["connect h:1 --say role=db", "--say goes with --heartbeat"],
    ["listen :1 --heartbeat every=5s --say role", "KEY=VALUE"],
    ["connect - --heartbeat every=5s", "connect"],
    ["listen udp://:1 --gaps --heartbeat every=5s", "--gaps and --heartbeat"],
    ["serve pingpong :1 --heartbeat every=5s", "answers heartbeats as it is"],
    ["serve echo :1 --heartbeat send=x,say=a=b", "for other peers"],
    ["serve announce udp://h:1 --heartbeat every=5s", "--heartbeat"],
    ["relay listen::1?heartbeat=every=5s h:2", "active"],
  ];
  for (const [line, expected] of cases) {
    const { status, errors } = await plumb(...line.split(" "));
    assertEquals([status, line], [2, line]);
    assertStringIncludes(errors, expected);
  }
});

Deno.test("the flag becomes an option of each end that connects, with what is said", async () => {
  const words = ["--heartbeat", "every=1s", "--say", "role=a,b", "--plan", "--json"];
  const { status, output } = await plumb("relay", "listen::1", "h:2", ...words);
  assertEquals(status, 0);
  const { endpoints } = JSON.parse(output);
  const [, b] = endpoints;
  assertEquals(endpoints[0].options, []);
  assertEquals(b.options, [
    { name: "heartbeat", value: String.raw`every=1s,say=role=a\,b`, source: "flag" },
  ]);
});

Deno.test("one end may go without the heartbeat of the others", async () => {
  const words = ["--heartbeat", "every=1s", "--plan", "--json"];
  const { output } = await plumb("relay", "h:1?heartbeat=no", "h:2", ...words);
  const { endpoints } = JSON.parse(output);
  const values = endpoints.map((end: { options: { value: string }[] }) => end.options[0]?.value);
  assertEquals(values, ["no", "every=1s"]);
});
