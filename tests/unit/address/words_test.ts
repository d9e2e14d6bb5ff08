import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { splitWords } from "../../../lib/address/words.ts";
import { addressErrorOf } from "./support.ts";

const cases: readonly (readonly [text: string, words: readonly string[]])[] = [
  ["", []],
  ["  a\tb\n c ", ["a", "b", "c"]],
  [`'a b' "c d"`, ["a b", "c d"]],
  [`a'b'"c"\\ d`, ["abc d"]],
  [`'' ""`, ["", ""]],
  [`'\\'`, ["\\"]],
  [`"\\a \\" \\\\ \\$ \\\` it's"`, ["\\a \" \\ $ ` it's"]],
  ["a\\\nb \\\n c", ["ab", "c"]],
  ['"a\\\nb"', ["ab"]],
  ["$HOME *.c ~ `x` a;b|c #d", ["$HOME", "*.c", "~", "`x`", "a;b|c", "#d"]],
];

for (const [text, words] of cases) {
  Deno.test(`words of ${JSON.stringify(text)}`, () => assertEquals(splitWords(text), words));
}

for (
  const [text, offset, says] of [
    ["a 'b", 2, "a single quote that is not closed"],
    ['a "b\\"', 2, "a double quote that is not closed"],
    ["a \\", 2, "a backslash with nothing after it"],
    ['"\\', 0, "a double quote"],
  ] as const
) {
  Deno.test(`words: ${JSON.stringify(text)} is refused where the quote opens`, () => {
    const error = addressErrorOf(() => splitWords(text));
    assertEquals(error.offset, offset);
    assertStringIncludes(error.message, says);
  });
}

Deno.test("words: any words in single quotes come back", () => {
  const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary" })), (words) => {
    assertEquals(splitWords(words.map(quoted).join(" ")), words);
  }));
});

Deno.test("words: any words with every character escaped come back", () => {
  const escaped = (word: string) => word.replace(/[^\n]/gsu, "\\$&").replaceAll("\n", "'\n'");
  fc.assert(fc.property(fc.array(fc.string({ unit: "grapheme", minLength: 1 })), (words) => {
    assertEquals(splitWords(words.map(escaped).join("\t")), words);
  }));
});
