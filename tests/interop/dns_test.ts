import { assertEquals, assertMatch } from "@std/assert";
import { everyKind, kindNames, startDnsServer } from "../support/dns_server.ts";
import { freeUdpPort, udpBound } from "../support/ports.ts";
import { plumb, run, start } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";
import { dataText } from "../../lib/wire/dns_text.ts";

toolTest(
  "dig",
  "dig reads every kind of record that the codec writes as the codec shows it",
  async () => {
    await using server = startDnsServer({ zone: { "a.test": everyKind } });
    for (const kind of kindNames.filter((name) => name !== "CNAME")) {
      const dig = ["dig", "@127.0.0.1", "-p", String(server.port), "+short", "a.test", kind];
      const { stdout } = await run(dig);
      const [data] = everyKind.filter((data) => data.type === kind);
      // dig writes names with their last dot; nothing else may differ.
      const plain = stdout.trim().replace(/(?<=[a-z])\.(?= |$)/g, "");
      assertEquals(plain, data === undefined ? "" : dataText(data));
    }
  },
);

/** A real server, which compresses names and follows aliases. */
toolTest(
  "dnsmasq",
  "dns reads the answers of dnsmasq: aliases, kinds, NXDOMAIN, no data",
  async () => {
    const port = freeUdpPort();
    await using server = start([
      "dnsmasq",
      "--keep-in-foreground",
      "--no-resolv",
      "--no-hosts",
      "--conf-file=/dev/null",
      "--pid-file",
      "--user=",
      "--listen-address=127.0.0.1",
      "--bind-interfaces",
      `--port=${port}`,
      "--local=/test/",
      "--host-record=long-name.host.test,192.0.2.1,2001:db8::1",
      "--cname=www.test,long-name.host.test",
      "--mx-host=host.test,mail.host.test,5",
      "--txt-record=host.test,one,two words",
      "--srv-host=_sip._tcp.host.test,srv.host.test,5060,1,2",
      "--naptr-record=host.test,1,2,s,SIP+D2U,,_sip._udp.host.test",
      "--caa-record=host.test,0,issue,ca.test",
      "--ptr-record=9.2.0.192.in-addr.arpa,nine.test",
    ]);
    await udpBound(port);
    const ask = async (...args: string[]) =>
      await plumb(["dns", "--server", `127.0.0.1:${port}`, ...args]);
    const alias = await ask("www.test");
    assertEquals(alias.code, 0, alias.stderr);
    assertMatch(alias.stdout, /www\.test +0s +CNAME +long-name\.host\.test\n.* A +192\.0\.2\.1\n/);
    assertMatch(alias.stdout, /AAAA +2001:db8::1/);
    const kinds = ["--type=MX", "--type=TXT", "--type=CAA", "--type=NAPTR"];
    const other = await ask(...kinds, "host.test");
    assertMatch(other.stdout, /MX +5 mail\.host\.test/);
    assertMatch(other.stdout, /TXT +"one" "two words"/);
    assertMatch(other.stdout, /CAA +0 issue "ca\.test"/);
    assertMatch(other.stdout, /NAPTR +1 2 "s" "SIP\+D2U" "" _sip\._udp\.host\.test/);
    assertMatch((await ask("--type=SRV", "_sip._tcp.host.test")).stdout, /SRV +1 2 5060 srv\.host/);
    assertMatch((await ask("192.0.2.9")).stdout, /PTR +nine\.test/);
    assertEquals((await ask("nosuch.test")).code, 3);
    assertEquals((await ask("--type=SOA", "www.test")).code, 6);
    assertEquals((await plumb(["dns", "--server", `tcp://127.0.0.1:${port}`, "www.test"])).code, 0);
    await server.stop();
  },
);
