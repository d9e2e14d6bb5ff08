import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { inetPton } from "../../../lib/wire/inet.ts";
import { classifyIp, classifyMapped } from "../../../lib/wire/ip_kind.ts";
import { explainLegacy, inetAton } from "../../../lib/wire/legacy_ipv4.ts";
import { inPrefix, prefixOf } from "../../../lib/wire/prefix.ts";

function classOf(text: string): ReturnType<typeof classifyIp> {
  return classifyIp(inetPton(text) ?? new Uint8Array());
}

Deno.test("every kind of address is told at both edges of its range", () => {
  const known: Readonly<Record<string, string>> = {
    "0.0.0.0": "unspecified",
    "0.0.0.1": "this-network",
    "10.255.255.255": "private",
    "11.0.0.0": "public",
    "100.64.0.0": "shared",
    "100.127.255.255": "shared",
    "100.128.0.0": "public",
    "127.255.255.254": "loopback",
    "169.254.1.1": "link-local",
    "172.15.255.255": "public",
    "172.16.0.0": "private",
    "172.31.255.255": "private",
    "172.32.0.0": "public",
    "192.0.2.5": "documentation",
    "192.168.0.1": "private",
    "198.19.255.255": "benchmarking",
    "198.51.100.1": "documentation",
    "203.0.113.9": "documentation",
    "224.0.0.1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "unspecified",
    "::1": "loopback",
    "::2": "reserved",
    "::ffff:10.0.0.1": "mapped",
    "64:ff9b::1.2.3.4": "translated",
    "100::1": "discard",
    "2001:db8::1": "documentation",
    "2001::1": "tunnel",
    "2002::1": "tunnel",
    "2606:4700::1": "public",
    "3fff:fff::1": "documentation",
    "fc00::1": "unique-local",
    "fdff::1": "unique-local",
    "fe80::1": "link-local",
    "febf::1": "link-local",
    "fec0::1": "site-local",
    "ff02::fb": "multicast",
  };
  for (const [text, kind] of Object.entries(known)) assertEquals(classOf(text).kind, kind, text);
});

Deno.test("multicast says how far it reaches", () => {
  const known: Readonly<Record<string, string>> = {
    "ff01::1": "interface-local",
    "ff02::1": "link-local",
    "ff03::1": "realm-local",
    "ff14::1": "admin-local",
    "ff05::1": "site-local",
    "ff08::1": "organization-local",
    "ff3e::1": "global",
    "ff0f::1": "reserved",
    "224.0.0.251": "link-local",
    "224.0.1.1": "global",
    "239.255.0.1": "local",
    "239.195.0.1": "organization-local",
    "239.1.0.1": "administrative",
  };
  for (const [text, scope] of Object.entries(known)) {
    assertEquals(classOf(text).multicastScope, scope, text);
  }
});

Deno.test("the old classes go by the leading bits; IPv6 has none", () => {
  const firsts = ["0.0.0.0", "127.0.0.0", "128.0.0.0", "192.0.0.0", "224.0.0.0", "240.0.0.0"];
  assertEquals(firsts.map((text) => classOf(text).oldClass).join(""), "AABCDE");
  assertEquals(classOf("::1").oldClass, undefined);
});

Deno.test("a mapped address is also classed as what it maps", () => {
  assertEquals(classifyMapped(inetPton("::ffff:10.1.1.1") ?? new Uint8Array())?.kind, "private");
  assertEquals(classifyMapped(inetPton("::1") ?? new Uint8Array()), null);
});

Deno.test("a prefix gives network, broadcast and the range for hosts", () => {
  const found = prefixOf("10.1.2.3", 20);
  assertEquals(found, {
    family: "inet",
    length: 20,
    network: "10.1.0.0",
    netmask: "255.255.240.0",
    broadcast: "10.1.15.255",
    firstHost: "10.1.0.1",
    lastHost: "10.1.15.254",
    addressCount: 4096n,
    hostCount: 4094n,
  });
  const edges = [0, 1, 8, 30, 31, 32].map((length) => prefixOf("192.0.2.5", length));
  assertEquals(edges.map((edge) => edge?.broadcast), [
    "255.255.255.255",
    "255.255.255.255",
    "192.255.255.255",
    "192.0.2.7",
    null,
    null,
  ]);
  assertEquals(edges.at(-2)?.firstHost, "192.0.2.4"); // RFC 3021
  assertEquals(edges.at(-1)?.hostCount, 1n);
  const six = prefixOf("2001:db8::5", 64);
  assertEquals(six?.lastHost, "2001:db8::ffff:ffff:ffff:ffff");
  assertEquals(six?.addressCount, 1n << 64n);
  assertEquals(six?.broadcast, null);
  for (const [host, length] of [["10.0.0.0", 33], ["::", 129], ["x", 8], ["::", -1], ["::", 0.5]]) {
    assertEquals(prefixOf(String(host), Number(length)), null);
  }
});

Deno.test("an address lies within its own prefix, and its network's neighbour does not", () => {
  const anyIp = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(fc.property(anyIp, fc.nat(128), (bytes, length) => {
    const bits = length % (bytes.length * 8 + 1);
    const shown = bytes.length === 4
      ? bytes.join(".")
      : bytes.toHex().match(/.{4}/g)?.join(":") ?? "";
    const prefix = prefixOf(shown, bits);
    const network = inetPton(prefix?.network ?? "") ?? new Uint8Array();
    assertEquals(inPrefix(bytes, network, bits), true);
    if (bits === 0) return;
    const other = bytes.slice();
    other[(bits - 1) >> 3] = (other[(bits - 1) >> 3] ?? 0) ^ (0x80 >> ((bits - 1) & 7));
    assertEquals(inPrefix(other, network, bits), false);
  }));
  assertEquals(inPrefix(new Uint8Array(4), new Uint8Array(16), 0), false);
});

Deno.test("old spellings are read as inet_aton does, and explained", () => {
  const known: Readonly<Record<string, readonly [string, string]>> = {
    "127.1": ["127.0.0.1", "1 fills the last 3 bytes"],
    "0x7f000001": ["127.0.0.1", "0x7f000001 is hexadecimal for 2130706433 and fills all 4 bytes"],
    "2130706433": ["127.0.0.1", "2130706433 fills all 4 bytes"],
    "0177.0.0.01": ["127.0.0.1", "0177 is octal for 127; 01 is octal for 1"],
    "10.1.65535": ["10.1.255.255", "65535 fills the last 2 bytes"],
    "0xA.0": ["10.0.0.0", "0xA is hexadecimal for 10; 0 fills the last 3 bytes"],
    "1.2.3.4": ["1.2.3.4", ""],
    "4294967295": ["255.255.255.255", "4294967295 fills all 4 bytes"],
  };
  for (const [text, [address, meaning]] of Object.entries(known)) {
    const legacy = inetAton(text);
    assertEquals(legacy?.bytes.join("."), address, text);
    assertEquals(legacy && explainLegacy(legacy), meaning, text);
  }
  const wrong = [
    "",
    "256.1",
    "1.2.3.256",
    "4294967296",
    "09",
    "0x",
    "1.2.3.4.5",
    "1..2",
    "1.",
    "a",
  ];
  wrong.push("1.2.65536", "-1", " 1", "0x1g", "9".repeat(1_000_000), ".".repeat(1_000_000));
  for (const text of wrong) assertEquals(inetAton(text), null, text.slice(0, 20));
});
