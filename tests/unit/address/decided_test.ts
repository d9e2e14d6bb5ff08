/** The rows of "Decided details" in product.md, a test for each. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatAddress } from "../../../lib/address/format.ts";
import { splitForward } from "../../../lib/address/forward.ts";
import { parseAddress } from "../../../lib/address/parse.ts";
import { option, refusal } from "./support.ts";

/** What a text is printed as, once read. */
function printed(text: string, side?: "active" | "passive"): string {
  return formatAddress(parseAddress(text, side === undefined ? {} : { side }));
}

const accepted: readonly (readonly [row: string, text: string, printed: string])[] = [
  ["which side: listen: makes an address passive", "listen:tcp://:8080", "listen:tcp://:8080"],
  ["which side: listen: stands before the short form", "listen::8080", "listen:tcp://:8080"],
  ["which side: listen: in any case", "LISTEN:unix:/x", "listen:unix:/x"],
  ["which side: memory listens", "listen:memory:a", "listen:memory:a"],
  ["which side: a pipe listens", "listen:fifo:/x", "listen:fifo:/x"],
  ["which side: an inherited socket listens", "listen:fd:3", "listen:fd:3"],
  ["which side: a socket that systemd has named", "listen:fd:http", "listen:fd:http"],
  ["bare a:b: digits are a port", "db:5432", "tcp://db:5432"],
  ["bare a:b: a known service is a port", "db:postgresql", "tcp://db:5432"],
  ["bare a:b: services in any case", "db:HTTP", "tcp://db:80"],
  ["bare a:b: a known scheme wins over a host", "file:80", "file:80"],
  ["bare a:b: a known scheme wins in any case", "FILE:80", "file:80"],
  ["bare a:b: IPv6 in brackets", "[::1]:80", "tcp://[::1]:80"],
  ["empty host: active", ":80", "tcp://:80"],
  ["empty host: active, with the scheme", "udp://:80", "udp://:80"],
  ["empty host: passive, port 0", "listen:tcp://:0", "listen:tcp://:0"],
  ["options: an empty list is no options", "tcp://h:1?", "tcp://h:1"],
  ["options: + is literal", "tcp://h:1?a=1+2", "tcp://h:1?a=1+2"],
  ["options: join may be repeated", "udp://:1?join=a&join=b", "udp://:1?join=a&join=b"],
  ["options: an escape is decoded", "tcp://h:1?a=%41%26", "tcp://h:1?a=A%26"],
  ["options: only the first ? begins them", "tcp://h:1?a=?", "tcp://h:1?a=?"],
  ["options: an escaped ? is part of the path", "unix:/a%3Fb?c", "unix:/a%3Fb?c"],
  ["options: # is nothing special in a path", "unix:/a#b", "unix:/a#b"],
  ["zones: raw", "tcp://[fe80::1%eth0]:1", "tcp://[fe80::1%eth0]:1"],
  ["zones: escaped, printed raw", "tcp://[fe80::1%25eth0]:1", "tcp://[fe80::1%eth0]:1"],
  ["zones: an index", "tcp://[fe80::1%2]:1", "tcp://[fe80::1%2]:1"],
  ["zones: %25 alone is index 25", "tcp://[fe80::1%25]:1", "tcp://[fe80::1%25]:1"],
  [
    "zones: escaped where raw would be read as an escape",
    "[fe80::1%25251]:1",
    "tcp://[fe80::1%25251]:1",
  ],
  ["zones: interface-local multicast", "udp://[ff01::1%lo]:1", "udp://[ff01::1%lo]:1"],
  ["zones: link-local multicast", "udp://[ff12::1%lo]:1", "udp://[ff12::1%lo]:1"],
  [
    "zones: the same interface= is no conflict",
    "udp://[ff02::1%lo]:1?interface=lo",
    "udp://[ff02::1%lo]:1?interface=lo",
  ],
];

for (const [row, text, expected] of accepted) {
  Deno.test(`${row}: ${text}`, () => assertEquals(printed(text), expected));
}

