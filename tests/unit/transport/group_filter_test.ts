/** The filter of IPv6 groups, run as the kernel runs it. */

import { assertEquals } from "@std/assert";
import type { FilterInstruction } from "../../../lib/sys/socket_filter.ts";
import { groupFilter } from "../../../lib/transport/group_filter.ts";
import type { Membership } from "../../../lib/transport/multicast.ts";
import { inetPton } from "../../../lib/wire/inet.ts";

/** The instructions that are used, as Documentation/networking/filter.rst has them. */
function run(
  program: readonly FilterInstruction[],
  packet: Uint8Array,
  interfaceIndex: number,
): "accept" | "drop" {
  const view = new DataView(packet.buffer);
  let a = 0;
  for (let pc = 0; pc < program.length; pc++) {
    const { code = 0, k = 0, yes = 0, no = 0 } = program[pc] ?? {};
    const offset = k - 0xfff00000; // SKF_NET_OFF
    if (code === 0x30) a = view.getUint8(offset);
    else if (code === 0x20) a = k === 0xfffff008 ? interfaceIndex : view.getUint32(offset);
    else if (code === 0x54) a &= k;
    else if (code === 0x15) pc += a === k ? yes : no;
    else if (code === 0x06) return k === 0 ? "drop" : "accept";
    else throw new Error(`instruction ${code}`);
  }
  throw new Error("ran off its end");
}

function packetTo(host: string): Uint8Array {
  const packet = new Uint8Array(48);
  packet[0] = host.includes(":") ? 0x6e : 0x45; // version, and the first bits of what follows
  packet.set(inetPton(host) ?? [], host.includes(":") ? 24 : 16);
  return packet;
}

const on = (index: number) => ({ name: `eth${index}`, index, ipv4: undefined });
const memberships: readonly Membership[] = [
  { group: "ff05::1", on: on(2), sources: [] },
  { group: "ff05::1", on: on(3), sources: [] },
  { group: "ff05::2", on: on(3), sources: ["fd77::1"] },
  { group: "ff05::3", on: undefined, sources: [] },
  { group: "239.1.2.3", on: on(2), sources: [] },
];

Deno.test("a group is taken by the interfaces that it was joined on", () => {
  const taken = (host: string) =>
    [1, 2, 3].filter((index) => run(groupFilter(memberships), packetTo(host), index) === "accept");
  assertEquals(taken("ff05::1"), [2, 3]);
  assertEquals(taken("ff05::2"), [3]);
  assertEquals(taken("ff05::3"), [1, 2, 3]); // joined by route: nobody told which one that is
  assertEquals(taken("ff05::4"), []);
});

Deno.test("what is sent to one machine, or over IPv4, passes", () => {
  for (const host of ["fd77::5", "fe80::1", "::1", "10.0.0.1", "239.9.9.9", "255.255.255.255"]) {
    assertEquals([host, run(groupFilter(memberships), packetTo(host), 1)], [host, "accept"]);
  }
});

Deno.test("no group differs from a joined one in any of its words unnoticed", () => {
  for (const host of ["ff06::1", "ff05:0:1::1", "ff05::1:0:1", "ff05::2:1", "ff05::101"]) {
    assertEquals([host, run(groupFilter(memberships), packetTo(host), 2)], [host, "drop"]);
  }
});
