import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { formatAddress } from "../../../lib/address/format.ts";
import { bindOptions } from "../../../lib/address/options.ts";
import { parseAddress } from "../../../lib/address/parse.ts";
import type { OptionTable } from "../../../lib/core/option.ts";
import { addressErrorOf } from "./support.ts";

const table: OptionTable = [
  { name: "nodelay", kind: "flag", help: "" },
  { name: "ttl", kind: "integer", help: "", minimum: 1, maximum: 255 },
  { name: "backlog", kind: "integer", help: "", side: "passive" },
  { name: "idle", kind: "duration", help: "" },
  { name: "source", kind: "text", help: "", side: "active" },
  { name: "join", kind: "text", help: "", repeat: true },
  { name: "cwd", kind: "text", help: "" },
];

function bind(text: string) {
  return bindOptions(parseAddress(text), table);
}

function fault(text: string) {
  return addressErrorOf(() => bind(text));
}

Deno.test("options are read by their kinds, in order", () => {
  const options = bind("tcp://h:1?nodelay&ttl=64&idle=5s&source=a&join=x&join=y");
  assertEquals(options.flag("nodelay"), true);
  assertEquals(options.number("ttl"), 64);
  assertEquals(options.number("idle"), 5000);
  assertEquals(options.text("source"), "a");
  assertEquals(options.list("join"), ["x", "y"]);
  assertEquals(options.text("cwd"), undefined);
  assertEquals(options.given.map(({ value }) => value), [true, 64, 5000, "a", "x", "y"]);
  assertEquals([...options.asked], ["nodelay", "ttl", "idle", "source", "join", "cwd"]);
});

Deno.test("an unknown option names the nearest, at its place in the printed address", () => {
  const text = "tcp://h:1?nodelay&tttl=1";
  const error = fault(text);
  assertEquals(error.message, `address ${text}: unknown option tttl; did you mean ttl?`);
  assertEquals(error.kind, "option");
  assertEquals(error.offset, text.indexOf("tttl"));
});

Deno.test("an unknown option near none names them all", () => {
  assertStringIncludes(
    fault("tcp://h:1?whatever").message,
    "it takes nodelay, ttl, idle, source, join, cwd",
  );
  const none = addressErrorOf(() => bindOptions(parseAddress("fd:3?a"), []));
  assertStringIncludes(none.message, "unknown option a; it takes none");
});

Deno.test("an option that only the other side reads is refused", () => {
  const active = fault("tcp://h:1?backlog=5").message;
  assertStringIncludes(active, "tcp active never reads backlog; only the passive side does");
  const passive = fault("listen:tcp://h:1?source=a").message;
  assertStringIncludes(passive, "tcp passive never reads source; only the active side does");
  assertEquals(bind("listen:tcp://h:1?backlog=5").number("backlog"), 5);
});

Deno.test("a bad value is said with its option and its place", () => {
  const text = "h:1?nodelay&idle=15";
  const error = fault(text);
  assertStringIncludes(error.message, "idle: a duration needs a unit; write 15s");
  assertEquals(error.offset, "tcp://h:1?nodelay&idle=15".length);
  assertStringIncludes(fault("h:1?ttl=300").message, ": ttl is at most 255");
  assertEquals(fault("h:1?cwd").offset, "tcp://h:1?".length);
});

Deno.test("the place is right where options stand before the command", () => {
  const text = "exec:?cwd=/a%20b&idle=5q cat x";
  const error = fault(text);
  assertEquals(error.offset, text.indexOf("q"));
  assertStringIncludes(error.message, "idle: q is no unit");
});

Deno.test("a repeat that did not come through text is refused too", () => {
  const address = parseAddress("tcp://h:1?ttl=1");
  const twice = { ...address, options: [...address.options, ...address.options] };
  const error = addressErrorOf(() => bindOptions(twice, table));
  assertStringIncludes(error.message, "option ttl is given twice");
  assertEquals(error.offset, formatAddress(twice).lastIndexOf("ttl"));
});

Deno.test("asking for what the side's table lacks, or as another kind, is a bug", () => {
  const options = bind("tcp://h:1");
  assertThrows(() => options.number("backlog"), Error, "active tcp has no option backlog");
  assertThrows(() => options.flag("nosuch"), Error, "has no option nosuch");
  assertThrows(() => options.flag("ttl"), Error, "option ttl is a integer");
});
