/**
 * Links by address in this process: every kind of endpoint behind them, faults of their carriers.
 */

import "../support/libc.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { link, type LinkCallOptions } from "../../lib/api/link.ts";
import { type LinkListenOptions, listenLink } from "../../lib/api/link_listen.ts";
import { listen } from "../../lib/api/listen.ts";
import { serve } from "../../lib/api/serve.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";
import { readExactly } from "../../lib/stream/read.ts";
import { readinessSettled } from "../../lib/sys/readiness.ts";
import { within } from "../support/within.ts";

const key = new Uint8Array(32).fill(3);
const bytes = (text: string) => new TextEncoder().encode(text);

async function said(session: Duplex, size: number): Promise<string> {
  const all = await readExactly(session, new Uint8Array(size));
  return new TextDecoder().decode(all ?? undefined);
}

/** A link looks out for the network: the thread that waits for it ends a moment after the link. */
function linkTest(name: string, fn: () => Promise<void>): void {
  Deno.test(name, async () => {
    await fn();
    await readinessSettled();
  });
}

/** A server on loopback with a client of it. */
async function linked(
  permits: readonly string[],
  options: LinkCallOptions = {},
  server: LinkListenOptions = {},
) {
  const stack = new AsyncDisposableStack();
  const listening = stack.use(
    await listenLink("tcp://127.0.0.1:0", { key, permits, ...server }),
  );
  const address = listening.addresses[0]?.text ?? "";
  const session = stack.use(await link(address, { key, ...options }));
  return { server: listening, session, address, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

linkTest("a channel reaches any endpoint, with half-close both ways", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-link-" });
  try {
    const unix = `unix:${folder}/echo`;
    await using echo = await serve("echo", ["tcp://127.0.0.1:0", unix, "memory:link-echo"]);
    const targets = [echo.addresses[0]?.text ?? "", unix, "memory:link-echo", "exec:cat"];
    await using pair = await linked(targets);
    for (const target of targets) {
      await using channel = await pair.session.open(target);
      await channel.write(bytes("hello"));
      await channel.closeWrite();
      assertEquals(await said(channel, 5), "hello", target);
      assertEquals(await channel.read(new Uint8Array(1)), null, target);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

linkTest("datagrams keep their boundaries, from one socket of datagrams to another", async () => {
  await using echo = await serve("echo", "udp://127.0.0.1:0");
  const target = echo.addresses[0]?.text ?? "";
  await using pair = await linked([target], { forwards: [`udp://127.0.0.1:0=${target}`] });
  await using peer = await connect(pair.session.addresses[0]?.text ?? "");
  const into = new Uint8Array(2048);
  for (const size of [1, 700, 1400, 0, 3]) {
    await peer.write(new Uint8Array(size).fill(size));
    assertEquals(await peer.read(into), size);
  }
});

linkTest(
  "where one end has messages and the other none, the stream is cut beside them",
  async () => {
    await using echo = await serve("echo", ["udp://127.0.0.1:0", "tcp://127.0.0.1:0"]);
    const [udp = "", tcp = ""] = echo.addresses.map(({ text }) => text);
    await using pair = await linked([udp, tcp], {
      forwards: [`tcp://127.0.0.1:0=${udp}`, `udp://127.0.0.1:0=${tcp}`],
    });
    for (const { text } of pair.session.addresses) {
      await using peer = await connect(text);
      await peer.write(bytes("cut"));
      assertEquals(await said(peer, 3), "cut", text);
    }
  },
);

linkTest(
  "a target that cannot be opened resets its connection alone, with the reason told",
  async () => {
    const port = listenedAndClosed();
    await using pair = await linked(["tcp://127.0.0.1:*", "unix:/nonexistent/x"]);
    const refused = await assertRejects(
      () => pair.session.open(`tcp://127.0.0.1:${port}`),
      NetError,
      "connection refused (ECONNREFUSED)",
    );
    assertEquals([refused.kind, refused.blame], ["refused", "remote"]);
    const missing = await assertRejects(() => pair.session.open("unix:/nonexistent/x"), NetError);
    assertEquals(missing.kind, "not-found");
    for (
      const target of ["tcp://127.0.0.2:80", "exec:id", "tcp://127.0.0.1:80?nodelay", "file:/x"]
    ) {
      const denied = await assertRejects(() => pair.session.open(target), NetError);
      assertEquals(denied.kind, "permission", target);
    }
  },
);

function listenedAndClosed(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

linkTest("a listener of the other side is closed with its link, and its port is free", async () => {
  await using behind = await listen("memory:link-behind");
  const permits = ["listen:tcp://127.0.0.1:*"];
  await using server = await listenLink("tcp://127.0.0.1:0", { key, permits });
  const address = server.addresses[0]?.text ?? "";
  const reverses = ["tcp://127.0.0.1:0=memory:link-behind"];
  const first = await link(address, { key, reverses });
  const front = first.addresses[0]?.text ?? "";
  await using client = await connect(front);
  await using session = await behind.accept();
  await client.write(bytes("in"));
  assert(session !== null);
  assertEquals(await said(session, 2), "in");
  await first.close();
  await using second = await link(address, { key, reverses: [`${front}=memory:link-behind`] });
  assertEquals(second.addresses[0]?.text, front);
  await assertRejects(
    () => link(address, { key, reverses: [`${front}=memory:link-behind`] }),
    NetError,
    "address in use",
  );
});

linkTest(
  "two clients of one identity: the newer has the ports at once, the older is told",
  async () => {
    const permits = ["listen:tcp://127.0.0.1:*"];
    await using server = await listenLink("tcp://127.0.0.1:0", { key, permits });
    const address = server.addresses[0]?.text ?? "";
    const options = { key, identity: "me" };
    await using older = await link(address, {
      ...options,
      reverses: ["tcp://127.0.0.1:0=exec:cat"],
    });
    const front = older.addresses[0]?.text ?? "";
    await using newer = await link(address, { ...options, reverses: [`${front}=exec:cat`] });
    const { error } = await older.done;
    assertEquals(error?.reason, "another client of the same identity has taken over");
    await using client = await connect(front);
    await client.write(bytes("mine"));
    assertEquals(await said(client, 4), "mine");
    assertEquals(server.sessions.length, 1);
    assertEquals(newer.tally()?.open, 1);
  },
);

linkTest("a session that nobody comes back to is forgotten, with its listeners", async () => {
  const permits = ["listen:tcp://127.0.0.1:*"];
  await using server = await listenLink("tcp://127.0.0.1:0", { key, permits, retentionMs: 50 });
  await using wire = await listen("memory:link-wire");
  const [carrier, session] = await Promise.all([
    link("memory:link-wire", { key, reverses: ["tcp://127.0.0.1:0=exec:cat"] }),
    (async () => {
      const inner = await wire.accept();
      const outer = await connect(server.addresses[0]?.text ?? "");
      assert(inner !== null);
      const { relay } = await import("../../lib/stream/relay.ts");
      const { makeContext } = await import("../../lib/core/context.ts");
      void relay(inner, outer, makeContext());
      return inner;
    })(),
  ]);
  assertEquals(server.sessions.length, 1);
  await using _carrier = carrier;
  const front = carrier.addresses[0]?.text ?? "";
  await wire[Symbol.asyncDispose]();
  session.abort();
  for await (const event of server.events) if (event.state === "over") break;
  assertEquals(server.sessions.length, 0);
  // The listener is being closed by now; who is accepted meanwhile is reset.
  for (let kind = ""; kind !== "refused";) {
    const failed = await connect(front).then(
      (one) => one[Symbol.asyncDispose](),
      (thrown) => thrown,
    );
    kind = failed instanceof NetError ? failed.kind : "";
  }
});

linkTest(
  "a drain whose time is over ends the link: what a reverse forward has opened is closed",
  async () => {
    await using door = await listen("tcp://127.0.0.1:0");
    const reverses = [`listen:tcp://127.0.0.1:0=${door.addresses[0]?.text}`];
    await using pair = await linked(["listen:tcp://127.0.0.1:*"], { reverses }, { drainMs: 20 });
    await using visitor = await connect(pair.session.addresses[0]?.text ?? "");
    await using target = await door.accept();
    assert(target !== null);
    await visitor.write(bytes("hello"));
    await visitor.closeWrite();
    assertEquals(await said(target, 5), "hello");
    assertEquals(await target.read(new Uint8Array(1)), null);
    await pair.server.drain();
    const closed = async () => {
      while (pair.session.tally()?.open !== 0) await new Promise((then) => setTimeout(then, 5));
    };
    await within(closed(), () => "it is open", 5_000);
  },
);
