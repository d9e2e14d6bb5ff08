/**
 * Broadcast, multicast and the errors of datagrams on networks of the test's own: several hosts, as
 * namespaces, with plumb as a process on each.
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Network, networkTest } from "../support/namespaces.ts";
import type { RunningProcess } from "../support/process.ts";

/** What a listener has printed, once it has said where it listens. */
async function listening(...processes: readonly RunningProcess[]): Promise<void> {
  await Promise.all(processes.map((one) => one.listening()));
}

networkTest("a broadcast reaches every host of the network and is answered", async () => {
  await using network = new Network();
  const [a, b, c] = [await network.host("a"), await network.host("b"), await network.host("c")];
  await network.join([a, b, c]);
  await network.join([a, b, c], 2, "eth1");
  for (const target of ["10.77.1.255", "255.255.255.255"]) {
    await using one = b.plumb(["serve", "upper", "udp://0.0.0.0:9000"]);
    await using other = c.plumb(["serve", "upper", "udp://0.0.0.0:9000"]);
    await listening(one, other);
    // 255.255.255.255 says nothing of a network; the answers come from the addresses of this one.
    const address = `udp://${target}:9000?broadcast&interface=eth0`;
    await using client = a.plumb(["connect", address, "--replies", "2"], {
      stdin: { text: "anybody" },
    });
    const { code, stdout, stderr } = await client.result();
    assertEquals([code, stdout], [0, "ANYBODYANYBODY"], stderr);
    assertStringIncludes(stderr, "from udp://10.77.1.2:9000");
    assertStringIncludes(stderr, "from udp://10.77.1.3:9000");
  }
});

networkTest("without the option a broadcast is refused before anything is sent", async () => {
  await using network = new Network();
  const [a, b] = [await network.host("a"), await network.host("b")];
  await network.join([a, b]);
  for (const target of ["10.77.1.255", "255.255.255.255"]) {
    await using client = a.plumb(["connect", `udp://${target}:9000`], { stdin: { text: "x" } });
    const { code, stderr } = await client.result();
    assertEquals(code, 2);
    assertStringIncludes(stderr, "broadcast");
  }
});

const groups = [
  { group: "239.77.0.2", host: "239.77.0.2", sender: /udp:\/\/10\.77\.1\.1:/ },
  { group: "ff05::7702", host: "[ff05::7702]", sender: /udp:\/\/\[f[de]/ },
] as const;

networkTest(
  "a group is received by two on one host and one on another, and not when left",
  async () => {
    await using network = new Network();
    const [a, b, c] = [await network.host("a"), await network.host("b"), await network.host("c")];
    await network.join([a, b, c]);
    for (const { host, sender } of groups) {
      const args = ["listen", "--gaps", `udp://${host}:9000?interface=eth0`];
      await using one = b.plumb(args, { stdin: "null" });
      await using two = b.plumb(args, { stdin: "null" });
      await using three = c.plumb(args, { stdin: "null" });
      await listening(one, two, three);
      const target = `udp://${host}:9000?interface=eth0`;
      await using announcer = a.plumb([
        "serve",
        "announce",
        target,
        "--every",
        "50ms",
        "--text",
        "[n={seq}]",
      ]);
      for (const receiver of [one, two, three]) await receiver.stdoutHas("[n=3]");
      // Who ends has left: the others go on.
      await two.stop();
      const soFar = /n=(\d+)\]$/.exec(one.stdout)?.[1];
      await one.stdoutHas(`[n=${Number(soFar) + 3}]`);
      await three.stdoutHas(`[n=${Number(soFar) + 3}]`);
      await announcer.stop();
      const { stderr } = await one.stop();
      assertStringIncludes(stderr, " 0 lost, 0 duplicates, 0 reordered");
      assert(sender.test(stderr), stderr);
    }
  },
);

networkTest("with two interfaces a group comes in by the one that it was joined on", async () => {
  await using network = new Network();
  const [a, b] = [await network.host("a"), await network.host("b")];
  await network.join([a, b], 1, "eth0");
  await network.join([a, b], 2, "eth1");
  for (const { host, group } of groups) {
    const on = (device: string) =>
      b.plumb(["listen", "--gaps", `udp://${host}:9000?interface=${device}`], { stdin: "null" });
    // Both join on the same host: by default the kernel would give each what the other joined.
    await using first = on("eth0");
    await using second = on("eth1");
    const both = group.includes(":") ? "[::]" : "0.0.0.0";
    const joins = `join=${group}@eth0&join=${group}@eth1`;
    await using third = b.plumb(["listen", "--gaps", `udp://${both}:9000?reuseaddr&${joins}`], {
      stdin: "null",
    });
    await listening(first, second, third);
    const announce = async (device: string) => {
      await using sender = a.plumb([
        "serve",
        "announce",
        `udp://${host}:9000?interface=${device}`,
        ...["--every", "20ms", "--count", "5", "--text", `<${device} n={seq}>`],
      ]);
      await sender.result();
    };
    await announce("eth0");
    await announce("eth1");
    for (const [receiver, own, other] of [[first, 0, 1], [second, 1, 0]] as const) {
      await receiver.stdoutHas(`<eth${own} n=5>`);
      assert(!receiver.stdout.includes(`eth${other}`), receiver.stdout);
    }
    await third.stdoutHas("<eth0 n=5>");
    await third.stdoutHas("<eth1 n=5>");
  }
});

