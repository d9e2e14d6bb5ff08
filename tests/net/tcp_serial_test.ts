/**
 * TCP on real sockets: what the contract suite, the same for all transports, cannot ask.
 * @module
 */

import "../support/libc.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { parseAddress } from "../../lib/address/parse.ts";
import { type Context, makeContext } from "../../lib/core/context.ts";
import type { Listener } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";
import { limitTable } from "../../lib/core/limits.ts";
import { readSocketOption } from "../../lib/sys/socket_options.ts";
import { inetDescriptor } from "../../lib/transport/inet_descriptor.ts";
import { openActive, openPassive } from "../../lib/transport/open.ts";
import { noPorts } from "../contract/pair.ts";
import { holdings, settle } from "../support/descriptors.ts";

async function listen(text: string, context: Context = makeContext()): Promise<Listener> {
  const opened = await openPassive(parseAddress(text), context, noPorts);
  assertEquals(opened.length, 1);
  assert(opened[0]?.kind === "listener");
  return opened[0].listener;
}

function connect(text: string, context: Context = makeContext()) {
  return openActive(parseAddress(text), context, noPorts);
}

/** A context that keeps what is said. */
function listening(): { context: Context; said: string[] } {
  const said: string[] = [];
  const write = (_: string, event: string, text: string) => said.push(`${event}: ${text}`);
  return { context: makeContext({ log: { write, enabled: () => true } }), said };
}

Deno.test("a listener on every address is dual-stack, and shows IPv4 peers as IPv4", async () => {
  await using listener = await listen("listen:tcp://:0");
  const { port } = listener.local;
  assertEquals(listener.local.text, `tcp://[::]:${port}`);
  for (const host of ["127.0.0.1", "[::1]"]) {
    await using near = await connect(`tcp://${host}:${port}`);
    await using far = await (await listener.accept())?.settle(makeContext());
    assertEquals(near.remote.text, `tcp://${host}:${port}`);
    assertEquals(far?.remote.text, near.local.text);
    assertEquals(far?.local.text, near.remote.text);
  }
});

Deno.test("an empty host connects to localhost", async () => {
  await using listener = await listen("listen:tcp://:0");
  await using near = await connect(`tcp://:${listener.local.port}`);
  assertEquals(near.remote.host === "127.0.0.1" || near.remote.host === "::1", true);
});

Deno.test("nobody listening is one line with operation, address and cause", async () => {
  const local = await closedEnd();
  const error = await assertRejects(() => connect(local), NetError);
  assertEquals(error.message, `connect ${local}: connection refused (ECONNREFUSED)`);
  assertEquals([error.kind, error.blame, error.attempts.length], ["refused", "remote", 1]);
});

/** Where nobody listens, at least for a moment. */
async function closedEnd(): Promise<string> {
  await using listener = await listen("listen:tcp://127.0.0.1:0");
  return listener.local.text;
}

Deno.test("an unknown name is kind resolve", async () => {
  const error = await assertRejects(() => connect("tcp://no.such.name.invalid:1"), NetError);
  assertEquals(error.kind, "resolve");
});

Deno.test("a port in use names who holds it", async () => {
  await using listener = await listen("listen:tcp://127.0.0.1:0");
  const error = await assertRejects(() => listen(`listen:${listener.local.text}`), NetError);
  assertEquals([error.kind, error.op, error.address], ["in-use", "listen", listener.local.text]);
  assertStringIncludes(error.message, `; held by `);
  assertStringIncludes(error.message, `[${Deno.pid}]`);
});

Deno.test("a port that a listener on every address holds is named too", async () => {
  await using listener = await listen("listen:tcp://:0");
  const wanted = `listen:tcp://127.0.0.1:${listener.local.port}`;
  const error = await assertRejects(() => listen(wanted), NetError);
  assertStringIncludes(error.message, `[${Deno.pid}]`);
});

Deno.test("connecting ends with the signal, and leaves no descriptor", async () => {
  // A queue of one that is full: the kernel ignores further SYNs, so that connecting hangs.
  await using listener = await listen("listen:tcp://127.0.0.1:0?backlog=1");
  const queued = [await connect(listener.local.text), await connect(listener.local.text)];
  const before = holdings().descriptors;
  const stop = new AbortController();
  const reason = new Error("enough");
  const hanging = connect(listener.local.text, makeContext({ signal: stop.signal }));
  setTimeout(() => stop.abort(reason), 50);
  assertStrictEquals(await assertRejects(() => hanging), reason);
  await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
  for (const session of queued) await session[Symbol.asyncDispose]();
});

Deno.test("a signal that was aborted before opens nothing", async () => {
  const reason = new Error("enough");
  const context = makeContext({ signal: AbortSignal.abort(reason) });
  assertStrictEquals(await assertRejects(() => connect("tcp://127.0.0.1:1", context)), reason);
  assertStrictEquals(await assertRejects(() => listen("listen:tcp://:0", context)), reason);
});

