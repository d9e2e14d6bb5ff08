import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import {
  AccessList,
  NetworkSet,
  parseAccessFile,
  parseAccessWords,
  parseNetwork,
} from "../../../lib/wire/access_list.ts";
import { inetNtop } from "../../../lib/wire/inet.ts";
import { inPrefix, prefixOf } from "../../../lib/wire/prefix.ts";

function networks(...texts: string[]) {
  return texts.map((text) => parseNetwork(text));
}

Deno.test("deny wins over allow, and an allow list keeps out whoever is not on it", () => {
  const list = new AccessList(networks("10.0.0.0/8", "2001:db8::/32"), networks("10.1.0.0/16"));
  assertEquals(list.objection("10.2.3.4"), null);
  assertEquals(list.objection("10.1.3.4"), "denied by 10.1.0.0/16");
  assertEquals(list.objection("192.0.2.1"), "not allowed");
  assertEquals(list.objection("2001:db8::1"), null);
  assertEquals(list.objection("2001:db9::1"), "not allowed");
});

Deno.test("without an allow list everybody is let in who is not denied", () => {
  const list = new AccessList(null, networks("192.0.2.1"));
  assertEquals(list.objection("192.0.2.1"), "denied by 192.0.2.1/32");
  assertEquals(list.objection("192.0.2.2"), null);
  assertEquals(new AccessList([], []).objection("192.0.2.2"), "not allowed");
});

Deno.test("IPv4-mapped addresses are IPv4, in the list and in the peer", () => {
  const list = new AccessList(null, networks("::ffff:192.0.2.0/120", "198.51.100.0/24"));
  for (const host of ["192.0.2.7", "::ffff:192.0.2.7", "::ffff:198.51.100.7"]) {
    assertEquals(list.objection(host)?.startsWith("denied by "), true, host);
  }
  // The whole of IPv6, and of IPv4, are apart.
  assertEquals(new AccessList(networks("::/0"), []).objection("192.0.2.1"), "not allowed");
  assertEquals(new AccessList(networks("0.0.0.0/0"), []).objection("::1"), "not allowed");
});

Deno.test("a zone is not looked at; a peer without an address is not for this list", () => {
  const list = new AccessList(networks("fe80::/10"), []);
  assertEquals(list.objection("fe80::1%eth0"), null);
  assertEquals(list.objection(undefined), null);
  assertEquals(list.objection("somebody"), "its address cannot be read");
});

Deno.test("host bits, names, lengths and empty words are refused with what to write", () => {
  for (
    const [text, message] of [
      ["10.1.2.3/8", "10.1.2.3/8 has host bits set; write 10.0.0.0/8"],
      ["2001:db8::1/32", "2001:db8::1/32 has host bits set; write 2001:db8::/32"],
      ["10.0.0.0/33", "10.0.0.0/33: no such prefix length; at most /32"],
      ["localhost", "localhost is no address or network; write 10.0.0.0/8"],
      ["10.0.0.0/8,", " is no address or network"],
      ["10.0.0.0/-1", "10.0.0.0/-1 is no address or network"],
      ["010.0.0.1", "010.0.0.1 is no address or network"],
      ["@", "no file after @; write @FILE"],
    ] as const
  ) {
    const error = assertThrows(() => parseAccessWords(text), NetError, message);
    assertEquals(error.kind, "usage");
  }
});

Deno.test("a list may name files among its networks", () => {
  const words = parseAccessWords("10.0.0.0/8,@lan.txt,/etc/deny,./x,::1");
  assertEquals(words.map((word) => "file" in word ? word.file : word.length), [
    8,
    "lan.txt",
    "/etc/deny",
    "./x",
    128,
  ]);
});

Deno.test("a file has comments, blanks and several entries a line; errors tell the line", () => {
  const text = "# ours\n10.0.0.0/8 # the office\n\n192.0.2.1, 192.0.2.2\r\n\t::1\n";
  assertEquals(parseAccessFile(text, "list").map(({ length }) => length), [8, 32, 32, 128]);
  assertThrows(
    () => parseAccessFile("::1\n10.1.0.0/8\n", "deny.txt"),
    NetError,
    "deny.txt:2: 10.1.0.0/8 has host bits set; write 10.0.0.0/8",
  );
  assertEquals(parseAccessFile("", "empty"), []);
});

Deno.test("property: a set contains exactly what one of its networks contains", () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  const entry = fc.tuple(address, fc.nat(128)).map(([bytes, length]) => {
    const bits = Math.min(length, bytes.length * 8);
    return parseNetwork(`${prefixOf(inetNtop(bytes), bits)?.network}/${bits}`);
  });
  fc.assert(fc.property(fc.array(entry, { maxLength: 8 }), address, (entries, host) => {
    const expected = entries.some(({ bytes, length }) => inPrefix(host, bytes, length));
    assertEquals(new NetworkSet(entries).find(host) !== null, expected);
  }));
});

Deno.test("property: any text is a list or a usage error", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      parseAccessWords(text);
      parseAccessFile(text, "f");
    } catch (thrown) {
      if (!(thrown instanceof NetError) || thrown.kind !== "usage") throw thrown;
    }
  }));
});
