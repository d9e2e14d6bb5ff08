/**
 * Links over a network of the test's own that fails in every way: what is carried goes on where it
 * was, and who is gone is noticed in time.
 */

import { assert, assertEquals } from "@std/assert";
import { Digest, digestOfRandom } from "../support/digest.ts";
import { ip, type NetHost, Network, networkTest, set } from "../support/namespaces.ts";
import { portOf } from "../support/ports.ts";
import { type ProcessOptions, run } from "../support/process.ts";
import type { RunningProcess } from "../support/process.ts";
import { randomStream } from "../support/random.ts";
import { testUnless } from "../support/tools.ts";

/** Dead after 4 x 100 ms of silence, at most one interval later. */
const heartbeat = ["--heartbeat", "every=100ms,misses=4"];
const boundMs = 4 * 100 + 100;
/** The machine of the tests is loaded: processes are late by as much. */
const slackMs = 1_500;

/** near 10.77.1.1 - router 10.77.1.2, 10.77.2.2 - far 10.77.2.1; a link from near to far. */
class Linked implements AsyncDisposable {
  readonly near: NetHost;
  readonly router: NetHost;
  readonly far: NetHost;
  readonly server: RunningProcess;
  readonly client: RunningProcess;
  readonly forward: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    hosts: readonly NetHost[],
    server: RunningProcess,
    client: RunningProcess,
    forward: string,
    stack: AsyncDisposableStack,
  ) {
    [this.near, this.router, this.far] = hosts as [NetHost, NetHost, NetHost];
    this.server = server;
    this.client = client;
    this.forward = forward;
    this.#stack = stack;
  }

  /** @param more flags of the server, and of the client */
  static async make(
    target: string,
    more: { readonly server?: readonly string[]; readonly client?: readonly string[] } = {},
  ): Promise<Linked> {
    const stack = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir({ prefix: "plumb-link-" });
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const network = stack.use(new Network());
    const near = await network.host("near");
    const router = await network.host("router");
    const far = await network.host("far");
    await network.join([near, router], 1, "eth0");
    await network.join([far, router], 2, "eth1");
    await set(router.name, "net.ipv4.ip_forward=1");
    await ip([
      `-n ${near.name} route add default via 10.77.1.2`,
      `-n ${far.name} route add default via 10.77.2.2`,
    ]);
    await Deno.writeFile(`${folder}/key`, new Uint8Array(32).fill(9), { mode: 0o600 });
    const security = ["--key-file", `${folder}/key`, ...heartbeat];
    const server = stack.use(far.plumb([
      ...["link", "-v", "listen:tcp://10.77.2.1:7000", ...security, "--permit", target],
      ...more.server ?? [],
    ], { stdin: "null" }));
    await server.listening();
    const client = stack.use(near.plumb([
      ...["link", "-v", "tcp://10.77.2.1:7000", ...security, "--backoff", "20ms..100ms"],
      ...["--forward", `listen:tcp://127.0.0.1:0=${target}`, ...more.client ?? []],
    ], { stdin: "null" }));
    const [forward = ""] = await client.listening();
    return new Linked([near, router, far], server, client, forward, stack);
  }

  /** Nothing passes the router any more, and nobody is told. */
  async blackhole(): Promise<void> {
    await ip([`-n ${this.router.name} rule add pref 10 blackhole`]);
  }

  async heal(): Promise<void> {
    await ip([`-n ${this.router.name} rule del pref 10`]);
  }

  /** Waits until a side has said that its carrier is down, or up again, so many times. */
  async downs(side: "client" | "server", count: number): Promise<void> {
    await this[side].stderrMatches(/^link .*: down: .*$/gm, count);
  }

  async ups(count: number): Promise<void> {
    await this.client.stderrMatches(/^link .*: up again, .*$/gm, count);
  }

  /** The port of the carrier on the client's side, as the server sees it, last. */
  async carrierPort(): Promise<number> {
    const { stdout } = await run([
      ...["ip", "netns", "exec", this.near.name],
      ...["ss", "-Htn", "state", "established", "dst", "10.77.2.1:7000"],
    ]);
    return Number(/10\.77\.1\.1:(\d+)/.exec(stdout)?.[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

const size = 18 * 1024 * 1024;

/** Sends random bytes from near to far through the forward, slowly enough to be disturbed. */
async function transfer(linked: Linked, port: number, disturb: () => Promise<void>) {
  const digest = new Digest();
  await using sink = linked.far.plumb(["listen", `tcp://127.0.0.1:${port}`], {
    stdin: "null",
    onStdout: digest.add,
  });
  await sink.listening();
  const options: ProcessOptions = { stdin: randomStream(size, 7), timeoutMs: 60_000 };
  await using source = linked.near.plumb(
    ["connect", "--rate-limit", "6MiB/s", linked.forward],
    options,
  );
  await disturb();
  const sent = await source.result();
  assertEquals(sent.code, 0, sent.stderr);
  const received = await sink.result();
  assertEquals(received.code, 0, received.stderr);
  assertEquals(digest.finish(), await digestOfRandom(size, 7));
}

const target = "tcp://127.0.0.1:9000";

networkTest(
  "a transfer through a link outlives blackholes, an interface, an address and a NAT",
  async () => {
    await using linked = await Linked.make(target);
    const { near, router } = linked;
    await transfer(linked, 9000, async () => {
      // Nothing, not even a reset; and once more after it has come back.
      for (const round of [1, 2]) {
        await linked.blackhole();
        const startMs = performance.now();
        await Promise.all([linked.downs("client", round), linked.downs("server", round)]);
        const tookMs = performance.now() - startMs;
        assert(tookMs <= boundMs + slackMs, `noticed after ${tookMs} ms`);
        await linked.heal();
        await linked.ups(round);
      }
      // The interface goes, and comes back.
      await ip([`-n ${near.name} link set eth0 down`]);
      await linked.downs("client", 3);
      await ip([
        `-n ${near.name} link set eth0 up`,
        `-n ${near.name} route add default via 10.77.1.2`,
      ]);
      await linked.ups(3);
      // What a NAT that forgets does: the old port leads nowhere, a new one does.
      const port = await linked.carrierPort();
      await ip([
        `-n ${router.name} rule add pref 11 ipproto tcp sport ${port} blackhole`,
        `-n ${router.name} rule add pref 12 ipproto tcp dport ${port} blackhole`,
      ]);
      await linked.ups(4);
      // Another address of the client, and the old one no more.
      await ip([
        `-n ${near.name} addr del 10.77.1.1/24 dev eth0`,
        `-n ${near.name} addr add 10.77.1.9/24 dev eth0`,
        `-n ${near.name} route add default via 10.77.1.2`,
      ]);
      await linked.ups(5);
    });
  },
);

networkTest("a client that vanishes is noticed in time, and its port is free again", async () => {
  await using linked = await Linked.make(target, {
    server: ["--retain", "200ms", "--permit", "listen:tcp://10.77.2.1:8080"],
    client: ["--reverse", "listen:tcp://10.77.2.1:8080=tcp://127.0.0.1:1"],
  });
  const { far, server, client } = linked;
  await client.stderrLine(/^listening on tcp:\/\/10\.77\.2\.1:8080 at the other side$/);
  await linked.blackhole();
  const startMs = performance.now();
  client.signal("SIGKILL");
  await server.stderrLine(/^link 1: down: .*no sign of life for 0\.4 s/);
  const tookMs = performance.now() - startMs;
  assert(tookMs <= boundMs + slackMs, `noticed after ${tookMs} ms`);
  await server.stderrLine(/^link 1: over: its client did not come back within 0\.2 s$/);
  await using next = far.plumb(["listen", "tcp://10.77.2.1:8080"]);
  assertEquals(portOf((await next.listening())[0] ?? ""), 8080);
});

/** Whether this kernel has netem: asked with a device of a host of its own. */
async function netemReason(): Promise<string | null> {
  try {
    await using network = new Network();
    const host = await network.host("netem");
    const command = ["tc", "-n", host.name, "qdisc", "add", "dev", "lo", "root", "netem", "delay"];
    const { code, stderr } = await run([...command, "1ms"]);
    return code === 0 ? null : `no netem in this kernel: ${stderr.trim()}`;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

testUnless(
  await netemReason(),
  "a transfer through a link with 5% loss and 50 ms of delay arrives whole, on one carrier",
  async () => {
    await using linked = await Linked.make(target);
    const { near, far } = linked;
    for (const [host, device] of [[near, "eth0"], [far, "eth1"]] as const) {
      const netem = ["netem", "delay", "50ms", "loss", "5%"];
      await run(["tc", "-n", host.name, "qdisc", "add", "dev", device, "root", ...netem]);
    }
    await transfer(linked, 9000, () => Promise.resolve());
  },
);
