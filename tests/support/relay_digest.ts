/**
 * "Nothing lost" as tests of any size: random bytes through `plumb relay` as a process, digests
 * compared at the other end. The test suite registers them small, the soak large.
 * @module
 */

import { assertEquals } from "@std/assert";
import { Digest, digestOfRandom } from "./digest.ts";
import { portOf } from "./ports.ts";
import { plumb, startPlumb } from "./process.ts";
import { randomStream } from "./random.ts";

/** A connection of the runtime, TCP or Unix. */
type Conn = Deno.TcpConn | Deno.UnixConn;

/** Each direction has bytes of its own, so that an echo cannot pass for the other side's. */
const seeds = { toFar: 11, toNear: 22 };

/** Registers the tests, each carrying so many bytes in each direction that it uses. */
export function registerDigestTests(bytes: number): void {
  const size = `${bytes / 1024 / 1024} MiB`;
  for (const both of [false, true]) {
    const ways = both ? "both ways at once" : "one way";
    Deno.test(`relay tcp to tcp carries ${size} ${ways}, unchanged`, async () => {
      using target = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      await throughRelay(target, `tcp://127.0.0.1:${target.addr.port}`, bytes, both);
    });
    Deno.test(`relay tcp to unix carries ${size} ${ways}, unchanged`, async () => {
      const folder = await Deno.makeTempDir({ prefix: "plumb-digest-" });
      try {
        using target = Deno.listen({ transport: "unix", path: `${folder}/s` });
        await throughRelay(target, `unix:${folder}/s`, bytes, both);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
    Deno.test(`relay stdio to tcp carries ${size} ${ways}, unchanged`, async () => {
      using target = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const far = target.accept().then((conn) => farEnd(conn, bytes, both));
      // Awaited below; until then a relay that never connects must not look like a stray error.
      far.catch(() => {});
      const output = new Digest();
      const result = await plumb(["relay", "-", `tcp://127.0.0.1:${target.addr.port}`], {
        stdin: randomStream(bytes, seeds.toFar),
        onStdout: output.add,
        timeoutMs: patience(bytes),
      });
      assertEquals(result.code, 0, result.stderr);
      assertEquals(await far, await digestOfRandom(bytes, seeds.toFar));
      assertEquals(output.finish(), await digestOfRandom(both ? bytes : 0, seeds.toNear));
    });
  }
  Deno.test(`relay tcp to exec:cat brings ${size} back, unchanged`, async () => {
    await using relay = startPlumb(["relay", "listen:tcp://127.0.0.1:0", "exec:cat"], {
      timeoutMs: patience(bytes),
    });
    const near = await Deno.connect({
      hostname: "127.0.0.1",
      port: portOf((await relay.listening())[0] ?? ""),
    });
    assertEquals(
      await exchange(near, bytes, seeds.toFar),
      await digestOfRandom(bytes, seeds.toFar),
    );
  });
}

/** Near and far ends through a relay that listens on TCP; both digests must hold. */
async function throughRelay(
  target: Deno.Listener<Conn>,
  address: string,
  bytes: number,
  both: boolean,
): Promise<void> {
  await using relay = startPlumb(["relay", "listen:tcp://127.0.0.1:0", address], {
    timeoutMs: patience(bytes),
  });
  const port = portOf((await relay.listening())[0] ?? "");
  const near = await Deno.connect({ hostname: "127.0.0.1", port });
  const nearDone = exchange(near, bytes, seeds.toFar);
  // Whichever comes first: a relay that cannot reach the far end closes the near one.
  const far = await Promise.race([
    target.accept(),
    nearDone.then(() => Promise.reject(new Error(`no far end: ${relay.stderr}`))),
  ]);
  const [atFar, atNear] = await Promise.all([farEnd(far, bytes, both), nearDone]);
  assertEquals(atFar, await digestOfRandom(bytes, seeds.toFar), "what arrived at the far end");
  assertEquals(atNear, await digestOfRandom(both ? bytes : 0, seeds.toNear), "at the near end");
}

function farEnd(conn: Conn, bytes: number, both: boolean): Promise<string> {
  return exchange(conn, both ? bytes : 0, seeds.toNear);
}

/** Sends and receives at the same time, to both ends; gives the digest of what came. */
async function exchange(conn: Conn, bytes: number, seed: number): Promise<string> {
  try {
    const [received] = await Promise.all([receive(conn), send(conn, bytes, seed)]);
    return received;
  } finally {
    conn.close();
  }
}

async function send(conn: Conn, bytes: number, seed: number): Promise<void> {
  if (bytes > 0) {
    for await (const chunk of randomStream(bytes, seed)) {
      for (let at = 0; at < chunk.length;) at += await conn.write(chunk.subarray(at));
    }
  }
  await conn.closeWrite();
}

async function receive(conn: Conn): Promise<string> {
  const digest = new Digest();
  const into = new Uint8Array(256 * 1024);
  for (let n = await conn.read(into); n !== null; n = await conn.read(into)) {
    digest.add(into.subarray(0, n));
  }
  return digest.finish();
}

/** A minute, and another for every 32 MiB: a loaded machine is no fault. */
function patience(bytes: number): number {
  return 60_000 * (1 + bytes / (32 * 1024 * 1024));
}