Deno.test("each side refuses the other side's addresses", async () => {
  const active = await assertRejects(() => connect("listen:tcp://127.0.0.1:0"), NetError);
  assertEquals(active.kind, "usage");
  const passive = await assertRejects(() => listen("tcp://127.0.0.1:1"), NetError);
  assertEquals(passive.kind, "usage");
});

Deno.test("options reach the kernel, are inherited, and what it took is said", async () => {
  const { context, said } = listening();
  const text = "listen:tcp://127.0.0.1:0?keepalive=30s/5s/3&rcvbuf=64KiB&user-timeout=20s";
  await using listener = await listen(text, context);
  const options = "ttl=9&tos=16&nodelay=off&sndbuf=32KiB&linger2=7s&quickack&notsent-lowat=16KiB";
  await using near = await connect(`${listener.local.text}?${options}`, context);
  await using far = await (await listener.accept())?.settle(makeContext());
  assert(far !== undefined);
  assertEquals(optionOf(far, "keepalive"), { idleMs: 30_000, intervalMs: 5_000, count: 3 });
  assertEquals(optionOf(far, "user-timeout"), 20_000);
  assertEquals(optionOf(far, "nodelay"), true);
  assertEquals(optionOf(near, "ttl"), 9);
  assertEquals(optionOf(near, "tos"), 16);
  assertEquals(optionOf(near, "nodelay"), false);
  assertEquals(optionOf(near, "linger2"), 7_000);
  // socket(7): the kernel doubles what is given
  assert(said.includes(`option: ${listener.local.text}: rcvbuf is 131072`), said.join("\n"));
  assert(said.includes(`option: ${listener.local.text}: sndbuf is 65536`), said.join("\n"));
});

function optionOf(session: { local: { host?: string; port?: number } }, name: string): unknown {
  const end = session as { local: NetEnd; remote: NetEnd };
  const fd = inetDescriptor(addrOf(end.local), addrOf(end.remote));
  assert(fd !== null);
  return readSocketOption(fd, name);
}

interface NetEnd {
  readonly host?: string;
  readonly port?: number;
}

function addrOf({ host = "", port = 0 }: NetEnd): Deno.NetAddr {
  return { transport: "tcp", hostname: host, port };
}

Deno.test("an option that the system refuses is an error, and nothing stays open", async () => {
  await using listener = await listen("listen:tcp://127.0.0.1:0");
  const before = holdings().descriptors;
  const refused = [
    () => connect(`${listener.local.text}?congestion=nonsense`),
    () => listen("listen:tcp://127.0.0.1:0?congestion=nonsense"),
  ];
  for (const open of refused) {
    const error = await assertRejects(open, NetError);
    assertEquals(error.kind, "unavailable"); // only the kernel knows: exit status 3
    assertStringIncludes(error.message, "option congestion tcp://127.0.0.1:");
  }
  await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
});

Deno.test("linger=0s makes closing a reset", async () => {
  await using listener = await listen("listen:tcp://127.0.0.1:0");
  const near = await connect(`${listener.local.text}?linger=0s`);
  await using far = await (await listener.accept())?.settle(makeContext());
  await near[Symbol.asyncDispose]();
  const error = await assertRejects(async () => await far?.read(new Uint8Array(1)), NetError);
  assertEquals(error.kind, "reset");
});

Deno.test("a rejected client sees a reset", async () => {
  await using listener = await listen("listen:tcp://127.0.0.1:0");
  await using near = await connect(listener.local.text);
  (await listener.accept())?.reject();
  const error = await assertRejects(() => near.read(new Uint8Array(1)), NetError);
  assertEquals([error.kind, error.blame], ["reset", "remote"]);
});

Deno.test("closing gives up after close-wait when the peer takes nothing", async () => {
  const limits = { ...makeContext().limits, "close-wait": 200 };
  assert(limitTable["close-wait"].value > 1000);
  await using listener = await listen("listen:tcp://127.0.0.1:0");
  const near = await connect(listener.local.text, makeContext({ limits }));
  await using far = await (await listener.accept())?.settle(makeContext());
  let failed: unknown;
  const written = near.write(new Uint8Array(64 << 20)).catch((thrown) => failed = thrown);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const start = performance.now();
  await near[Symbol.asyncDispose]();
  const tookMs = performance.now() - start;
  assert(tookMs > 150 && tookMs < 2000, `${tookMs} ms`);
  await written;
  assert(failed instanceof NetError && failed.kind === "aborted", `${failed}`);
  far?.abort();
});

Deno.test("a thousand connections that are reset at once leave nothing behind", async () => {
  await using listener = await listen("listen:tcp://127.0.0.1:0");
  const before = holdings().descriptors;
  for (let round = 0; round < 1000; round++) {
    const [near, incoming] = await Promise.all([connect(listener.local.text), listener.accept()]);
    near.abort();
    incoming?.reject();
  }
  await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
});
