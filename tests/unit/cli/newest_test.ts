import { assertEquals, assertRejects } from "@std/assert";
import { Newest } from "../../../lib/cli/newest.ts";

Deno.test("a reading that ends late does not take the place of one that began later", async () => {
  const newest = new Newest();
  const kept: string[] = [];
  const keep = (value: string) => void kept.push(value);
  const slow = Promise.withResolvers<string>();
  const first = newest.take(() => slow.promise, keep);
  await newest.take(() => Promise.resolve("second"), keep);
  slow.resolve("first");
  await first;
  assertEquals(kept, ["second"]);
});

Deno.test("a reading that fails leaves the place to an earlier one", async () => {
  const newest = new Newest();
  const kept: string[] = [];
  const keep = (value: string) => void kept.push(value);
  const slow = Promise.withResolvers<string>();
  const first = newest.take(() => slow.promise, keep);
  await assertRejects(() => newest.take(() => Promise.reject(new Error("no file")), keep));
  slow.resolve("first");
  await first;
  assertEquals(kept, ["first"]);
});
