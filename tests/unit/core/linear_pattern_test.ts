/** Patterns in linear time: the same answers as RegExp, on any text in bounded time. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { LinearPattern } from "../../../lib/core/linear_pattern.ts";

Deno.test("patterns say what RegExp says", () => {
  const atom = fc.constantFrom(
    ..."ab.-]}{",
    ..."\\d \\w \\s \\S \\. \\x61 \\u0062 \\u{2} \\0 \\t \\cA [ab] [^a] [] [^] [\\]a-] \\b \\B ^ $"
      .split(" "),
    "\u00fc",
    "",
  );
  const count = fc.constantFrom(
    ..."* + ? *? +? ?? {2} {0} {1,} {0,2} {1,2}?".split(" "),
    "",
    "",
    "",
  );
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { maxDepth: 3 },
      fc.tuple(atom, count).map(([one, times]) => one + times),
      fc.tuple(tie("pattern"), tie("pattern")).map((parts) => parts.join("")),
      fc.tuple(tie("pattern"), tie("pattern")).map((parts) => parts.join("|")),
      fc.tuple(fc.constantFrom("(", "(?:", "(?<n>"), tie("pattern"), count)
        .map(([open, inner, times]) => `${open}${inner})${times}`),
    ),
  }));
  const text = fc.string({
    unit: fc.constantFrom(..."ab1 .-u{\n\u00fc\ud83d\u017f"),
    maxLength: 8,
  });
  const flags = fc.constantFrom("", "i", "s", "m", "u", "iu");
  let tried = 0;
  fc.assert(
    fc.property(pattern, flags, fc.array(text), (source, flag, texts) => {
      let known: RegExp;
      try {
        known = new RegExp(source, flag);
      } catch {
        return; // not every heap of pieces is a pattern
      }
      tried++;
      const linear = new LinearPattern(known);
      for (const one of texts) assertEquals(linear.test(one), known.test(one), `${known} ${one}`);
    }),
    { numRuns: 1_000 },
  );
  assert(tried > 300);
});

Deno.test("a beginning of a match may begin one, cut anywhere", () => {
  const cases: readonly [RegExp, string][] = [
    [/^PONG \d{1,3}$/, "PONG 123"],
    [/^(ab|cd)+e?[f-h]$/, "abcdabeg"],
    [/^\x41\.(?:B|C)*\u0044/, "A.BCBCD"],
    [/^a.*z$/, "abcxyz"],
    [/^(?<name>x+)-\]\[$/, "xxx-]["],
    [/^\bword\b end/, "word end"],
    [/^a{2}b{1,}c??d/, "aabbcd"],
  ];
  for (const [pattern, text] of cases) {
    const linear = new LinearPattern(pattern);
    assert(linear.test(text), `${pattern}`);
    for (let cut = 0; cut <= text.length; cut++) {
      assert(linear.mayBegin(text.slice(0, cut)), `${pattern} ${text.slice(0, cut)}`);
    }
    assert(!linear.mayBegin("~"), `${pattern}`);
  }
});

Deno.test("patterns that go back and forth for ever do not", () => {
  const text = "a".repeat(4_000) + "b";
  for (
    const pattern of [/^(a+)+$/, /(a|a)*c/, /(.*)*,/, /^(([a-z])+.)+[A-Z]([a-z])+$/, /a*a*a*a*c/]
  ) {
    assertEquals(new LinearPattern(pattern).test(text), false);
  }
});

Deno.test("what it remembers of texts is bounded, and its answers stay right", () => {
  const pattern = new LinearPattern(/^.b$/);
  for (let char = 0x100; char < 0x8100; char++) {
    assertEquals(pattern.test(String.fromCharCode(char) + "b"), char !== 0x2028 && char !== 0x2029);
  }
});

Deno.test("what takes unbounded time or space is refused", () => {
  const refused = [/^(a)\1/, /^(?!x)a/, /(?<=a)b/, /^(?<n>a)\k<n>/, /(?=a)/, /[a--b]/v];
  for (const pattern of refused) assertThrows(() => new LinearPattern(pattern), SyntaxError);
  for (const source of ["a{2000}", "(((){1000}){1000}){1000}", "((a{100}){100}){100}"]) {
    assertThrows(() => new LinearPattern(new RegExp(source)), SyntaxError, "too large");
  }
  const deep = new RegExp("(".repeat(200) + ")".repeat(200));
  assertThrows(() => new LinearPattern(deep), SyntaxError, "deep");
});
