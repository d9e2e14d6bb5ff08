/**
 * A flood of datagrams from forged ports against a server on a network of the test's own.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Network } from "./namespaces.ts";
import { root } from "./process.ts";

/** Sends `count` forged datagrams from three hosts to `plumb serve` and looks at what is left. */
export async function floodServer(count: number): Promise<void> {
  await using network = new Network();
  const [attacker, victim] = [await network.host("attacker"), await network.host("victim")];
  await network.join([attacker, victim]);
  await using server = victim.plumb(
    ["serve", "discard", "udp://10.77.1.2:9000", "--idle", "1s", "--max-per-peer", "300"],
    { stdin: "null", timeoutMs: 120_000 },
  );
  await server.listening();
  const pid = await pidOf(server.pid);
  const descriptors = () => [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  await calm(descriptors); // the runtime still closes what it has started with
  const before = { descriptors: descriptors(), memory: residentBytes(pid) };
  let told = 0;
  const openSessions = async () => {
    server.signal("SIGUSR2");
    const pattern = /^(\d+) sessions?, \d+ B ->, /gm;
    await server.stderrMatches(pattern, ++told);
    return Number([...server.stderr.matchAll(pattern)].at(-1)?.[1]);
  };

  const program = `${root}tests/support/spoof.ts`;
  const flood = async () => {
    await using spoof = attacker.start(
      [
        Deno.execPath(),
        ...["run", "-A", "--cached-only", "--config", `${root}deno.json`, program],
        ...["10.77.9", "10.77.1.2", "9000", String(count)],
      ],
      { stdin: "null", timeoutMs: 120_000 },
    );
    const { code, stderr } = await spoof.result();
    assertEquals(code, 0, stderr);
  };
  await flood();
  const open = await openSessions();
  // One bound for each forged host; there are as many as tens of thousands of ports need.
  const hosts = Math.ceil(count / 60_000);
  assert(open > 100 && open <= 300 * hosts, `${open} sessions`);
  // The collector's heap grows with the first floods, to what their pace needs; after that, what
  // one more adds would be a leak.
  await flood();
  const warm = residentBytes(pid);
  await flood();
  const grown = residentBytes(pid) - warm;
  assert(grown < 64 * 1024 * 1024, `${before.memory}, then ${warm}, and ${grown} bytes more`);
  assert(warm < 600 * 1024 * 1024, `from ${before.memory} to ${warm} bytes`);

  const deadline = performance.now() + 30_000;
  while (await openSessions() > 0) {
    assert(performance.now() < deadline, "sessions do not end");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const left = descriptors();
  assert(left <= before.descriptors, `${before.descriptors} descriptors, then ${left}`);
  // A server that rests gives back what the collector's heap has grown to.
  while (residentBytes(pid) > before.memory + 96 * 1024 * 1024) {
    const now = residentBytes(pid);
    assert(performance.now() < deadline, `${before.memory}, then ${warm}, at rest ${now} bytes`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { code } = await server.stop();
  assertEquals(code, 0);
}

/** Waits until a number has stood still for a second. */
async function calm(read: () => number): Promise<void> {
  let last = read();
  for (let same = 0; same < 10;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = read();
    same = now === last ? same + 1 : 0;
    last = now;
  }
}

/** The program's own process: `ip netns exec` becomes it, and keeps its number. */
async function pidOf(started: number): Promise<number> {
  const name = (await Deno.readTextFile(`/proc/${started}/comm`)).trim();
  assertEquals(name, "deno");
  return started;
}

function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
}