networkTest(
  "a socket of all addresses gets a group by its own interface, whoever joined it elsewhere",
  async () => {
    await using network = new Network();
    const [a, b] = [await network.host("a"), await network.host("b")];
    await network.join([a, b], 1, "eth0");
    await network.join([a, b], 2, "eth1");
    for (const { host, group } of groups) {
      const every = group.includes(":") ? "[::]" : "0.0.0.0";
      const on = (device: string, more = "") => {
        const address = `udp://${every}:9000?reuseaddr&join=${group}@${device}${more}`;
        return b.plumb(["listen", "--gaps", address], { stdin: "null" });
      };
      await using first = on("eth0");
      await listening(first);
      await using second = on("eth1");
      await listening(second);
      await using all = on("eth0", "&multicast-all");
      await listening(all);
      const send = async (target: string, text: string) => {
        await using sender = a.plumb(["connect", `udp://${target}`, "--until-quiet=10ms"], {
          stdin: { text },
        });
        await sender.result();
      };
      for (const device of ["eth0", "eth1", "eth0", "eth1"]) {
        await send(`${host}:9000?interface=${device}`, `<${device}>`);
      }
      // A queue keeps the order: what came between two that were received is not on its way.
      await first.stdoutHas("<eth0><eth0>");
      await second.stdoutHas("<eth1><eth1>");
      await all.stdoutHas("<eth0><eth1><eth0><eth1>");
      // What is sent to this machine alone no filter keeps out; the newest of the sockets gets it.
      await all.stop();
      await send(group.includes(":") ? "[fd77:2::2]:9000" : "10.77.2.2:9000", "<alone>");
      await second.stdoutHas("<eth1><eth1><alone>");
    }
  },
);

networkTest(
  "connect and relay take groups, with the interface by number or by address",
  async () => {
    await using network = new Network();
    const [a, b] = [await network.host("a"), await network.host("b")];
    await network.join([a, b], 1, "eth0");
    await network.join([a, b], 2, "eth1");
    await using shown = b.start(["cat", "/sys/class/net/eth1/ifindex"], { stdin: "null" });
    const number = (await shown.result()).stdout.trim();
    await using behind = b.plumb(["serve", "upper", "udp://127.0.0.1:9001"]);
    await behind.listening();
    for (const { host, group } of groups) {
      const front = `listen:udp://${host}:9000?interface=${number}`;
      await using relay = b.plumb(["relay", front, "udp://127.0.0.1:9001"]);
      await relay.listening();
      const own = group.includes(":") ? "fd77:2::1" : "10.77.2.1";
      const target = `udp://${host}:9000?interface=${own}`;
      await using client = a.plumb(["connect", target, "--replies", "1"], {
        stdin: { text: "through" },
      });
      const { code, stdout, stderr } = await client.result();
      assertEquals([code, stdout], [0, "THROUGH"], stderr);
    }
  },
);

networkTest("a group is left with its socket", async () => {
  await using network = new Network();
  const [a, b] = [await network.host("a"), await network.host("b")];
  await network.join([a, b]);
  const joined = async () => {
    await using shown = b.start(["ip", "maddr", "show", "dev", "eth0"], { stdin: "null" });
    return (await shown.result()).stdout;
  };
  for (const { host, group } of groups) {
    await using listener = b.plumb(["listen", `udp://${host}:9000?interface=eth0`], {
      stdin: "null",
    });
    await listener.listening();
    assertStringIncludes(await joined(), group);
    await listener.stop();
    assert(!(await joined()).includes(group));
  }
});

networkTest("of a source-specific group nothing of others is received", async () => {
  await using network = new Network();
  const [a, b, c] = [await network.host("a"), await network.host("b"), await network.host("c")];
  await network.join([a, b, c]);
  for (const [group, source] of [["232.1.2.3", "10.77.1.1"], ["ff35::1", "fd77:1::1"]] as const) {
    const host = group.includes(":") ? `[${group}]` : group;
    await using listener = b.plumb(
      ["listen", "--gaps", `udp://${host}:9000?interface=eth0&source=${source}`],
      { stdin: "null" },
    );
    await listener.listening();
    const announce = async (from: typeof a, who: string) => {
      await using sender = from.plumb([
        "serve",
        "announce",
        `udp://${host}:9000?interface=eth0`,
        ...["--every", "20ms", "--count", "5", "--text", `<${who} n={seq}>`],
      ]);
      await sender.result();
    };
    await announce(c, "stranger");
    await announce(a, "source");
    await listener.stdoutHas("<source n=5>");
    assert(!listener.stdout.includes("stranger"), listener.stdout);
  }
});

networkTest(
  "a link-local group is asked, and answered from other addresses by two of one machine",
  async () => {
    await using network = new Network();
    const [a, b] = [await network.host("a"), await network.host("b")];
    await network.join([a, b]);
    const zoned = "udp://[ff02::1234%eth0]:9000";
    await using first = b.plumb(["serve", "upper", zoned]);
    assertEquals(await first.listening(), [zoned]);
    await using second = b.plumb(["serve", "upper", "udp://[ff02::1234]:9000?interface=eth0"]);
    assertEquals(await second.listening(), [zoned]);
    await using client = a.plumb(["connect", zoned, "--replies", "2"], { stdin: { text: "who" } });
    const { code, stdout, stderr } = await client.result();
    assertEquals([code, stdout], [0, "WHOWHO"], stderr);
    assert(/from udp:\/\/\[fe80::.*%eth0\]:9000/.test(stderr), stderr);
  },
);
