import { assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../../lib/core/error.ts";
import { formatModel, isFar, parseModel } from "../../../lib/service/model.ts";

Deno.test("every model is read, and written as it was", () => {
  const texts = ["loop", "iterative", "process", "prefork=4", "thread", "threads=2", "pool=3..100"];
  assertEquals(texts.map((text) => formatModel(parseModel(text))), texts);
  assertEquals(parseModel("pool=3..100"), { kind: "pool", minimum: 3, maximum: 100 });
  assertEquals(parseModel("process"), { kind: "process", spare: 2 });
  assertEquals(parseModel("thread", 7), { kind: "thread", spare: 7 });
  assertEquals(texts.map((text) => isFar(parseModel(text))).indexOf(true), 2);
});

Deno.test("what is no model is refused with what would be one", () => {
  const refused: [string, number | undefined, RegExp][] = [
    ["pool=9..3", undefined, /9 is more than 3/],
    ["pool=0..3", undefined, /not a number from 1/],
    ["pool", undefined, /two numbers; write pool=3\.\.100/],
    ["prefork", undefined, /needs a number; write prefork=4/],
    ["prefork=0", undefined, /not a number from 1 to 1024/],
    ["threads=2.5", undefined, /not a number/],
    ["threads=99999", undefined, /not a number/],
    ["lop", undefined, /unknown model "lop"; did you mean loop\?/],
    ["prefrok=2", undefined, /did you mean prefork\?/],
    ["", undefined, /unknown model ""/],
    ["loop=1", undefined, /loop takes no =1/],
    ["prefork=2", 3, /--spare goes with process and thread/],
    ["process", 0, /not a number/],
  ];
  for (const [text, spare, words] of refused) {
    const thrown = assertThrows(() => parseModel(text, spare), NetError);
    assertEquals([thrown.kind, words.test(thrown.message)], ["usage", true], thrown.message);
  }
});
