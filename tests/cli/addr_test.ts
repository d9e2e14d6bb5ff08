import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { plumb } from "../support/process.ts";

async function addr(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await plumb(["addr", ...args]);
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

async function addrJson(...args: string[]): Promise<Record<string, Record<string, unknown>>[]> {
  return (await addr("--json", ...args)).trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("addr shows family, memory, byte order, kind and class of an IPv4 address", async () => {
  const shown = await addr("10.1.2.3:8888");
  const lines: readonly RegExp[] = [
    /^ +family +AF_INET +2$/m,
    /^ +presentation +10\.1\.2\.3 +inet_ntop$/m,
    /^ +network order +0a 01 02 03 +inet_pton$/m,
    /^ +as a number +167838211 +0x0a010203 +host order/m,
    /^ +s_addr +50462986 +0x0302010a /m,
    /^ +kind +private +private network \(RFC 1918\)$/m,
    /^ +old class +A /m,
    /^ +IPv4-mapped +::ffff:10\.1\.2\.3 /m,
    /^ +port +8888 +0x22b8 /m,
    /^ +htons +47138 +0xb822 +bytes 22 b8 on the wire$/m,
    /^ +sockaddr_in +02 00 22 b8 0a 01 02 03 00 00 00 00 00 00 00 00 +16 bytes in memory$/m,
  ];
  for (const line of lines) assertMatch(shown, line);
});

Deno.test("addr recognises a port with its bytes swapped, and says what is missing", async () => {
  for (const text of ["47138", ":47138", "127.0.0.1:47138", "udp://127.0.0.1:47138"]) {
    assertStringIncludes(
      await addr(text),
      "47138 is 8888 with its bytes swapped: htons missing or doubled",
    );
  }
  const right = await addr(":8888");
  assertMatch(right, /byte-swapped +47138/);
  assertEquals(right.includes("looks swapped"), false);
});

Deno.test("addr works out a prefix", async () => {
  const shown = await addr("10.1.2.3/20");
  assertMatch(shown, /^ +network +10\.1\.0\.0\/20$/m);
  assertMatch(shown, /^ +broadcast +10\.1\.15\.255$/m);
  assertMatch(shown, /^ +hosts +10\.1\.0\.1 - 10\.1\.15\.254 +4094 of 4096 /m);
  assertEquals(
    (await addrJson("10.1.2.3/255.255.240.0"))[0]?.["prefix"],
    (await addrJson("10.1.2.3/20"))[0]?.["prefix"],
  );
});

Deno.test("addr explains old spellings", async () => {
  assertMatch(await addr("127.1"), /old spelling +means 127\.0\.0\.1 +1 fills the last 3 bytes/);
  assertMatch(await addr("0x7f000001"), /means 127\.0\.0\.1 +0x7f000001 is hexadecimal/);
  assertMatch(await addr("0177.0.0.1"), /0177 is octal for 127/);
  assertMatch(await addr("2130706433"), /means 127\.0\.0\.1/);
});

Deno.test("addr shows flow and scope of IPv6, and what a mapped address maps", async () => {
  const [scoped] = await addrJson("fe80::1%lo");
  assertEquals(scoped?.["sockaddr"], {
    struct: "sockaddr_in6",
    bytes: "0a0000000000000" + "0fe80000000000000000000000000000101000000",
    length: 28,
    flow: 0,
    scope: 1,
    zone: "lo",
  });
  const mapped = await addr("[::ffff:10.0.0.1]:80");
  assertMatch(mapped, /IPv4 within +10\.0\.0\.1\n +its kind +private/);
  assertMatch(await addr("ff05::2"), /scope +site-local/);
});

Deno.test("addr shows Unix sockets by path and by abstract name", async () => {
  const [file, abstract] = await addrJson("unix:/run/x", "@abc");
  assertEquals(file?.["sockaddr"]?.["bytes"], "01002f72756e2f7800");
  assertEquals(abstract?.["sockaddr"]?.["bytes"], "010000616263");
  assertEquals(abstract?.["path"], { text: "@abc", abstract: true, bytes: 4 });
});

Deno.test("addr alone lists the interfaces", async () => {
  const shown = await addr();
  assertMatch(shown, /^INTERFACE +STATE +MTU +ADDRESS +KIND +BROADCAST +GATEWAY$/m);
  assertMatch(shown, /^lo +up +\d+ +127\.0\.0\.1\/8 +loopback/m);
  const lo = (await addrJson()).find((found) => String(found["interface"]) === "lo");
  assertEquals(Object.keys(lo ?? {}).includes("gateways"), true);
});

Deno.test("addr --to shows the way without sending anything", async () => {
  const shown = (await addr("--to", "127.0.0.1")).replace(/MTU \d+/, "MTU");
  assertEquals(shown.split("\n").map((line) => line.trim().split(/ {2,}/)), [
    ["127.0.0.1"],
    ["source", "127.0.0.1"],
    ["interface", "lo", "MTU"],
    ["gateway", "none", "this machine itself"],
    [""],
  ]);
  assertMatch(await addr("--to", "localhost"), /^localhost +(127\.0\.0\.1|::1)\n/);
  const [six] = await addrJson("--to", "[::1]");
  assertEquals(String(six?.["source"]), "::1");
  const elsewhere = await plumb(["addr", "--to", "fe80::1%nosuch0"]);
  assertEquals(elsewhere.code, 2, elsewhere.stdout);
  assertMatch(elsewhere.stderr, /^plumb: addr fe80::1%nosuch0: no such interface nosuch0\n$/);
});

Deno.test("addr refuses names and nonsense in one line, with what helps", async () => {
  const wrong: ReadonlyArray<readonly [string, RegExp]> = [
    ["example.org", /a name, not an address; plumb dns example\.org resolves it/],
    ["example.org:80", /plumb dns example\.org/],
    ["tcp://example.org:80", /a name, not an address/],
    ["300.1.1.1", /no address/],
    ["1.2.3.4/33", /no prefix length \(0 to 32\)/],
    ["1.2.3.4/255.0.255.0", /no netmask/],
    ["1.2.3.4:65536", /at most 65535/],
    ["1.2.3.4%lo", /IPv4 has no zones/],
    [":nosuch", /no service/],
    ["", /ADDR is empty/],
    ["exec:ls", /no address of a socket/],
  ];
  for (const [text, message] of wrong) {
    const { code, stderr, stdout } = await plumb(["addr", text]);
    assertEquals([code, stdout], [2, ""], text);
    assertMatch(stderr, message);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  }
});