const long = "a".repeat(108);
const refused: readonly (readonly [row: string, text: string, offset: number, says: string])[] = [
  ["which side: listen: once only", "listen:listen:tcp://:1", 7, "listen: is written once only"],
  ...["exec:true", "sh:true", "script:close", "file:/x", "-", "stdio:"].map((text) =>
    ["which side: no passive side", `listen:${text}`, 0, "has no passive side"] as const
  ),
  [
    "a bare a:b",
    "db:pg",
    0,
    "no known scheme, and no host and port; for a host write tcp://db:PORT",
  ],
  ["a bare a:b: near a scheme", "unx:a", 0, "did you mean unix:? for a host write tcp://unx:PORT"],
  ["port 0 of a peer", "tcp://h:0", 8, "port 0 is only for listening"],
  ["brackets", "::1:80", 0, "an IPv6 address needs brackets; write [::1]:80"],
  ["brackets, no port", "fe80::1", 4, "an IPv6 address needs brackets; write [fe80::1]:PORT"],
  ["brackets, with scheme", "udp://::1:80", 6, "write udp://[::1]:80"],
  ["brackets, with listen:", "listen:::1:80", 7, "write listen:[::1]:80"],
  ["brackets, with a zone", "fe80::1%lo:80", 4, "write [fe80::1%lo]:80"],
  ["many colons", "a:b:c", 1, "too many colons"],
  ["brackets around IPv4", "[127.0.0.1]:80", 1, "brackets are for IPv6 only"],
  ["an open bracket", "tcp://[::1:80", 6, "a bracket that is not closed"],
  ["Windows paths", "C:\\x", 0, "a Windows path is no address; write file:PATH"],
  ["Windows paths with slashes", "C:/x", 0, "a Windows path is no address"],
  ["udp:h:1", "udp:h:1", 4, "udp needs // before the host; write udp://h:1"],
  ["tcp:h", "tcp:h", 4, "tcp needs // before the host; write tcp://h:PORT"],
  ["tcp:80", "tcp:80", 4, "tcp needs // before the host; write tcp://localhost:80"],
  ["tcp:h:1 with listen:", "listen:tcp:h:1", 11, "write listen:tcp://h:1"],
  [
    "legacy IPv4",
    "127.1:80",
    0,
    "a legacy IPv4 form, read differently by programs; write 127.0.0.1",
  ],
  ["legacy IPv4, octal", "tcp://0177.1:80", 6, "write 127.0.0.1"],
  ["legacy IPv4, hex", "tcp://0x7f000001:80", 6, "write 127.0.0.1"],
  ["legacy IPv4, one number", "2130706433:80", 0, "write 127.0.0.1"],
  ["legacy IPv4, leading zero", "tcp://010.0.0.1:80", 6, "write 8.0.0.1"],
  ["legacy IPv4, a final dot", "tcp://127.0.0.1.:80", 6, "write 127.0.0.1"],
  ["legacy IPv4 in wide digits", "tcp://\uff11\uff12\uff17.1:80", 6, "write 127.0.0.1"],
  ["a number over 255", "1.2.3.256:80", 0, "not an IPv4 address"],
  ["five numbers", "1.2.3.4.5:80", 0, "not an IPv4 address"],
  ["userinfo", "tcp://me@h:1", 6, "tcp has no user name in it; write tcp://h:1"],
  ["a path on tcp", "tcp://h:1/x", 9, "tcp has no path; write tcp://h:1"],
  ["a slash on udp", "udp://h:1/", 9, "udp has no path; write udp://h:1"],
  ["a fragment on tcp", "tcp://h:1#x", 9, "tcp has no fragment"],
  ["a port over 65535", "tcp://h:65536", 8, "a port is at most 65535"],
  ["a port of many digits", `tcp://h:${"9".repeat(400)}`, 8, "a port is at most 65535"],
  ["no port", "tcp://h", 7, "no port; write tcp://h:PORT"],
  ["no port after the colon", "tcp://h:", 8, "no port; write tcp://h:PORT"],
  ["no port after brackets", "tcp://[::1]", 11, "no port; write tcp://[::1]:PORT"],
  ["an unknown port", "tcp://h:htt", 8, "htt is no port that tcp knows; did you mean http?"],
  ["NUL", "unix:/a\0b", 7, "NUL is not allowed"],
  ["an escaped NUL", "unix:/a%41%00b", 10, "NUL is not allowed"],
  ["an escaped NUL in an option", "tcp://h:1?a=%00", 12, "NUL is not allowed"],
  ["UTF-8", "unix:/a%ff", 7, "the percent escapes are not UTF-8"],
  ["UTF-8, overlong", "unix:/%c0%af", 6, "the percent escapes are not UTF-8"],
  ["UTF-8, a surrogate", "unix:/%ed%a0%80", 6, "the percent escapes are not UTF-8"],
  ["UTF-8, cut", "unix:/%e2%82x", 6, "the percent escapes are not UTF-8"],
  ["lone surrogates", "unix:/\ud800", 6, "a lone surrogate is no Unicode text"],
  ["escapes", "unix:/100%", 9, "a percent sign needs two hex digits after it; write %25"],
  ["escapes, no hex", "tcp://h:1?a=%4g", 12, "a percent sign needs two hex digits"],
  ["escapes in a host", "tcp://%61:1", 6, "a host has no escapes"],
  ["unix://rel", "unix://rel", 5, "write unix:rel or unix:/rel"],
  ["file://host/path", "file://h/x", 5, "write file:h/x or file:/h/x"],
  ["a long Unix path", `unix:${long}`, 5, "a Unix socket path of 108 bytes, over 107"],
  ["a long Unix path, in bytes", `unixgram:${"\u20ac".repeat(36)}`, 9, "of 108 bytes, over 107"],
  ["a long abstract name", `unix:@${long}`, 6, "an abstract name of 108 bytes, over 107"],
  ["a repeated option", "tcp://h:1?a=1&b&a=2", 16, "option a is given twice"],
  ["an option without a name", "tcp://h:1?a&", 12, "an option without a name"],
  ["an option in capitals", "tcp://h:1?TTL=1", 10, "option names are in lower case"],
  [
    "zones on global addresses",
    "tcp://[2001:db8::1%lo]:1",
    18,
    "only for link-local and interface-local",
  ],
  [
    "zones on wider multicast",
    "udp://[ff05::1%lo]:1",
    14,
    "only for link-local and interface-local",
  ],
  ["zones on names", "tcp://h%lo:1", 7, "a zone belongs to a link-local IPv6 address"],
  ["zones that are none", "tcp://[fe80::1%]:1", 14, "not a zone"],
  ["zones over 15 bytes", `tcp://[fe80::1%${"a".repeat(16)}]:1`, 14, "not a zone"],
  [
    "zones against interface=",
    "udp://[ff02::1%lo]:1?interface=eth0",
    21,
    "interface=eth0 is not the zone %lo",
  ],
];

