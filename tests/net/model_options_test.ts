/**
 * Options that an accepted connection does not inherit are set on it by whoever accepts: another
 * process or thread, under most models. Read back by a process that is none of them.
 * @module
 */

import { assertEquals } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { serve } from "../../lib/api/serve.ts";
import { farArgument } from "../../lib/service/far_sign.ts";
import { readExactly } from "../../lib/stream/read.ts";
import { childrenOf, isGone } from "../../tools/descendants.ts";
import { OptionReader, type SocketEnds } from "../support/option_reader.ts";
import { toolTest } from "../support/tools.ts";
import "../support/libc.ts";

/** The value in any of these processes that has the socket; one of them must. */
async function readIn(pids: readonly number[], ends: SocketEnds, option: string) {
  const refusals: unknown[] = [];
  for (const pid of pids) {
    await using reader = new OptionReader(pid);
    try {
      return parseInt(
        (await reader.read(ends, option)).slice(0, 8).replace(/(..)(..)(..)(..)/, "$4$3$2$1"),
        16,
      );
    } catch (thrown) {
      refusals.push(thrown);
    }
  }
  throw new AggregateError(refusals, `nobody has ${JSON.stringify(ends)}`);
}

/** Processes that serve, this one first. */
function servers(): number[] {
  const isFar = (pid: number) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0").includes(farArgument);
    } catch (thrown) {
      if (isGone(thrown)) return false; // it had served its session
      throw thrown;
    }
  };
  return [Deno.pid, ...childrenOf(Deno.pid).filter(isFar)];
}

for (const model of ["loop", "prefork=1", "process", "threads=1", "thread", "pool=1..1"]) {
  toolTest("python3", `${model}: accepted connections have what they do not inherit`, async () => {
    const name = `@plumb-${crypto.randomUUID()}`;
    const addresses = ["tcp://127.0.0.1:0?priority=5", `unix:${name}?sndbuf=32KiB`];
    await using server = await serve("echo", addresses, { model });
    const [tcp, unix] = server.addresses;
    {
      await using session = await connect(tcp?.text ?? "");
      await session.write(Uint8Array.of(1));
      await readExactly(session, new Uint8Array(1));
      const ends = { type: 1, local: tcp?.port, peer: session.local.port } as const;
      assertEquals(await readIn(servers(), ends, "SO_PRIORITY"), 5);
    }
    await using session = await connect(unix?.text ?? "");
    await session.write(Uint8Array.of(1));
    await readExactly(session, new Uint8Array(1));
    assertEquals(await readIn(servers(), { type: 1, local: name }, "SO_SNDBUF"), 65_536);
  });
}
