import { assertEquals } from "@std/assert";
import { parseHosts, parseResolvConf } from "../../../lib/wire/hosts_file.ts";

Deno.test("hosts lines give an address and its names; comments and nonsense are left out", () => {
  const text =
    "# top\n127.0.0.1\tlocalhost loop # here\n\n  ::1 ip6-localhost\n999.1.1.1 bad\n10.0.0.1\n";
  assertEquals(parseHosts(text), [
    { address: "127.0.0.1", names: ["localhost", "loop"] },
    { address: "::1", names: ["ip6-localhost"] },
  ]);
});

Deno.test("resolv.conf gives at most three servers, the last search list, and bounded options", () => {
  const text = `; comment
nameserver 192.0.2.1
nameserver not-numeric
nameserver fe80::1%eth0
nameserver 192.0.2.2
nameserver 192.0.2.3
domain old.test
search a.test b.test
options ndots:99 timeout:0 attempts:9 rotate
`;
  assertEquals(parseResolvConf(text), {
    servers: ["192.0.2.1", "fe80::1%eth0", "192.0.2.2"],
    search: ["a.test", "b.test"],
    ndots: 15,
    attemptMs: 1000,
    attempts: 5,
  });
  assertEquals(parseResolvConf(""), {
    servers: [],
    search: [],
    ndots: 1,
    attemptMs: 5000,
    attempts: 2,
  });
});
