import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseInetSockets, parseUnixSockets } from "../../../lib/wire/procnet.ts";
import {
  parseInterfaceAddresses,
  parseInterfaces,
  parseIpv6Routes,
  parseRoutes,
} from "../../../lib/wire/procnet_routes.ts";

const tcp =
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 8123 1 0
   1: 0100007F:1F90 0200000A:C001 06 00000000:00000000 03:00000177 00000000     0        0 0 3 0
   2: 0100007F:D2F0 0100007F:1F90 01 0000001C:00000005 01:00000014 00000002  1000        0 9001 2 0
   3: garbage
   4: 0100007F:1F90 00000000:0000 0A 00000000:0000`;

Deno.test("a Unix path may hold whatever ends a line elsewhere", () => {
  for (const path of ["/tmp/a\rb", "@a\u2028b", "/tmp/a b"]) {
    const line = `0000000000000000: 00000002 00000000 00010000 0001 01 123 ${path}`;
    assertEquals(parseUnixSockets(line).map((row) => row.path), [path]);
  }
});

Deno.test("TCP rows carry state, both ends, queues, timer, owner and inode", () => {
  const [listener, waiting, busy, ...more] = parseInetSockets("tcp", tcp);
  assertEquals(more, []);
  assertEquals(listener, {
    protocol: "tcp",
    family: "inet",
    local: { host: "127.0.0.1", port: 8080 },
    remote: { host: "0.0.0.0", port: 0 },
    state: "LISTEN",
    sendQueue: 0,
    receiveQueue: 3,
    timer: "off",
    timerMs: 0,
    retransmits: 0,
    uid: 1000,
    inode: 8123,
  });
  assertEquals(waiting?.state, "TIME-WAIT");
  assertEquals([waiting?.timer, waiting?.timerMs], ["time-wait", 3750]);
  assertEquals(waiting?.remote, { host: "10.0.0.2", port: 49153 });
  assertEquals([busy?.sendQueue, busy?.receiveQueue, busy?.retransmits], [28, 5, 2]);
  assertEquals([busy?.timer, busy?.timerMs], ["retransmit", 200]);
});

Deno.test("IPv6 rows are read word by word, UDP rows with their drops", () => {
  const udp6 =
    "  7: 000080FE00000000FF00FC0201000000:14E9 00000000000000000000000000000000:0000 07 " +
    "00000000:00000000 00:00000000 00000000   101        0 4711 2 0000000000000000 12";
  const [row] = parseInetSockets("udp", udp6);
  assertEquals(row?.local, { host: "fe80::2fc:ff:0:1", port: 5353 });
  assertEquals([row?.family, row?.state, row?.drops], ["inet6", "CLOSED", 12]);
});

Deno.test("Unix rows tell listeners, keep blanks in paths and the mark of abstract names", () => {
  const unix = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 20001 /run/a b.sock
0000000000000000: 00000003 00000000 00000000 0001 03 20002
0000000000000000: 00000002 00000000 00000000 0002 01   303 @name
0000000000000000: 00000002 00000000 00010000 0005 01 20004 /run/seq
not a row`;
  assertEquals(parseUnixSockets(unix).map((row) => [row.type, row.state, row.inode, row.path]), [
    ["stream", "listening", 20001, "/run/a b.sock"],
    ["stream", "connected", 20002, ""],
    ["dgram", "unconnected", 303, "@name"],
    ["seqpacket", "listening", 20004, "/run/seq"],
  ]);
});

