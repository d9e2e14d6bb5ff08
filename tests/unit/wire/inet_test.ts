import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { isIP } from "node:net";
import {
  htonl,
  htons,
  meantPort,
  ntohl,
  ntohs,
  swap16,
  swap32,
} from "../../../lib/wire/byteorder.ts";
import { addressNumber, inetNtop, inetPton, mapIpv4, mappedIpv4 } from "../../../lib/wire/inet.ts";

const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** Sixteen bytes that are mostly zeros, so that runs of every place and length come up. */
const sparse = fc.array(fc.constantFrom(0, 0, 0, 1, 0xffff), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));

Deno.test("inet_pton reads what inet_ntop wrote, for any bytes", () => {
  fc.assert(fc.property(fc.oneof(ipv4, ipv6, sparse), (bytes) => {
    assertEquals(inetPton(inetNtop(bytes)), bytes);
  }));
});

Deno.test("inet_ntop agrees with ipaddr.js on RFC 5952, mapped addresses apart", () => {
  fc.assert(fc.property(fc.oneof(ipv6, sparse), (bytes) => {
    if (mappedIpv4(bytes) !== null) return;
    assertEquals(inetNtop(bytes), new ipaddr.IPv6(Array.from(bytes)).toRFC5952String());
  }));
});

Deno.test("inet_pton takes exactly what the runtime takes for an address without zone", () => {
  const part = fc.stringMatching(/^[0-9a-fA-F]{0,5}$/);
  const text = fc.oneof(
    fc.array(part, { maxLength: 9 }).map((parts) => parts.join(":")),
    fc.array(part, { maxLength: 5 }).map((parts) => parts.join(".")),
    fc.tuple(part, fc.ipV4()).map(([a, b]) => `${a}::${b}`),
    fc.ipV6(),
    fc.ipV4(),
  );
  fc.assert(
    fc.property(text, (text) => {
      assertEquals(inetPton(text)?.length, { 4: 4, 6: 16 }[isIP(text)]);
    }),
    { numRuns: 500 },
  );
});

Deno.test("inet_pton refuses near misses", () => {
  const wrong = ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.4 ", "::1%lo", "[::1]"];
  wrong.push(
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "::12345",
    "1:2:3:4:5:6:7::8:9",
  );
  wrong.push("1.2.3.4::", "::1.2.3", ":1::2", "1:2:3:4:5:6:7:", "g::", "1".repeat(1_000_000));
  for (const text of wrong) assertEquals(inetPton(text), null, text.slice(0, 40));
});

Deno.test("inet_ntop compresses the first longest run and never a single group", () => {
  const known = {
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    "0:0:0:0:0:0:0:0": "::",
    "0:0:0:0:0:ffff:c000:0201": "::ffff:192.0.2.1",
    "ABCD::": "abcd::",
    "::1:2": "::1:2",
  };
  for (const [text, shown] of Object.entries(known)) {
    assertEquals(inetNtop(inetPton(text) ?? new Uint8Array()), shown);
  }
  assertThrows(() => inetNtop(new Uint8Array(5)), RangeError);
});

Deno.test("mapping an IPv4 address and taking it out again gives it back", () => {
  fc.assert(fc.property(ipv4, (bytes) => assertEquals(mappedIpv4(mapIpv4(bytes)), bytes)));
  assertEquals(mappedIpv4(inetPton("::1") ?? new Uint8Array()), null);
  assertEquals(addressNumber(Uint8Array.of(127, 0, 0, 1)), 2130706433n);
});

Deno.test("htons and htonl turn the bytes round, twice gives the number back", () => {
  assertEquals(htons(8888), 47138);
  assertEquals(htons(80), 20480);
  assertEquals(htonl(0x7f000001), 0x0100007f);
  assertEquals(htonl(0x000000ff), 0xff000000);
  fc.assert(fc.property(fc.nat(0xffff), fc.integer({ min: 0, max: 0xffffffff }), (short, long) => {
    assertEquals(ntohs(htons(short)), short);
    assertEquals(ntohl(htonl(long)), long);
    assertEquals(swap32(long) >= 0 && swap32(long) <= 0xffffffff, true);
    const view = new DataView(new ArrayBuffer(6));
    view.setUint32(0, long, true);
    view.setUint16(4, short, true);
    assertEquals([view.getUint32(0), view.getUint16(4)], [swap32(long), swap16(short)]);
  }));
});

Deno.test("a port that is a chosen one with its bytes swapped is recognised", () => {
  assertEquals(meantPort(47138), 8888);
  assertEquals(meantPort(20480), 80);
  assertEquals(meantPort(47873), 443);
  assertEquals(meantPort(36895), 8080);
  for (const port of [8888, 80, 443, 5000, 40123, 0, 257, 65535]) {
    assertEquals(meantPort(port), undefined, String(port));
  }
});
