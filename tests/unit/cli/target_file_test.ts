import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { readTargets } from "../../../lib/cli/target_file.ts";
import { NetError } from "../../../lib/core/error.ts";

/** The place and the words of what is wrong. */
function fault(text: string): string {
  const error = assertThrows(() => readTargets(text, "f.toml"), NetError);
  assertEquals([error.kind, error.op], ["usage", "watch"]);
  return `${error.address} ${error.reason}`;
}

Deno.test("targets have what is written, in the library's words and units", () => {
  const text = `
# two databases
[[target]]
address = "tcp://db:5432"
name = "db"
every = "1m30s"
timeout = "250ms"
mode = "echo"
misses = 5
rises = 1

[[target]]
address = 'unix:/run/app.sock'
`;
  assertEquals(readTargets(text.replace("1m30s", "90s"), "f.toml"), [
    {
      address: "tcp://db:5432",
      name: "db",
      everyMs: 90_000,
      timeoutMs: 250,
      mode: "echo",
      misses: 5,
      rises: 1,
    },
    { address: "unix:/run/app.sock" },
  ]);
  assertEquals(readTargets('target = [{ address = "h:1" }]', "f.toml"), [{ address: "h:1" }]);
});

Deno.test("what is wrong is told with its line and column", () => {
  const first = '[[target]]\naddress = "h:1"\n';
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /^f\.toml:1:1 there is no \[\[target\]\]$/],
    ['[[target]]\naddress = "h:1\n', /^f\.toml:2:\d+ /],
    [`${first}\n  address = "h:2"`, /^f\.toml:4:\d+ /],
    [`${first}\n\n  evry = "1s"`, /^f\.toml:5:3 a target has no evry; do you mean every\?$/],
    [`${first}[[target]]\n`, /^f\.toml:3:1 a target needs an address$/],
    [`${first}[[target]]\naddress = "nowhere"`, /^f\.toml:4:1 address: /],
    [`${first}[[target]]\naddress = "listen:tcp://:1"`, /^f\.toml:4:1 address: /],
    [`${first}every = 5`, /^f\.toml:3:1 every: write a text in quotes/],
    [`${first}every = "5"`, /^f\.toml:3:1 every: /],
    [`${first}every = "1ms"`, /^f\.toml:3:1 every: /],
    [`${first}misses = "5"`, /^f\.toml:3:1 misses: write a number$/],
    [`${first}misses = 0`, /^f\.toml:3:1 misses: /],
    [`${first}mode = "pong"`, /^f\.toml:3:1 mode: /],
    [`${first}name = "a\\u0007b"`, /^f\.toml:3:1 name: a name has no control characters/],
    [`${first}[[target]]\naddress = "h:1"`, /^f\.toml:4:1 two targets are called h:1/],
    [`${first}name = "a"\n${first}name = "a"`, /^f\.toml:6:1 two targets are called a;/],
    [`every = "1s"\n${first}`, /^f\.toml:1:1 only \[\[target\]\] is known here/],
    [`${first}[defaults]\nevery = "1s"`, /^f\.toml:3:1 only \[\[target\]\] is known here/],
    ["target = [1]", /^f\.toml:1:1 a target is a table$/],
    ["[target]\naddress = 'h:1'", /^f\.toml:1:1 there is no/],
    [`${first}__proto__ = 1`, /^f\.toml:3:\d+ /],
  ];
  for (const [text, expected] of cases) {
    const told = fault(text);
    assertEquals(expected.test(told), true, `${JSON.stringify(text)}: ${told}`);
  }
});

Deno.test("any text gives targets or one error with a place", () => {
  const word = fc.constantFrom(
    ...["[[target]]", "address", "name", "=", '"h:1"', "'x", '"""', "\n", "5", "every", "{", "]"],
  );
  const text = fc.oneof(fc.string(), fc.array(word, { maxLength: 30 }).map((all) => all.join(" ")));
  fc.assert(fc.property(text, (some) => {
    try {
      readTargets(some, "f");
    } catch (thrown) {
      if (!(thrown instanceof NetError) || !/^f:\d+:\d+$/.test(thrown.address ?? "")) throw thrown;
    }
  }));
});
