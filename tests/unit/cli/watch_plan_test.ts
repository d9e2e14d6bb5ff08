import "../../support/libc.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "../../../lib/cli/run.ts";
import { fakeHost } from "../../support/host.ts";

async function watch(...words: readonly string[]) {
  const host = fakeHost();
  const status = await run(["watch", ...words], host);
  return { status, output: host.output(), errors: host.errors() };
}

Deno.test("what is wrong with a watch is told before anything is opened", async () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [[], "ADDR is missing"],
    [["h:1", "--once", "--count", "2"], "exclude each other"],
    [["h:1", "--on-change", "'x"], "--on-change: a single quote that is not closed"],
    [["h:1", "--on-change", " "], "--on-change: no command"],
    [["h:1", "--web", ":80"], "--public"],
    [["h:1", "--web", "fifo:/nowhere"], "--web is HTTP, which fifo does not carry"],
    [["h:1", "--web-host", "x"], "--web-host belongs to --web"],
    [["-"], "no peer that could be watched"],
    [["listen::1"], "listen"],
    [["h:1", "--every", "1ms"], "every"],
    [["h:1", "--misses", "0"], "misses"],
    [["h:1", "--mode", "x"], "mode"],
    [["h:1", "h:1"], "two targets are called tcp://h:1"],
  ];
  for (const [words, expected] of cases) {
    const { status, errors } = await watch(...words);
    assertEquals([status, words], [2, words]);
    assertStringIncludes(errors, expected);
  }
});

Deno.test("the plan has every target, with how it is watched", async () => {
  const { status, output } = await watch("--plan", "--json", "h:1", "udp://h:2", "--every", "2s");
  const { endpoints, flags } = JSON.parse(output);
  assertEquals(status, 0);
  assertEquals(endpoints.map(({ address }: { address: string }) => address), [
    "tcp://h:1",
    "udp://h:2",
  ]);
  const every = flags.find(({ name }: { name: string }) => name === "every");
  assertEquals([every.value, every.source], [2_000, "flag"]);
});