Deno.test("routes have prefix lengths, gateways and whether they can be used", () => {
  const route = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	100	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
eth0	000010AC	00000000	0200	0	0	0	0000FF0F	0	0	0
eth0	0000000A	00000000	0201	0	0	0	000000FF	0	0	0`;
  assertEquals(parseRoutes(route), [
    {
      family: "inet",
      interface: "eth0",
      destination: "0.0.0.0",
      prefixLength: 0,
      gateway: "192.0.2.1",
      metric: 100,
      usable: true,
      local: false,
    },
    {
      family: "inet",
      interface: "eth0",
      destination: "192.0.2.0",
      prefixLength: 24,
      gateway: null,
      metric: 0,
      usable: true,
      local: false,
    },
    // a mask with holes is left out
    {
      family: "inet",
      interface: "eth0",
      destination: "10.0.0.0",
      prefixLength: 8,
      gateway: null,
      metric: 0,
      usable: false,
      local: false,
    },
  ]);
  const zeros = "0".repeat(32);
  const six = parseIpv6Routes(`${zeros} 00 ${zeros} 00 fd00${"0".repeat(27)}1 00000400 1 0 3 eth0
${zeros} 00 ${zeros} 00 ${zeros} ffffffff 00000001 00000000 00200200       lo
${"0".repeat(31)}1 80 ${zeros} 00 ${zeros} 00000000 00000002 00000000 80200001       lo
${zeros} 81 ${zeros} 00 ${zeros} 00000000 00000002 00000000 80200001       lo`);
  assertEquals(
    six.map(({ gateway, metric, usable, local }) => [gateway, metric, usable, local]),
    [["fd00::1", 1024, true, false], [null, 0xffffffff, false, false], [null, 0, true, true]],
  );
});

Deno.test("interfaces have addresses with scope, and counters of both directions", () => {
  assertEquals(parseInterfaceAddresses("fe8000000000000000fc00fffe000001 04 40 20 80     eth0"), [
    { interface: "eth0", host: "fe80::fc:ff:fe00:1", prefixLength: 64, index: 4, scope: "link" },
  ]);
  const dev = `Inter-|   Receive      |  Transmit
 face |bytes    packets errs
eth0:66744503 1467 1 2 0 0 0 0 78078 913 3 4 0 0 0 0
eth0:1: 5 6 7 8 0 0 0 0 9 10 11 12 0 0 0 0`;
  assertEquals(parseInterfaces(dev), [
    {
      interface: "eth0",
      received: { bytes: 66744503, packets: 1467, errors: 1, drops: 2 },
      sent: { bytes: 78078, packets: 913, errors: 3, drops: 4 },
    },
    {
      interface: "eth0:1",
      received: { bytes: 5, packets: 6, errors: 7, drops: 8 },
      sent: { bytes: 9, packets: 10, errors: 11, drops: 12 },
    },
  ]);
});

const parsers = {
  tcp: (text: string) => parseInetSockets("tcp", text),
  unix: parseUnixSockets,
  route: parseRoutes,
  ipv6Route: parseIpv6Routes,
  interfaceAddresses: parseInterfaceAddresses,
  interfaces: parseInterfaces,
};

Deno.test("no text crashes a parser, and a cut file gives the rows before the cut", () => {
  const word = fc.oneof(fc.string(), fc.stringMatching(/^[0-9A-F:]{1,33}$/));
  const line = fc.array(word, { maxLength: 20 }).map((words) => words.join(" "));
  fc.assert(fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
    for (const parse of Object.values(parsers)) parse(lines.join("\n"));
  }));
  const whole = parseInetSockets("tcp", tcp);
  for (let end = 0; end < tcp.length; end++) {
    const rows = parseInetSockets("tcp", tcp.slice(0, end));
    // The last line may be cut within a number: every line before it is whole.
    assertEquals(rows.slice(0, -1), whole.slice(0, Math.max(0, rows.length - 1)));
  }
});

Deno.test("a megabyte of anything is read in linear time", () => {
  const pieces = ["0: ", "0100007F:1F90 ", " ", "a", ":", "\n", "0000000000000000: 0 0 0 1 1 1 "];
  const startMs = performance.now();
  for (const piece of pieces) {
    const text = piece.repeat(1_000_000 / piece.length);
    for (const parse of Object.values(parsers)) parse(text);
  }
  // A quadratic one would take minutes for a single text.
  assertEquals(performance.now() - startMs < 8000, true);
});
