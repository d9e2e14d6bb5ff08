import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  candidatesOf,
  readDnsSubject,
  readServer,
  systemServers,
} from "../../../lib/cli/dns_subject.ts";
import { NetError } from "../../../lib/core/error.ts";
import { parseResolvConf } from "../../../lib/wire/hosts_file.ts";

Deno.test("names keep their spelling, addresses become reverse names", () => {
  assertEquals(readDnsSubject("Example.ORG."), {
    name: "Example.ORG",
    address: null,
    question: "Example.ORG",
    absolute: true,
  });
  assertEquals(readDnsSubject("[2001:DB8::1]").address, "2001:db8::1");
  assertEquals(readDnsSubject("::ffff:192.0.2.1").question, "1.2.0.192.in-addr.arpa");
  assertEquals(readDnsSubject("b\u00fccher.test").name, "xn--bcher-kva.test");
  assertEquals(readDnsSubject("_sip._tcp.a.test").question, "_sip._tcp.a.test");
  assertEquals(readDnsSubject(".").question, ".");
});

Deno.test("any text is a subject or refused as usage", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    try {
      readDnsSubject(text);
    } catch (thrown) {
      assert(thrown instanceof NetError && thrown.kind === "usage", String(thrown));
    }
  }));
});

Deno.test("a server is a host, with a port where it is not 53", () => {
  const udp = { port: 53, tcpOnly: false };
  assertEquals(readServer("192.0.2.1"), { host: "192.0.2.1", ...udp });
  assertEquals(readServer("ns.test:5353"), { host: "ns.test", ...udp, port: 5353 });
  assertEquals(readServer("::1"), { host: "::1", ...udp });
  assertEquals(readServer("[::1]"), { host: "::1", ...udp });
  assertEquals(readServer("[::1]:54"), { host: "::1", ...udp, port: 54 });
  assertEquals(readServer("fe80::1%lo"), { host: "fe80::1", zone: "lo", ...udp });
  assertEquals(readServer("tcp://ns.test:53"), { host: "ns.test", port: 53, tcpOnly: true });
  for (const text of ["a b", "ns:x", "unix:/x", "exec://x", "1.2.3", "udp://h:1?ttl=1"]) {
    assertThrows(() => readServer(text), NetError);
  }
  assertEquals(systemServers(parseResolvConf("")), [{ host: "127.0.0.1", ...udp }]);
});

Deno.test("the search list is tried as resolv.conf(5) says", () => {
  const settings = parseResolvConf("search a.test b.test\noptions ndots:2");
  const candidates = (text: string) => candidatesOf(readDnsSubject(text), settings);
  assertEquals(candidates("db"), ["db.a.test", "db.b.test", "db"]);
  assertEquals(candidates("x.db"), ["x.db.a.test", "x.db.b.test", "x.db"]);
  assertEquals(candidates("y.x.db"), ["y.x.db", "y.x.db.a.test", "y.x.db.b.test"]);
  assertEquals(candidates("db."), ["db"]);
  assertEquals(candidates("192.0.2.1"), ["1.2.0.192.in-addr.arpa"]);
  assertEquals(candidatesOf(readDnsSubject("db"), null), ["db"]);
});
