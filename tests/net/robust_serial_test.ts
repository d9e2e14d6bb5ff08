/**
 * Ten thousand connections that end badly leave nothing behind: no descriptor, no timer, no
 * session. Serial: descriptors are counted for the whole process.
 * @module
 */

import "../support/libc.ts";
import { assert, assertEquals } from "@std/assert";
import { relay } from "../../lib/api/relay.ts";
import type { RunningServer } from "../../lib/api/running.ts";
import { serve } from "../../lib/api/serve.ts";
import { type Clock, realClock } from "../../lib/core/clock.ts";
import type { Limits } from "../../lib/core/limits.ts";
import { resetNow } from "../../lib/sys/reset.ts";
import { inetDescriptor } from "../../lib/transport/inet_descriptor.ts";
import { holdings, settle } from "../support/descriptors.ts";

const each = 2_500;
const atOnce = 50;

/** The machine's clock, with a count of the timers that wait. */
function countingClock(): Clock & { readonly pending: number } {
  const waiting = new Set<object>();
  return {
    get pending() {
      return waiting.size;
    },
    now: () => realClock.now(),
    wall: () => realClock.wall(),
    timer(delayMs, then) {
      const mark = {};
      waiting.add(mark);
      const timer = realClock.timer(delayMs, () => {
        waiting.delete(mark);
        then();
      });
      return {
        cancel() {
          waiting.delete(mark);
          timer.cancel();
        },
      };
    },
  };
}

function portOf(server: RunningServer): number {
  const port = server.addresses[0]?.port;
  if (port === undefined) throw new Error("no port");
  return port;
}

/** Plays clients, many at a time, until `each` of them have been. */
async function clients(
  server: RunningServer,
  play: (conn: Deno.TcpConn) => Promise<void>,
): Promise<void> {
  let left = each;
  const one = async () => {
    while (left-- > 0) {
      // Who is gone at once comes faster than a session ends, and would only fill the table.
      while (server.open > 2 * atOnce) await new Promise((resolve) => setTimeout(resolve, 1));
      const conn = await connect(portOf(server));
      if (conn === null) continue;
      try {
        await play(conn);
      } finally {
        conn.close();
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

/** Null where it was reset before the runtime could look at it. */
async function connect(port: number): Promise<Deno.TcpConn | null> {
  try {
    return await Deno.connect({ hostname: "127.0.0.1", port });
  } catch (thrown) {
    const { ConnectionReset, NotConnected } = Deno.errors;
    if (thrown instanceof ConnectionReset || thrown instanceof NotConnected) return null;
    throw thrown;
  }
}

const some = new Uint8Array(1_000);

/** Reads until the end or the reset. */
async function toTheEnd(conn: Deno.TcpConn): Promise<void> {
  const into = new Uint8Array(4_096);
  try {
    while (await conn.read(into) !== null);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.ConnectionReset)) throw thrown;
  }
}

function reset(conn: Deno.TcpConn): void {
  const fd = inetDescriptor(conn.localAddr, conn.remoteAddr);
  // It may be gone: reset by the other side, because there is nobody behind it.
  if (fd !== null) resetNow(fd);
}

/** A write whose peer may have gone already. */
async function tryToWrite(conn: Deno.TcpConn): Promise<void> {
  try {
    await conn.write(some);
  } catch (thrown) {
    const { BrokenPipe, ConnectionReset } = Deno.errors;
    if (!(thrown instanceof BrokenPipe || thrown instanceof ConnectionReset)) throw thrown;
  }
}

/** The ways to go. */
const endings: readonly [string, (conn: Deno.TcpConn) => Promise<void>][] = [
  ["gone at once", () => Promise.resolve()],
  ["reset at once", (conn) => Promise.resolve(reset(conn))],
  ["closed with the answer unread", async (conn) => {
    await tryToWrite(conn);
  }],
  ["reset half-way", async (conn) => {
    await tryToWrite(conn);
    await conn.closeWrite().catch(() => {});
    reset(conn);
  }],
];

/** What every server here is given. */
interface Given {
  readonly clock: Clock;
  readonly limits: Partial<Limits>;
}

/** Runs all endings against a server and counts what is left while it still runs. */
async function leavesNothing(start: (given: Given) => Promise<RunningServer>): Promise<void> {
  const clock = countingClock();
  // A session that lingers, because it takes its peer for one that still listens, is seen here.
  const limits = { "close-linger": 600_000, "close-wait": 600_000 };
  const server = await start({ clock, limits });
  const before = holdings();
  for (const [, play] of endings) await clients(server, play);
  const after = await settle(Deno.pid, (now) => {
    return server.open === 0 && now.descriptors <= before.descriptors;
  }, 20_000);
  const timers = clock.pending;
  const { accepted, refused, ended, failed, cut } = server.tally();
  await server.drain();
  assertEquals([server.open, timers, cut], [0, 0, 0], "sessions, timers, cut");
  assertEquals(ended + failed, accepted, "every session has ended");
  assertEquals(refused, 0);
  // A client that reset in the backlog may never have been there.
  assert(accepted <= endings.length * each && accepted >= 3 * each, `${accepted} accepted`);
  assert(after.descriptors <= before.descriptors);
}

Deno.test("10,000 connections reset, gone or closed half-way leave nothing in serve", async () => {
  await leavesNothing((given) => serve("echo", "tcp://127.0.0.1:0", given));
});

Deno.test("10,000 connections reset, gone or closed half-way leave nothing in relay", async () => {
  const limits = { "close-linger": 600_000, "close-wait": 600_000 };
  await using behind = await serve("echo", "tcp://127.0.0.1:0", { limits });
  await leavesNothing((given) =>
    relay("listen:tcp://127.0.0.1:0", `tcp://127.0.0.1:${portOf(behind)}`, given)
  );
  await settle(Deno.pid, () => behind.open === 0, 20_000);
});

Deno.test("10,000 connections to nobody are reset and leave nothing in relay", async () => {
  const unused = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = unused.addr;
  unused.close();
  await leavesNothing((given) =>
    relay("listen:tcp://127.0.0.1:0", `tcp://127.0.0.1:${port}`, given)
  );
});

Deno.test("connections over the bound of one address are reset and leave nothing", async () => {
  const clock = countingClock();
  const before = holdings();
  const server = await serve("echo", "tcp://127.0.0.1:0", { clock, maximumPerPeer: 1 });
  const holder = await Deno.connect({ hostname: "127.0.0.1", port: portOf(server) });
  await holder.write(some);
  await holder.read(new Uint8Array(10));
  await clients(server, toTheEnd);
  assertEquals([server.open, server.tally().refused, clock.pending], [1, each, 0]);
  holder.close();
  await server.drain();
  await settle(Deno.pid, (now) => now.descriptors <= before.descriptors);
});
