/**
 * Sessions that survive, over real sockets.
 * @module
 */

import "../support/libc.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { Connections } from "../../lib/api/connections.ts";
import { confirmed } from "../../lib/api/confirm.ts";
import { relay } from "../../lib/api/relay.ts";
import { serve } from "../../lib/api/serve.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";
import { Reconnecting } from "../../lib/link/reconnect.ts";
import type { ConnectionEvent } from "../../lib/link/reconnect_options.ts";
import { readinessSettled } from "../../lib/sys/readiness.ts";
import { echoed } from "../support/clients.ts";
import { freeTcpPort, freeUdpPort } from "../support/ports.ts";
import { MemoryLog } from "../support/memory_log.ts";
import { serveAgain } from "../support/serve_again.ts";

const quick = "reconnect&backoff=10ms..50ms";

async function text(end: { read(into: Uint8Array): Promise<number | null> }): Promise<string> {
  const into = new Uint8Array(1024);
  const count = await end.read(into);
  return count === null ? "(end)" : new TextDecoder().decode(into.subarray(0, count));
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** A session that is a `Reconnecting`. */
function surviving(session: Duplex): Reconnecting {
  assert(session instanceof Reconnecting);
  return session;
}

/** The next event of a state. */
async function next<S extends ConnectionEvent["state"]>(
  events: AsyncIterator<ConnectionEvent>,
  state: S,
): Promise<Extract<ConnectionEvent, { state: S }>> {
  for (;;) {
    const { value, done } = await events.next();
    if (done) throw new Error(`ended before ${state}`);
    if (value.state === state) return value as Extract<ConnectionEvent, { state: S }>;
  }
}

Deno.test("reconnect: a server that goes and comes back on its port has the session again", async () => {
  const first = await serve("echo", `tcp://127.0.0.1:${freeTcpPort()}`);
  const address = first.addresses[0]?.text ?? "";
  const session = surviving(await connect(`${address}?${quick}`));
  const events = session.events[Symbol.asyncIterator]();
  assertEquals(await echoed(session, "one"), "one");
  const reading = text(session);
  await first[Symbol.asyncDispose]();
  const down = await next(events, "down");
  assertEquals([down.reason, down.bytesHandedOver], ["reset", 3]);
  assertEquals((await next(events, "waiting")).blame, "remote");
  await session.write(bytes("held"));
  await using _second = await serveAgain("echo", address);
  assertEquals(await reading, "held");
  assertEquals(await echoed(session, "two"), "two");
  await session.closeWrite();
  assertEquals(await text(session), "(end)");
  await session[Symbol.asyncDispose]();
  await readinessSettled();
});

Deno.test("reconnect: never connected, it gives up with the error of the last attempt", async () => {
  const work = connect(`tcp://127.0.0.1:${freeTcpPort()}?reconnect=3&backoff=10ms`);
  const error = await assertRejects(() => work, NetError);
  assertEquals([error.kind, error.code], ["refused", "ECONNREFUSED"]);
  assert(error.message.includes("gave up after 3 attempts: connection refused"), error.message);
  await readinessSettled();
});

Deno.test("reconnect: a connection that came out at itself is none", async () => {
  const port = freeTcpPort();
  const itself = `tcp://127.0.0.1:${port}?bind=127.0.0.1:${port}&reconnect=2&backoff=10ms`;
  const error = await assertRejects(() => connect(itself), NetError);
  assertEquals(error.kind, "refused");
  assert(error.message.includes("came out at itself"), error.message);
  await readinessSettled();
});

Deno.test("on-connect: read anew and sent first on each connection, before what is held", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/hello`;
  await Deno.writeTextFile(file, "hello one\n");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const opening = connect(`tcp://127.0.0.1:${port}?${quick}&on-connect=${file}`);
  const first = await listener.accept();
  const session = surviving(await opening);
  assertEquals(await text(first), "hello one\n");
  await Deno.writeTextFile(file, "hello two\n");
  const reading = text(session);
  first.close();
  const second = await listener.accept();
  assertEquals(await text(second), "hello two\n");
  // A file that has gone is this machine's fault: it is waited for, and nobody is dialled.
  await Deno.remove(file);
  const events = session.events[Symbol.asyncIterator]();
  second.close();
  while ((await next(events, "waiting")).blame !== "local");
  await Deno.writeTextFile(file, "hello three\n");
  session.retryNow();
  const third = await listener.accept();
  assertEquals(await text(third), "hello three\n");
  await third.write(bytes("welcome"));
  assertEquals(await reading, "welcome");
  session.abort();
  third.close();
  listener.close();
  await readinessSettled();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("on-connect: also without reconnect; a file that cannot be sent is told before connecting", async () => {
  const folder = await Deno.makeTempDir();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  await Deno.writeTextFile(`${folder}/hi`, "hi");
  const session = await connect(`tcp://127.0.0.1:${port}?on-connect=${folder}/hi`);
  const peer = await listener.accept();
  assertEquals(await text(peer), "hi");
  const wrong = [["none", "not-found"], ["large", "option"]] as const;
  await Deno.writeFile(`${folder}/large`, new Uint8Array(65_537));
  for (const [name, kind] of wrong) {
    for (const more of ["", "&reconnect"]) {
      const work = () => connect(`tcp://127.0.0.1:${port}?on-connect=${folder}/${name}${more}`);
      assertEquals((await assertRejects(work, NetError)).kind, kind);
    }
  }
  session.abort();
  peer.close();
  listener.close();
  await readinessSettled();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("relay: each leg has its own policy; the client stays while the other end is away", async () => {
  const backend = await serve("echo", `tcp://127.0.0.1:${freeTcpPort()}`);
  const address = backend.addresses[0]?.text ?? "";
  const connections = new Connections();
  const log = new MemoryLog();
  await using front = await relay("listen:tcp://127.0.0.1:0", `${address}?${quick}`, {
    connections,
    log,
  });
  await using plain = await relay("listen:tcp://127.0.0.1:0", address);
  await using client = await connect(front.addresses[0]?.text ?? "");
  const other = await connect(plain.addresses[0]?.text ?? "");
  assertEquals([await echoed(client, "a"), await echoed(other, "b")], ["a", "b"]);
  const lost = text(other).catch(({ kind }) => kind);
  await backend[Symbol.asyncDispose]();
  assertEquals(await lost, "reset");
  await client.write(bytes("meanwhile"));
  assertEquals(connections.size, 1);
  await using _again = await serveAgain("echo", address);
  assertEquals(await text(client), "meanwhile");
  assertEquals(connections.statuses().map(({ state }) => state), ["up"]);
  const states = log.of("connection").map(({ fields }) => fields["state"]);
  assertEquals(states.slice(0, 4), ["connecting", "up", "down", "waiting"]);
  await client.closeWrite();
  assertEquals(await text(client), "(end)");
  await other[Symbol.asyncDispose]();
  await front[Symbol.asyncDispose]();
  assertEquals(connections.size, 0);
  await readinessSettled();
});

Deno.test("relay: processes and threads of other models reconnect as well", async () => {
  const backend = await serve("echo", `tcp://127.0.0.1:${freeTcpPort()}`);
  const address = backend.addresses[0]?.text ?? "";
  await using front = await relay("listen:tcp://127.0.0.1:0", `${address}?${quick}`, {
    model: { kind: "threads", count: 1 },
  });
  await using client = await connect(front.addresses[0]?.text ?? "");
  assertEquals(await echoed(client, "a"), "a");
  await backend[Symbol.asyncDispose]();
  await client.write(bytes("meanwhile"));
  await using _again = await serveAgain("echo", address);
  assertEquals(await text(client), "meanwhile");
});

Deno.test("reconnect: over Unix sockets, and a datagram peer that is refused", async () => {
  const name = `unix:@plumb-${crypto.randomUUID()}`;
  const first = await serve("echo", name);
  const session = surviving(await connect(`${name}?${quick}`));
  assertEquals(await echoed(session, "one"), "one");
  const reading = text(session);
  await first[Symbol.asyncDispose]();
  await using _second = await serveAgain("echo", name);
  await session.write(bytes("two"));
  assertEquals(await reading, "two");
  session.abort();

  const port = freeUdpPort();
  const datagrams = surviving(await connect(`udp://127.0.0.1:${port}?${quick}`));
  const events = datagrams.events[Symbol.asyncIterator]();
  const answer = text(datagrams);
  await datagrams.write(bytes("nobody"));
  assertEquals((await next(events, "down")).error?.code, "ECONNREFUSED");
  await using _third = await serve("echo", `udp://127.0.0.1:${port}`);
  await next(events, "up");
  await datagrams.write(bytes("somebody"));
  assertEquals(await answer, "somebody");
  datagrams.abort();
  await datagrams[Symbol.asyncDispose]();
  await readinessSettled();
});

Deno.test("confirm: over once the peer has all, broken where it never will", async () => {
  await using sink = await serve("discard", "tcp://127.0.0.1:0");
  const context = makeContext();
  const good = confirmed(await connect(sink.addresses[0]?.text ?? ""), 5_000, context);
  await good.write(new Uint8Array(1_000_000));
  await good.closeWrite();
  await good[Symbol.asyncDispose]();

  const name = `plumb-${crypto.randomUUID()}`;
  const listener = Deno.listen({ transport: "unix", path: `\0${name}` });
  const opened = async () => {
    const [session, peer] = await Promise.all([connect(`unix:@${name}`), listener.accept()]);
    return [confirmed(session, 100, context), peer] as const;
  };
  const brokenBy = async (session: Duplex) => {
    const close = async () => await session[Symbol.asyncDispose]();
    return (await assertRejects(close, NetError)).message;
  };
  const [unread, lazy] = await opened();
  await unread.write(bytes("never read"));
  assert((await brokenBy(unread)).includes("acknowledged within 100 ms"));
  lazy.close();
  const [lost, gone] = await opened();
  await lost.write(bytes("never read"));
  gone.close();
  assert((await brokenBy(lost)).includes("broke before"));
  const [taken, diligent] = await opened();
  await taken.write(bytes("read"));
  assertEquals(await text(diligent), "read");
  await taken[Symbol.asyncDispose]();
  diligent.close();
  listener.close();
});

Deno.test("confirm: what went to a connection that was lost is never confirmed", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const session = surviving(await connect(`tcp://127.0.0.1:${port}?${quick}`));
  const first = await listener.accept();
  await session.write(bytes("unread"));
  const reading = text(session);
  await new Promise((resolve) => setTimeout(resolve, 20));
  first.close(); // with unread input: a reset
  const second = await listener.accept();
  await second.write(bytes("x"));
  assertEquals(await reading, "x");
  assertEquals(session.tally.bytesAtRisk, 6);
  const whole = confirmed(session, 5_000, makeContext());
  await whole.closeWrite();
  const error = await assertRejects(async () => await whole[Symbol.asyncDispose](), NetError);
  assert(error.message.includes("6 bytes went to a connection that was lost"), error.message);
  second.close();
  listener.close();
  await readinessSettled();
});
