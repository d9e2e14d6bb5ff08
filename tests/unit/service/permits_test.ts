import { assert, assertEquals } from "@std/assert";
import type { Peer } from "../../../lib/core/contract.ts";
import { peerKey, Permits } from "../../../lib/service/permits.ts";

const peer = (host?: string): Peer => {
  return { scheme: "tcp", text: `tcp://${host}:1`, ...(host === undefined ? {} : { host }) };
};

Deno.test("what counts as one peer: an IPv4 address, the /64 of an IPv6 one", () => {
  const same = (a: string, b: string) => peerKey(peer(a)) === peerKey(peer(b));
  assert(!same("192.0.2.1", "192.0.2.2"));
  assert(same("2001:db8::1", "2001:db8:0:0:ffff::2"));
  assert(!same("2001:db8::1", "2001:db8:0:1::1"));
  assert(!same("::1", "192.0.2.1"));
});

Deno.test("link-local neighbours share a prefix and are still told apart", () => {
  const keys = ["fe80::1%eth0", "fe80::2%eth0", "fe80::1%eth1", "fe80::1", "fe80::2", "febf::1"]
    .map((host) => peerKey(peer(host)));
  assertEquals(new Set(keys).size, keys.length);
});

Deno.test("peers without a host are not counted by peer, only in all", () => {
  const permits = new Permits(3, 1);
  assertEquals(peerKey(peer()), null);
  for (let at = 0; at < 3; at++) assert(permits.take(peer()));
  assert(permits.isFull);
});

Deno.test("a place that was given back can be taken again, as often as one likes", () => {
  const permits = new Permits(10, 1);
  for (let round = 0; round < 5; round++) {
    assert(permits.take(peer("192.0.2.1")));
    assert(!permits.take(peer("192.0.2.1")));
    permits.giveBack(peer("192.0.2.1"));
    assertEquals(permits.inUse, 0);
  }
});

Deno.test("who waits for room is woken when a place is free", async () => {
  const permits = new Permits(1, 1);
  permits.take(peer("192.0.2.1"));
  let woken = 0;
  const waiting = [permits.room(), permits.room()].map((room) => room.then(() => woken++));
  await Promise.resolve();
  assertEquals(woken, 0);
  permits.giveBack(peer("192.0.2.1"));
  await Promise.all(waiting);
  assertEquals(woken, 2);
});
