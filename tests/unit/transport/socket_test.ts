import { assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import { inetPeer } from "../../../lib/transport/peer.ts";
import {
  type SocketPowers,
  SocketSession,
  type StreamSocket,
} from "../../../lib/transport/socket.ts";

type Step<T> = T | Error;

/** A runtime socket whose answers are written down; what is called is recorded. */
function scripted(reads: Step<number | null>[], writes: Step<number>[] = []) {
  const calls: string[] = [];
  const next = <T>(steps: Step<T>[]): Promise<T> => {
    const step = steps.shift();
    if (step instanceof Error) return Promise.reject(step);
    return step === undefined ? new Promise(() => {}) : Promise.resolve(step);
  };
  const socket: StreamSocket = {
    read: (into) => {
      calls.push(`read ${into.length}`);
      return next(reads);
    },
    write: (chunk) => {
      calls.push(`write ${chunk.length}`);
      return next(writes);
    },
    closeWrite: () => {
      calls.push("closeWrite");
      return Promise.resolve();
    },
    close: () => calls.push("close"),
  };
  return { socket, calls };
}

function session(socket: StreamSocket, powers?: SocketPowers, clock = new VirtualClock()) {
  return new SocketSession(socket, {
    local: inetPeer("tcp", "127.0.0.1", 1),
    remote: inetPeer("tcp", "127.0.0.1", 2),
    context: makeContext({ clock }),
    ...(powers === undefined ? {} : { powers }),
  });
}

const failure = (code: string) => Object.assign(new Error(code), { code });

Deno.test("a write goes on after partial writes, and asks for nothing twice", async () => {
  const { socket, calls } = scripted([], [3, 1, 6]);
  await session(socket).write(new Uint8Array(10));
  assertEquals(calls, ["write 10", "write 7", "write 6"]);
});

Deno.test("a reset that the kernel told once is told to every later read", async () => {
  const { socket } = scripted([failure("ECONNRESET"), null]);
  const one = session(socket);
  for (let time = 0; time < 3; time++) {
    const error = await assertRejects(() => one.read(new Uint8Array(1)), NetError);
    assertEquals([error.kind, error.blame], ["reset", "remote"]);
  }
});

Deno.test("a reset that a write saw is no orderly end for reads", async () => {
  const { socket } = scripted([4, null], [failure("ECONNRESET")]);
  const one = session(socket);
  await assertRejects(() => one.write(new Uint8Array(1)), NetError);
  assertEquals(await one.read(new Uint8Array(9)), 4, "what came before the reset");
  assertEquals((await assertRejects(() => one.read(new Uint8Array(9)), NetError)).kind, "reset");
});

Deno.test("a broken pipe leaves what the peer sent before it readable", async () => {
  const { socket } = scripted([4, null], [failure("EPIPE")]);
  const one = session(socket);
  assertEquals((await assertRejects(() => one.write(new Uint8Array(1)), NetError)).kind, "broken");
  assertEquals(await one.read(new Uint8Array(9)), 4);
  assertEquals(await one.read(new Uint8Array(9)), null);
});

Deno.test("closing waits until the peer has everything, and no longer", async () => {
  const clock = new VirtualClock();
  const queue = [5000, 3000, 10, 0];
  const powers = { resets: true, reset: () => {}, unacknowledged: () => queue.shift() ?? 0 };
  const { socket, calls } = scripted([]);
  const closing = session(socket, powers, clock)[Symbol.asyncDispose]();
  await clock.advance(2);
  assertEquals(calls, ["closeWrite", "read 16384"]);
  await clock.advance(10);
  await closing;
  assertEquals(calls, ["closeWrite", "read 16384", "close"]);
  assertEquals(clock.pending, 0);
});

Deno.test("closing gives up on a peer that takes nothing, and an abort cuts it short", async () => {
  const clock = new VirtualClock();
  const resets: string[] = [];
  const powers = {
    resets: true,
    reset: () => void resets.push("reset"),
    unacknowledged: () => 1,
  };
  const patient = scripted([]);
  const closing = session(patient.socket, powers, clock)[Symbol.asyncDispose]();
  await clock.advance(10_200);
  await closing;
  assertEquals(patient.calls.at(-1), "close");
  assertEquals(resets, []);
  const cut = scripted([]);
  const one = session(cut.socket, powers, clock);
  const second = one[Symbol.asyncDispose]();
  one.abort();
  assertEquals(cut.calls.at(-1), "close");
  assertEquals(resets, ["reset"]);
  await clock.advance(200);
  await second;
  assertEquals(cut.calls.filter((call) => call === "close").length, 1);
  assertEquals(clock.pending, 0);
});
