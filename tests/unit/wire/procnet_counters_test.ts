import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseNetCounters } from "../../../lib/wire/procnet_counters.ts";

Deno.test("counters are read by pairs of lines with one prefix", () => {
  const text = "TcpExt: ListenOverflows ListenDrops\nTcpExt: 3 5\n" +
    "IpExt: InOctets\nIpExt: 123456789012\nTcp: MaxConn\nTcp: -1\n";
  assertEquals(Object.fromEntries(parseNetCounters(text)), {
    "TcpExt.ListenOverflows": 3,
    "TcpExt.ListenDrops": 5,
    "IpExt.InOctets": 123456789012,
    "Tcp.MaxConn": -1,
  });
});

Deno.test("what does not pair is left out", () => {
  for (const text of ["", "A: x\n", "A: x\nB: 1\n", "A x\nA 1\n", "A: x\nA: one\n", "A: x\nA:\n"]) {
    assertEquals(parseNetCounters(text).size, 0, text);
  }
  fc.assert(fc.property(fc.string(), (text) => void parseNetCounters(text)));
});
