import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import { inetNtop } from "../../../lib/wire/inet.ts";
import { decodeSockaddr, encodeSockaddr, type SocketAddress } from "../../../lib/wire/sockaddr.ts";

const known: ReadonlyArray<readonly [SocketAddress, string]> = [
  [{ family: "inet", host: "192.0.2.1", port: 8888 }, "020022b8c00002010000000000000000"],
  [
    { family: "inet6", host: "fe80::1", port: 80, flow: 0x12345, scope: 3 },
    "0a00005000012345fe80000000000000000000000000000103000000",
  ],
  [{ family: "unix", path: "/run/x" }, "01002f72756e2f7800"],
  [{ family: "unix", path: "\0abc" }, "010000616263"],
  [{ family: "unix", path: "" }, "0100"],
];

Deno.test("socket addresses lie in memory as ip(7), ipv6(7) and unix(7) say", () => {
  for (const [address, hex] of known) {
    assertEquals(encodeSockaddr(address).toHex(), hex);
    assertEquals(decodeSockaddr(Uint8Array.fromHex(hex)), address);
  }
});

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const hostOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(inetNtop);
const unixPath = fc.string({ unit: "grapheme", maxLength: 25 })
  .filter((path) => !path.includes("\0"));
const anyAddress: fc.Arbitrary<SocketAddress> = fc.oneof(
  fc.record({ family: fc.constant("inet" as const), host: hostOf(4), port: fc.nat(0xffff) }),
  fc.record({
    family: fc.constant("inet6" as const),
    host: hostOf(16),
    port: fc.nat(0xffff),
    flow: uint32,
    scope: uint32,
  }),
  fc.record({ family: fc.constant("unix" as const), path: unixPath }),
  fc.record({ family: fc.constant("unix" as const), path: unixPath.map((path) => `\0${path}`) }),
);

Deno.test("any socket address survives the way to memory and back", () => {
  fc.assert(fc.property(anyAddress, (address) => {
    fc.pre(address.family !== "unix" || new TextEncoder().encode(address.path).length < 108);
    assertEquals(decodeSockaddr(encodeSockaddr(address)), address);
  }));
});

Deno.test("an address is read at any offset of a larger buffer", () => {
  const bytes = new Uint8Array(64);
  bytes.set(encodeSockaddr({ family: "inet", host: "10.0.0.1", port: 1 }), 7);
  assertEquals(decodeSockaddr(bytes.subarray(7, 23)), {
    family: "inet",
    host: "10.0.0.1",
    port: 1,
  });
});

Deno.test("a path of 107 bytes fits, one of 108 does not; an abstract name may have 108", () => {
  const path = `/${"x".repeat(106)}`;
  assertEquals(encodeSockaddr({ family: "unix", path }).length, 110);
  assertThrows(() => encodeSockaddr({ family: "unix", path: `${path}x` }), NetError, "107");
  const abstract = `\0${"x".repeat(107)}`;
  assertEquals(decodeSockaddr(encodeSockaddr({ family: "unix", path: abstract })), {
    family: "unix",
    path: abstract,
  });
  assertThrows(() => encodeSockaddr({ family: "unix", path: `${abstract}x` }), NetError, "108");
});

Deno.test("a path that the kernel gave with all 108 bytes and no NUL is read whole", () => {
  const bytes = new Uint8Array(110).fill(0x78);
  bytes.set([1, 0]);
  assertEquals(decodeSockaddr(bytes), { family: "unix", path: "x".repeat(108) });
});

Deno.test("what is no socket address is refused, in both directions", () => {
  const bad: SocketAddress[] = [
    { family: "inet", host: "::1", port: 1 },
    { family: "inet", host: "localhost", port: 1 },
    { family: "inet", host: "1.2.3.4", port: 65536 },
    { family: "inet", host: "1.2.3.4", port: 1.5 },
    { family: "inet6", host: "1.2.3.4", port: 1, flow: 0, scope: 0 },
    { family: "inet6", host: "::1", port: 1, flow: -1, scope: 0 },
    { family: "inet6", host: "::1", port: 1, flow: 0, scope: 2 ** 32 },
    { family: "unix", path: "/a\0b" },
  ];
  for (const address of bad) assertThrows(() => encodeSockaddr(address), NetError, "sockaddr");
  for (const bytes of ["", "02", "0200", "02001234", "0a00", "ffff0000", "00000000"]) {
    assertThrows(() => decodeSockaddr(Uint8Array.fromHex(bytes)), NetError, "sockaddr");
  }
});

Deno.test("random bytes give an address or a NetError, nothing else", () => {
  fc.assert(fc.property(fc.constantFrom(1, 2, 10, 3), fc.uint8Array(), (family, rest) => {
    try {
      decodeSockaddr(Uint8Array.of(family, 0, ...rest));
    } catch (thrown) {
      assertEquals(thrown instanceof NetError, true);
    }
  }));
});
