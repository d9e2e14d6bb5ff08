import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  formatIpv6,
  ipv4Bytes,
  ipv6Groups,
  legacyIpv4,
  takesZone,
} from "../../../lib/address/ip.ts";

/** Canonical form of an IPv6 text, or null. */
function canonical(text: string): string | null {
  const groups = ipv6Groups(text);
  return groups && formatIpv6(groups);
}

// Examples of RFC 5952 sections 1, 4 and 5, and of RFC 4291 section 2.2.
const forms: readonly (readonly [text: string, canonical: string | null])[] = [
  ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:0db8::0001:0000:0000:0001", "2001:db8::1:0:0:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["1::", "1::"],
  ["::1", "::1"],
  ["::ffff:c000:201", "::ffff:192.0.2.1"],
  ["::FFFF:129.144.52.38", "::ffff:129.144.52.38"],
  ["::13.1.68.3", "::d01:4403"],
  ["1:2:3:4:5:6:7", null],
  ["1:2:3:4:5:6:7:8:9", null],
  ["1:2:3:4::5:6:7:8", null],
  ["1::2::3", null],
  [":::", null],
  [":1:2:3:4:5:6:7", null],
  ["1:2:3:4:5:6:7:", null],
  ["12345::", null],
  ["::1.2.3", null],
  ["::1.2.3.04", null],
  ["1.2.3.4::", null],
  ["1.2.3.4", null],
  ["", null],
];

for (const [text, expected] of forms) {
  Deno.test(`IPv6 ${text || "(empty)"} is ${expected ?? "refused"}`, () => {
    assertEquals(canonical(text), expected);
  });
}

Deno.test("IPv6: what is printed is read as the same groups", () => {
  const group = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat(0xffff));
  fc.assert(fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
    assertEquals(ipv6Groups(formatIpv6(groups)), groups);
  }));
});

Deno.test("IPv6: the runtime's URL parser prints the same", () => {
  const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
  fc.assert(fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
    // URLs print mapped addresses in hex.
    fc.pre(groups[5] !== 0xffff);
    const text = formatIpv6(groups);
    assertEquals(new URL(`ws://[${text}]`).hostname, `[${text}]`);
  }));
});

Deno.test("IPv4 is strict", () => {
  assertEquals(ipv4Bytes("192.0.2.255"), [192, 0, 2, 255]);
  for (const text of ["1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.", "+1.2.3.4", "1.2.3.4\n"]) {
    assertEquals(ipv4Bytes(text), null, text);
  }
});

Deno.test("legacy IPv4 is read as inet_aton(3) does", () => {
  assertEquals(legacyIpv4("127.1"), "127.0.0.1");
  assertEquals(legacyIpv4("1.2.3"), "1.2.0.3");
  assertEquals(legacyIpv4("0300.0250.1"), "192.168.0.1");
  assertEquals(legacyIpv4("0x7F.0x0.0x0.0x1"), "127.0.0.1");
  assertEquals(legacyIpv4("4294967295"), "255.255.255.255");
  assertEquals(legacyIpv4("0"), "0.0.0.0");
  for (const text of ["4294967296", "1.2.3.256", "256.1", "1.16777216", "09", "0x", "1..2", "a"]) {
    assertEquals(legacyIpv4(text), null, text);
  }
});

Deno.test("zones belong to link-local and interface-local scopes", () => {
  const takes = (text: string) => takesZone(ipv6Groups(text) ?? []);
  for (const text of ["fe80::1", "febf::1", "ff01::1", "ff02::fb", "ff32::1"]) {
    assertEquals(takes(text), true, text);
  }
  for (const text of ["fec0::1", "::1", "ff05::1", "ff0e::1", "2001:db8::1", "fd00::1"]) {
    assertEquals(takes(text), false, text);
  }
});
