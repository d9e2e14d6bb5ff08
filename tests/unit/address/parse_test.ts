/** The forms of product.md, as values. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatAddress } from "../../../lib/address/format.ts";
import { parseAddress } from "../../../lib/address/parse.ts";
import type { Address } from "../../../lib/core/address.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { addressErrorOf, option, refusal } from "./support.ts";

const active = { passive: false, options: [] } as const;

const forms: readonly (readonly [text: string, address: Address])[] = [
  ["tcp://Host.Example:80", { ...active, scheme: "tcp", host: "host.example", port: 80 }],
  ["TCP://h:080", { ...active, scheme: "tcp", host: "h", port: 80 }],
  ["tcp://[::0001]:65535", { ...active, scheme: "tcp", host: "::1", port: 65535 }],
  ["udp://239.1.2.3:ntp", { ...active, scheme: "udp", host: "239.1.2.3", port: 123 }],
  ["[fe80::1%lo]:1", { ...active, scheme: "tcp", host: "fe80::1", zone: "lo", port: 1 }],
  ["tcp://_x._tcp.h.:1", { ...active, scheme: "tcp", host: "_x._tcp.h.", port: 1 }],
  ["tcp://b\u00fccher.ex:1", { ...active, scheme: "tcp", host: "xn--bcher-kva.ex", port: 1 }],
  ["unix:/run/x y", { ...active, scheme: "unix", path: "/run/x y" }],
  ["unix:rel", { ...active, scheme: "unix", path: "rel" }],
  ["unix:///run/x", { ...active, scheme: "unix", path: "/run/x" }],
  ["unix:@name", { ...active, scheme: "unix", path: "name", abstract: true }],
  ["unix:./@x", { ...active, scheme: "unix", path: "./@x" }],
  ["unix:%40x", { ...active, scheme: "unix", path: "@x" }],
  ["unixgram:@n", { ...active, scheme: "unixgram", path: "n", abstract: true }],
  ["file:@n", { ...active, scheme: "file", path: "@n" }],
  ["file:/a?mode=append", {
    ...active,
    scheme: "file",
    path: "/a",
    options: [option("mode", "append")],
  }],
  ["fifo:/p?create&mode=0600", {
    ...active,
    scheme: "fifo",
    path: "/p",
    options: [option("create"), option("mode", "0600")],
  }],
  ["exec:cat -u '100%' ?x", { ...active, scheme: "exec", command: "cat -u '100%' ?x" }],
  ["exec:?stderr=merge&cwd=/srv make all", {
    ...active,
    scheme: "exec",
    command: "make all",
    options: [option("stderr", "merge"), option("cwd", "/srv")],
  }],
  ["exec:?cwd=/a%20b  x", {
    ...active,
    scheme: "exec",
    command: " x",
    options: [option("cwd", "/a b")],
  }],
  ["exec:? ?x", { ...active, scheme: "exec", command: "?x" }],
  ["sh:echo 'unclosed %zz", { ...active, scheme: "sh", command: "echo 'unclosed %zz" }],
  ["-", { ...active, scheme: "stdio" }],
  ["stdio:", { ...active, scheme: "stdio" }],
  ["-?a", { ...active, scheme: "stdio", options: [option("a")] }],
  ["fd:3", { ...active, scheme: "fd", descriptor: 3 }],
  ["memory:a%20b", { ...active, scheme: "memory", name: "a b" }],
  ["memory:%EF%BB%BFx", { ...active, scheme: "memory", name: "\ufeffx" }],
  ["script:send=220%20hi%0d%0a&expect=QUIT&wait=50ms&close", {
    ...active,
    scheme: "script",
    steps: [
      { step: "send", bytes: "220 hi\r\n" },
      { step: "expect", bytes: "QUIT" },
      { step: "wait", durationMs: 50 },
      { step: "close" },
    ],
  }],
  ["script:send=%ff%00+\u20ac&abort&end?a=b", {
    ...active,
    scheme: "script",
    steps: [{ step: "send", bytes: "\xff\0+\xe2\x82\xac" }, { step: "abort" }, { step: "end" }],
    options: [option("a", "b")],
  }],
];

for (const [text, address] of forms) {
  Deno.test(`${text} is read, and printed so that it is read again`, () => {
    assertEquals(parseAddress(text), address);
    assertEquals(parseAddress(formatAddress(address)), address);
  });
}

const refused: readonly (readonly [text: string, offset: number, says: string])[] = [
  ["", 0, "no address"],
  ["listen:", 7, "no address"],
  ["db", 0, "for a host write tcp://db:PORT"],
  ["8080", 0, "a port alone; write :8080"],
  ["listen:8080", 7, "a port alone; write listen::8080"],
  ["/run/x", 0, "a path without a scheme; write unix:/run/x or file:PATH"],
  ["./a:b", 0, "a path without a scheme"],
  ["tpc://h:1", 0, "unknown scheme tpc; did you mean tcp?"],
  ["gopher://h:1", 0, "unknown scheme gopher"],
  ["tls://h:1", 0, "this version does not have tls"],
  ["listen:WSS://h:1", 7, "this version does not have wss"],
  ["unixpacket:/x", 0, "this version does not have unixpacket"],
  ["ws:x", 0, "this version does not have ws"],
  ["unix:", 5, "no path"],
  ["unix:@", 6, "no name"],
  ["exec:", 5, "no command"],
  ["exec: \t", 5, "no command"],
  ["exec:''", 5, "no command"],
  ["exec:?cwd=/", 11, "no command"],
  ["exec:?cwd=/ a 'b", 14, "a single quote that is not closed"],
  ["stdio:x", 6, "nothing after it but options"],
  ["-x", 0, "no known scheme"],
  ["fd:", 3, "not a descriptor's number; write fd:3"],
  ["fd:-1", 3, "not a descriptor's number"],
  ["fd:2147483648", 3, "not a descriptor's number"],
  ["memory:", 7, "no name"],
  ["tcp://*:80", 6, "leave the host empty"],
  ["tcp://a b:80", 7, "a host name has letters, digits, - . and _"],
  ["tcp://a\n:80", 7, "a host name has letters"],
  ["tcp://a..b:80", 6, "an empty part"],
  ["tcp://-oProxy:80", 6, "begins and ends with a letter or digit"],
  [`tcp://${"a".repeat(64)}:80`, 6, "a part of 64 characters, over 63"],
  [`tcp://${"a.".repeat(126)}aa:80`, 6, "more than 253 characters"],
  ["tcp://xn--\u00e9:80", 6, "not an international host name"],
  ["tcp://[::g]:80", 7, "not an IPv6 address"],
  ["tcp://[::1]80", 11, "no port"],
  ["script:", 7, "no steps"],
  ["script:sned=x", 7, "unknown step sned; did you mean send?"],
  ["script:close&", 13, "an empty step"],
  ["script:send", 11, "send needs a value"],
  ["script:close=1", 12, "close takes no value"],
  ["script:wait=5", 12, "wait: a duration needs a unit; write 5s"],
  ["script:send=%4", 12, "a percent sign needs two hex digits"],
];

for (const [text, offset, says] of refused) {
  Deno.test(`refused: ${JSON.stringify(text).slice(1, 60)}`, () => {
    const error = refusal(text);
    assertStringIncludes(error.message, says);
    assertEquals(error.offset, offset);
  });
}

Deno.test("a host name of 253 characters fits, a final dot not counted", () => {
  const host = `${"a.".repeat(126)}a.`;
  assertEquals(formatAddress(parseAddress(`${host}:1`)), `tcp://${host}:1`);
});

Deno.test("a password never reaches the message", () => {
  for (
    const text of ["tcp://me:secret@h:1", "me:secret@h:1", "tls://me:secret@h", "x://:secret@h/a"]
  ) {
    assertEquals(refusal(text).message.includes("secret"), false, text);
  }
  assertStringIncludes(refusal("tcp://me:se@cret@h:1").message, "tcp://...@h:1");
});

Deno.test("a text over the limit is refused, in characters or in bytes", () => {
  const fits = `sh:${"x".repeat(defaultLimits.address - 3)}`;
  assertEquals(parseAddress(fits).scheme, "sh");
  const error = refusal(`${fits}x`);
  assertStringIncludes(error.message, "longer than 65536 bytes (limit address)");
  assertEquals(error.offset, 65536);
  assertStringIncludes(refusal(`sh:${"\u20ac".repeat(22_000)}`).message, "(limit address)");
});

Deno.test("the steps of a script are bounded, and the bound can be moved", () => {
  const text = (steps: number) => `script:${Array(steps).fill("end").join("&")}`;
  assertEquals(parseAddress(text(1000)).scheme, "script");
  assertStringIncludes(refusal(text(1001)).message, "more than 1000 steps (limit script-steps)");
  const limits = { ...defaultLimits, "script-steps": 1 };
  const error = addressErrorOf(() => parseAddress(text(2), { limits }));
  assertEquals(error.offset, 11);
});