for (const [row, text, offset, says] of refused) {
  const name = text.length > 60 ? `${text.slice(0, 60)}...` : JSON.stringify(text).slice(1, -1);
  Deno.test(`refused: ${row}: ${name}`, () => {
    const error = refusal(text);
    assertStringIncludes(error.message, says);
    assertEquals(error.offset, offset);
  });
}

Deno.test("which side: a passive place implies listen:", () => {
  assertEquals(printed(":0", "passive"), "listen:tcp://:0");
  assertEquals(printed("listen:tcp://h:0", "passive"), "listen:tcp://h:0");
  assertStringIncludes(refusal("exec:true", "passive").message, "exec has no passive side");
});

Deno.test("which side: an active place refuses listen:, as bad usage", () => {
  const error = refusal("listen:tcp://:80", "active");
  assertStringIncludes(error.message, "write tcp://:80");
  assertEquals(error.kind, "address");
});

Deno.test("Unix paths and abstract names of 107 bytes fit", () => {
  const name = "a".repeat(107);
  assertEquals(printed(`unix:${name}`), `unix:${name}`);
  assertEquals(printed(`unix:@${name}`), `unix:@${name}`);
});

Deno.test("faults of options have a kind of their own", () => {
  assertEquals(refusal("tcp://h:1?a&a").kind, "option");
  assertEquals(refusal("tcp://h:x").kind, "address");
});

Deno.test("the whole line is operation, address, cause, hint", () => {
  const line = "address ::1:80: an IPv6 address needs brackets; write [::1]:80";
  assertEquals(refusal("::1:80").message, line);
});

Deno.test("--forward splits at the first = that a known scheme and a colon follow", () => {
  const { listen, target } = splitForward("tcp://:1?mode=tcp=unix:/a=tcp://b:1");
  assertEquals(formatAddress(listen), "listen:tcp://:1?mode=tcp");
  assertEquals(formatAddress(target), "unix:/a=tcp://b:1");
});

Deno.test("--forward: in an option such text is written %3A", () => {
  const { listen } = splitForward("listen::1?text=udp%3A=TCP://b:1");
  assertEquals(listen.options, [option("text", "udp:")]);
});
