import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { everyKind, startDnsServer, type TestDnsServer } from "../support/dns_server.ts";
import { plumb, type ProcessResult } from "../support/process.ts";

async function dns(server: TestDnsServer, ...args: string[]): Promise<ProcessResult> {
  return await plumb(["dns", "--server", `127.0.0.1:${server.port}`, ...args]);
}

const zone = {
  "a.test": everyKind,
  "four.test": [{ type: "A", address: "192.0.2.7" }],
  "www.test": [{ type: "CNAME", target: "a.test" }],
  "7.2.0.192.in-addr.arpa": [{ type: "PTR", target: "a.test" }],
  "xn--bcher-kva.test": [{ type: "A", address: "192.0.2.8" }],
} as const;

Deno.test("dns prints addresses with aliases, TTL, server and time", async () => {
  await using server = startDnsServer({ zone, followAliases: true });
  const { code, stdout, stderr } = await dns(server, "www.test");
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^www\.test A +udp:\/\/127\.0\.0\.1:\d+ +[\d.]+ ms +authoritative$/m);
  assertMatch(stdout, /^ +www\.test +300s +CNAME +a\.test\n +a\.test +300s +A +192\.0\.2\.7$/m);
  assertMatch(stdout, /^ +a\.test +300s +AAAA +2001:db8::7$/m);
});

Deno.test("dns --json prints one object a lookup, times in ms and TTL in seconds", async () => {
  await using server = startDnsServer({ zone, followAliases: true });
  const { code, stdout } = await dns(server, "--json", "--type=A", "--type=TXT", "www.test");
  assertEquals(code, 0);
  const [a, txt] = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(Object.keys(a).slice(0, 2), ["event", "schema"]);
  assertEquals([a.event, a.name, a.type, a.outcome], ["lookup", "www.test", "A", "found"]);
  assertEquals(a.chain, [{ name: "www.test", type: "CNAME", ttl: 300, target: "a.test" }]);
  assertEquals(a.records, [{ name: "a.test", type: "A", ttl: 300, address: "192.0.2.7" }]);
  assert(typeof a.durationMs === "number" && a.durationMs > 0);
  assertEquals(txt.records[0].texts[1], 'quote " back \\ and \u00e9');
});

Deno.test("dns tells no such name (3) from no data (6), on both streams", async () => {
  await using server = startDnsServer({ zone });
  const missing = await dns(server, "nosuch.test");
  assertEquals(missing.code, 3);
  assertEquals(missing.stderr, "plumb: dns nosuch.test: no such name (NXDOMAIN)\n");
  assertStringIncludes(missing.stdout, "no such name (NXDOMAIN, may be kept 60s)");
  const empty = await dns(server, "--type=MX", "four.test");
  assertEquals(empty.code, 6);
  assertEquals(empty.stderr, "plumb: dns four.test: no such record\n");
  assertStringIncludes(empty.stdout, "no MX record; the name exists");
  const half = await dns(server, "four.test"); // no AAAA, but A: the host is whole
  assertEquals(half.code, 0);
  const several = await dns(server, "a.test", "nosuch.test", "--type=SRV", "four.test");
  assertEquals(several.code, 3);
  assertMatch(several.stderr, /2 of 3 names: nosuch\.test no such name; four\.test no such record/);
});

Deno.test("dns of an address asks for its name, and --reverse does it for what was found", async () => {
  await using server = startDnsServer({ zone });
  const back = await dns(server, "192.0.2.7");
  assertEquals(back.code, 0);
  assertMatch(back.stdout, /7\.2\.0\.192\.in-addr\.arpa +300s +PTR +a\.test/);
  const both = await dns(server, "--reverse", "--type=A", "four.test");
  assertEquals(both.code, 0);
  assertMatch(both.stdout, /four\.test +300s +A .*\n(.*\n)*.*PTR +a\.test/);
});

Deno.test("dns takes international names", async () => {
  await using server = startDnsServer({ zone });
  const { code, stdout } = await dns(server, "--type=A", "b\u00fccher.test");
  assertEquals(code, 0);
  assertMatch(stdout, /xn--bcher-kva\.test +300s +A +192\.0\.2\.8/);
});

Deno.test("dns gives up when --timeout is over", async () => {
  await using server = startDnsServer({ zone, drop: 1000 });
  const { code, stderr } = await dns(server, "--timeout=150ms", "a.test");
  assertEquals(code, 3);
  assertMatch(stderr, /^plumb: dns: no answer within 150 ms; raise it with --timeout\n$/);
});

Deno.test("dns without a server knows /etc/hosts, forward and reverse", async () => {
  const forward = await plumb(["dns", "localhost"]);
  assertEquals(forward.code, 0);
  assertMatch(forward.stdout, /^localhost +\/etc\/hosts +[\d.]+ ms\n +(127\.0\.0\.1|::1)$/m);
  const reverse = await plumb(["dns", "--json", "127.0.0.1"]);
  const { source, names } = JSON.parse(reverse.stdout);
  assertEquals([source, names.includes("localhost")], ["/etc/hosts", true]);
});

Deno.test("dns refuses what is no name, with a hint, before anything is asked", async () => {
  const wrong: ReadonlyArray<readonly [string, RegExp]> = [
    ["127.1", /legacy IPv4 form, not a name; write 127\.0\.0\.1/],
    ["a..b", /an empty label/],
    ["tcp://a:1", /an address, not a name/],
    ["a b", /not a host name/],
    ["", /NAME is empty/],
  ];
  for (const [text, message] of wrong) {
    const { code, stderr } = await plumb(["dns", text]);
    assertEquals(code, 2, text);
    assertMatch(stderr, message);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  }
  const server = await plumb(["dns", "--server", "unix:/x", "a.test"]);
  assertEquals(server.code, 2);
});

Deno.test("dns --plan asks nobody", async () => {
  await using server = startDnsServer({ zone });
  const { code, stdout } = await dns(server, "--plan", "--json", "192.0.2.7");
  assertEquals([code, server.asked.length], [0, 0]);
  assertEquals(JSON.parse(stdout).settings.names, ["192.0.2.7"]);
});
