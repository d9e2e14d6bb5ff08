/** Options about groups, read without a socket. */

import { assertEquals, assertThrows } from "@std/assert";
import { bindOptions } from "../../../lib/address/options.ts";
import { parseAddress } from "../../../lib/address/parse.ts";
import type { InetAddress } from "../../../lib/core/address.ts";
import { NetError } from "../../../lib/core/error.ts";
import { isMulticast } from "../../../lib/transport/multicast.ts";
import {
  membershipsOf,
  multicastRows,
  readMulticast,
} from "../../../lib/transport/multicast_options.ts";

function read(text: string) {
  const address = parseAddress(`listen:${text}`) as InetAddress;
  return readMulticast(bindOptions(address, multicastRows), "passive", address);
}

Deno.test("groups are told by their address", () => {
  for (const host of ["224.0.0.1", "239.255.255.255", "ff02::1", "ff3e::1", "ff02::1%lo"]) {
    assertEquals(isMulticast(host), true, host);
  }
  for (const host of ["223.255.255.255", "240.0.0.1", "fe80::1", "::", "name", "255.255.255.255"]) {
    assertEquals(isMulticast(host), false, host);
  }
});

Deno.test("an interface is found by name, number and address", () => {
  for (const named of ["lo", "127.0.0.1"]) {
    const { interface: on } = read(`udp://239.1.2.3:9?interface=${named}`);
    assertEquals([on?.name, on?.ipv4], ["lo", "127.0.0.1"]);
    assertEquals(read(`udp://239.1.2.3:9?interface=${on?.index}`).interface, on);
  }
});

Deno.test("each join may have an interface of its own, and sources hold for all", () => {
  const { memberships } = read(
    "udp://:9?join=239.1.2.3@lo&join=239.1.2.4&source=10.0.0.1,10.0.0.2",
  );
  assertEquals(memberships.map(({ group, on, sources }) => [group, on?.name, sources]), [
    ["239.1.2.3", "lo", ["10.0.0.1", "10.0.0.2"]],
    ["239.1.2.4", undefined, ["10.0.0.1", "10.0.0.2"]],
  ]);
});

Deno.test("a group as host is joined without being named again", () => {
  const settings = read("udp://[ff02::77%lo]:9");
  const [{ group, on } = { group: "", on: undefined }] = membershipsOf("ff02::77", settings);
  assertEquals([group, on?.name], ["ff02::77", "lo"]);
  assertEquals(membershipsOf("127.0.0.1", settings), []);
});

Deno.test("what cannot be is refused before anything is opened", () => {
  const wrong = [
    "udp://:9?join=10.0.0.1",
    "udp://:9?join=name.test",
    "udp://:9?join=239.1.2.3@none9",
    "udp://239.1.2.3:9?join=239.1.2.4",
    "udp://239.1.2.3:9?source=fd00::1",
    "udp://239.1.2.3:9?source=239.1.1.1",
    "udp://239.1.2.3:9?source=a.test",
    "udp://127.0.0.1:9?source=10.0.0.1",
    "udp://[fe80::1%none9]:9",
  ];
  for (const text of wrong) {
    assertEquals(assertThrows(() => read(text), NetError, undefined, text).kind, "option", text);
  }
});
