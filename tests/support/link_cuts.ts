/**
 * "Nothing lost and nothing doubled" as tests of any size: random bytes through a link whose carrier
 * is cut again and again, digests compared at the other end. The test suite registers them small,
 * the soak large.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { link } from "../../lib/api/link.ts";
import { listenLink } from "../../lib/api/link_listen.ts";
import { readinessSettled } from "../../lib/sys/readiness.ts";
import { Digest, digestOfRandom } from "./digest.ts";
import { portOf } from "./ports.ts";
import { randomStream } from "./random.ts";

/** A port that leads to another one, until everything that passes there is cut. */
class Cutter implements Disposable {
  readonly address: string;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #port: number;
  readonly #open = new Set<Deno.TcpConn>();
  /** Bytes of the way to the port that have passed. */
  passed = 0;

  constructor(port: number) {
    this.#port = port;
    this.address = `tcp://127.0.0.1:${this.#listener.addr.port}`;
    void this.#run();
  }

  async #run(): Promise<void> {
    for await (const near of this.#listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
      this.#open.add(near).add(far);
      void this.#pass(near, far, (count) => this.passed += count);
      void this.#pass(far, near, () => {});
    }
  }

  /** What is cut in the middle of a read or a write ends here, and is no failure. */
  async #pass(from: Deno.TcpConn, to: Deno.TcpConn, count: (bytes: number) => void): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const length = await from.read(buffer);
        if (length === null) return await to.closeWrite();
        count(length);
        for (let at = 0; at < length;) at += await to.write(buffer.subarray(at, length));
      }
    } catch {
      this.#close(from);
      this.#close(to);
    }
  }

  #close(conn: Deno.TcpConn): void {
    if (this.#open.delete(conn)) conn.close();
  }

  /** Closes every connection with whatever is unread in it, which resets most of them. */
  cut(): void {
    for (const conn of this.#open) this.#close(conn);
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.cut();
  }
}

/** Registers the test: so many bytes one way, a tenth of that the other way, over so many cuts. */
export function registerCutTest(bytes: number, cuts: number): void {
  const size = `${bytes / 1e6} MB`;
  Deno.test(`${size} through a link over ${cuts} cuts have the same digest`, async () => {
    await cutAgainAndAgain(bytes, cuts);
    // The thread that looks out for the network ends a moment after the link.
    await readinessSettled();
  });
}

async function cutAgainAndAgain(bytes: number, cuts: number): Promise<void> {
  const key = new Uint8Array(32).fill(5);
  using echo = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const target = `tcp://127.0.0.1:${echo.addr.port}`;
  await using server = await listenLink("tcp://127.0.0.1:0", { key, permits: [target] });
  using cutter = new Cutter(portOf(server.addresses[0]?.text ?? ""));
  await using client = await link(cutter.address, {
    key,
    backoff: { initialMs: 1, maximumMs: 20 },
  });
  const [channel, conn] = await Promise.all([client.open(target), echo.accept()]);
  using far = conn;
  const digests = { near: new Digest(), far: new Digest() };
  let cutsMade = 0;
  const cutWhenDue = () => {
    if (cutsMade === cuts || cutter.passed < (cutsMade + 1) * bytes / (cuts + 1)) return;
    cutsMade++;
    cutter.cut();
  };
  const receive = async () => {
    const into = new Uint8Array(256 * 1024);
    for (let n = await channel.read(into); n !== null; n = await channel.read(into)) {
      digests.near.add(into.subarray(0, n));
      cutWhenDue();
    }
  };
  const send = async () => {
    for await (const chunk of randomStream(bytes, 1)) {
      await channel.write(chunk);
      cutWhenDue();
    }
    await channel.closeWrite();
  };
  const answer = async () => {
    for await (const chunk of randomStream(bytes / 10, 2)) {
      for (let at = 0; at < chunk.length;) at += await far.write(chunk.subarray(at));
    }
    await far.closeWrite();
  };
  await Promise.all([send(), receive(), answer(), digests.far.addAll(far.readable)]);
  assertEquals(cutsMade, cuts);
  assertEquals(server.sessions.length, 1);
  // Two cuts that are close to each other may meet one carrier.
  assert((server.sessions[0]?.tally.carriers ?? 0) > cuts / 2);
  assertEquals(digests.far.finish(), await digestOfRandom(bytes, 1));
  assertEquals(digests.near.finish(), await digestOfRandom(bytes / 10, 2));
  await channel[Symbol.asyncDispose]();
}
