/** What cannot be, said of datagram addresses: exit status and one line. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { plumb } from "../support/process.ts";

interface Fault {
  readonly args: readonly string[];
  readonly status: number;
  readonly says: string;
  readonly input?: string;
}

const group = "udp://239.77.0.2:0";

const faults: readonly Fault[] = [
  { args: ["listen", `${group}?interface=no9`], status: 2, says: "no such interface" },
  { args: ["connect", `${group}9?interface=no9`], status: 2, says: "no such interface" },
  { args: ["listen", "udp://:0?join=10.1.2.3"], status: 2, says: "not a multicast group" },
  { args: ["listen", "udp://:0?join=239.1.2.3@no9"], status: 2, says: "no such interface" },
  { args: ["listen", `${group}?join=239.1.2.3`], status: 2, says: "receives no other" },
  { args: ["listen", `${group}?source=name.test`], status: 2, says: "not a numeric address" },
  { args: ["listen", `${group}?source=fd00::1`], status: 2, says: "of another family" },
  { args: ["listen", "udp://127.0.0.1:0?source=10.1.1.1"], status: 2, says: "no group" },
  { args: ["connect", `${group}9?multicast-ttl=300`], status: 2, says: "at most 255" },
  { args: ["connect", "udp://127.0.0.1:9?ttl=300"], status: 2, says: "at most 255" },
  { args: ["connect", "udp://[fe80::1%no9]:9"], status: 2, says: "no such interface" },
  { args: ["connect", "udp://[ff02::1%lo]:9?interface=no9"], status: 2, says: "no9" },
  { args: ["listen", "udp://[ff02::1234]:0"], status: 2, says: "needs an interface" },
  { args: ["serve", "echo", "udp://[fe80::1]:0"], status: 2, says: "needs an interface" },
  { args: ["listen", "tcp://[fe80::1]:0"], status: 2, says: "needs an interface" },
  { args: ["listen", "tcp://[ff02::1%lo]:0"], status: 3, says: "nothing can be bound to" },
  { args: ["connect", "tcp://[fe80::1]:9"], status: 2, says: "write [fe80::1%INTERFACE]" },
  { args: ["connect", "udp://127.0.0.1:9?any-peer=perhaps"], status: 2, says: "any-peer" },
  { args: ["connect", "udp://255.255.255.255:9"], status: 2, says: "broadcast" },
  { args: ["connect", "udp://127.255.255.255:9"], status: 2, says: "broadcast" },
  { args: ["connect", "udp://no-such-name.invalid:9"], status: 3, says: "no-such-name.invalid" },
  { args: ["connect", "unixgram:/nowhere/at/all"], status: 3, says: "/nowhere/at/all" },
  { args: ["connect", "unixgram:/dev/null"], status: 3, says: "/dev/null" },
  { args: ["probe", "tcp://127.0.0.1:9"], status: 2, says: "udp only" },
  { args: ["probe", "udp://127.0.0.1:9"], status: 3, says: "connection refused" },
  { args: ["serve", "announce", "tcp://127.0.0.1:9"], status: 2, says: "no datagrams" },
  { args: ["serve", "announce", "udp://127.0.0.1:9", "--text", "{me}"], status: 2, says: "{me}" },
  { args: ["serve", "echo", "udp://127.0.0.1:0", "--every", "1s"], status: 2, says: "announce" },
  { args: ["serve", "announce"], status: 2, says: "ADDR" },
  { args: ["listen", "--gaps", "tcp://127.0.0.1:0"], status: 2, says: "no datagrams" },
  { args: ["listen", "--gaps", "--keep", "udp://127.0.0.1:0"], status: 2, says: "--keep" },
  {
    args: ["serve", "echo", "udp://127.0.0.1:0", "--rate-per-peer", "5"],
    status: 2,
    says: "write 5/s",
  },
  {
    args: ["connect", "udp://127.0.0.1:9", "--frame=line"],
    input: "x".repeat(65_520),
    status: 4,
    says: "65520 bytes do not fit in one datagram of at most 65507",
  },
];

Deno.test("faults of datagram addresses are told apart, in one line each", async () => {
  for (let at = 0; at < faults.length; at += 4) {
    await Promise.all(
      faults.slice(at, at + 4).map(async ({ args, status, says, input }) => {
        const { code, stdout, stderr } = await plumb(args, { stdin: { text: input ?? "x" } });
        assertEquals([code, stdout], [status, ""], `${args.join(" ")}: ${stderr}`);
        assertStringIncludes(stderr, says);
        assert(/^plumb: [^\n]*\n$/.test(stderr), stderr);
      }),
    );
  }
});
