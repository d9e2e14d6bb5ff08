/** Unix datagram sockets. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Clock, realClock } from "../../lib/core/clock.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Datagrams } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";
import type { Log } from "../../lib/core/log.ts";
import { unixgramTransport } from "../../lib/transport/unixgram.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { testFolder, withFolder } from "../support/folder.ts";
import { connectWith, datagramsWith, readOnce, writeText } from "../support/open_transport.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (data: Uint8Array) => new TextDecoder().decode(data);

function lookAt(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch {
    return null;
  }
}

/** Leaves a socket file behind that nobody serves. */
async function leaveStale(path: string): Promise<void> {
  Deno.listenDatagram({ transport: "unixpacket", path }).close();
  assert((await Deno.lstat(path)).isSocket);
}

/** Answers each datagram in capitals until the socket is closed. */
async function shout(socket: Datagrams): Promise<void> {
  const buffer = new Uint8Array(1024);
  for (;;) {
    const datagram = await socket.receive(buffer);
    if (datagram === null) return;
    await socket.send({ data: bytes(textOf(datagram.data).toUpperCase()), peer: datagram.peer });
  }
}

Deno.test("unixgram takes the answers of a peer that was bound by another spelling of its path", () =>
  withFolder(async (folder) => {
    await using server = await datagramsWith(unixgramTransport, `unixgram:${folder}/s`);
    const serving = shout(server);
    await Deno.symlink(folder, `${folder}/link`);
    for (const way of [`${folder}/./s`, `${folder}/link/s`]) {
      await using client = await connectWith(unixgramTransport, `unixgram:${way}`);
      await writeText(client, "hello");
      assertEquals(await readOnce(client), "HELLO");
    }
    server.abort();
    await serving;
  }));

Deno.test("unixgram answers from the bound path while a receive waits", () =>
  withFolder(async (folder) => {
    await using server = await datagramsWith(unixgramTransport, `unixgram:${folder}/s`);
    assertEquals(server.local.text, `unixgram:${folder}/s`);
    const serving = shout(server);
    const clients = await Promise.all(
      ["a", "b"].map(() => connectWith(unixgramTransport, `unixgram:${folder}/s`)),
    );
    for (const [at, client] of clients.entries()) {
      // The client's own receive is pending too when it sends.
      const reply = readOnce(client);
      await writeText(client, `hello ${at}`);
      assertEquals(await reply, `HELLO ${at}`);
      await client[Symbol.asyncDispose]();
    }
    await server[Symbol.asyncDispose]();
    await serving;
  }));

Deno.test("unixgram keeps messages, empty and large ones included", () =>
  withFolder(async (folder) => {
    await using server = await datagramsWith(unixgramTransport, `unixgram:${folder}/s`);
    await using client = await connectWith(unixgramTransport, `unixgram:${folder}/s`);
    const most = client.traits.maximumMessage ?? 0;
    assert(most > 65_507);
    const buffer = new Uint8Array(most);
    for (const size of [0, 1, 70_000, most]) {
      const chunk = new Uint8Array(size).fill(size % 251);
      const received = server.receive(buffer);
      await client.write(chunk);
      assertEquals((await received)?.data, chunk);
    }
    const error = await assertRejects(() => client.write(new Uint8Array(most + 1)), NetError);
    assertEquals(error.kind, "too-large");
    assertStringIncludes(error.message, String(most + 1));
    assertStringIncludes(error.message, String(most));
    await client.write(bytes("still usable"));
    assertEquals(textOf((await server.receive(buffer))?.data ?? buffer), "still usable");
  }));

Deno.test("unixgram never cuts a datagram silently", () =>
  withFolder(async (folder) => {
    await using server = await datagramsWith(unixgramTransport, `unixgram:${folder}/s`);
    await using client = await connectWith(unixgramTransport, `unixgram:${folder}/s`);
    await writeText(client, "0123456789");
    await writeText(client, "short");
    const error = await assertRejects(() => server.receive(new Uint8Array(5)), NetError);
    assertEquals([error.kind, error.blame], ["too-large", "remote"]);
    assertEquals((await server.receive(new Uint8Array(5)))?.data, bytes("short"));
  }));

Deno.test("unixgram drops what would answer a sender without a name", () =>
  withFolder(async (folder) => {
    const said: string[] = [];
    const log: Log = { write: (_level, _event, text) => said.push(text), enabled: () => true };
    await using server = await datagramsWith(unixgramTransport, `unixgram:${folder}/s`, {
      context: makeContext({ log }),
    });
    await new Deno.Command("sh", {
      args: ["-c", `printf anonymous | socat -u - UNIX-SENDTO:${folder}/s`],
    }).output();
    const datagram = await server.receive(new Uint8Array(100));
    assertEquals(datagram?.peer.text, "");
    if (datagram !== null) await server.send(datagram);
    assertStringIncludes(said.join(), "without a name");
  }));

Deno.test("unixgram waits while the receiver's queue is full, and abort ends the wait", () =>
  withFolder(async (folder) => {
    await using server = await datagramsWith(unixgramTransport, `unixgram:${folder}/s`);
    const client = await connectWith(unixgramTransport, `unixgram:${folder}/s`);
    let sent = 0;
    const sending = (async () => {
      for (;; sent++) await client.write(Uint8Array.of(sent));
    })();
    const ended = assertRejects(() => sending, NetError);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const full = sent;
    assert(full > 0 && full < 10_000);
    for (let i = 0; i < full; i++) {
      assertEquals((await server.receive(new Uint8Array(1)))?.data, Uint8Array.of(i));
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert(sent > full);
    client.abort();
    assertEquals((await ended).kind, "aborted");
  }));

Deno.test("unixgram replaces a stale path and leaves everything else", () =>
  withFolder(async (folder) => {
    await leaveStale(`${folder}/s`);
    await using server = await datagramsWith(unixgramTransport, `unixgram:${folder}/s`);
    const before = lookAt(`${folder}/s`)?.ino;
    const live = await assertRejects(
      () => datagramsWith(unixgramTransport, `unixgram:${folder}/s`),
      NetError,
    );
    assertEquals(live.kind, "in-use");
    assertEquals(lookAt(`${folder}/s`)?.ino, before);
    await Deno.writeTextFile(`${folder}/f`, "precious");
    const file = await assertRejects(
      () => datagramsWith(unixgramTransport, `unixgram:${folder}/f`),
      NetError,
    );
    assertEquals(file.kind, "in-use");
    assertEquals(await Deno.readTextFile(`${folder}/f`), "precious");
    await server[Symbol.asyncDispose]();
    assertEquals(lookAt(`${folder}/s`), null);
  }));

Deno.test("unixgram leaves a path that another server has bound since", () =>
  withFolder(async (folder) => {
    const first = await datagramsWith(unixgramTransport, `unixgram:${folder}/s`);
    await Deno.remove(`${folder}/s`);
    await using second = await datagramsWith(unixgramTransport, `unixgram:${folder}/s`);
    await first[Symbol.asyncDispose]();
    await using client = await connectWith(unixgramTransport, `unixgram:${folder}/s`);
    await writeText(client, "x");
    assertEquals((await second.receive(new Uint8Array(1)))?.data, bytes("x"));
  }));

Deno.test("unixgram makes its file with the asked mode", () =>
  withFolder(async (folder) => {
    const umask = Deno.umask();
    await using _one = await datagramsWith(unixgramTransport, `unixgram:${folder}/a?mode=0622`);
    await using _two = await datagramsWith(unixgramTransport, `unixgram:${folder}/b`);
    assertEquals((lookAt(`${folder}/a`)?.mode ?? 0) & 0o7777, 0o622);
    assertEquals((lookAt(`${folder}/b`)?.mode ?? 0) & 0o7777, 0o777 & ~umask);
    assertEquals(Deno.umask(), umask);
  }));

Deno.test("unixgram says at once that nobody receives there", () =>
  withFolder(async (folder) => {
    await leaveStale(`${folder}/s`);
    for (const [path, kind] of [["none", "not-found"], ["s", "refused"]] as const) {
      const error = await assertRejects(
        () => connectWith(unixgramTransport, `unixgram:${folder}/${path}`),
        NetError,
      );
      assertEquals(error.kind, kind);
    }
    using _stream = Deno.listen({ transport: "unix", path: `${folder}/t` });
    const error = await assertRejects(
      () => connectWith(unixgramTransport, `unixgram:${folder}/t`),
      NetError,
    );
    assertEquals(error.code, "EPROTOTYPE");
  }));

Deno.test("unixgram works over abstract names", async () => {
  const name = `unixgram:@plumb-${crypto.randomUUID()}`;
  await using server = await datagramsWith(unixgramTransport, name);
  const serving = shout(server);
  const client = await connectWith(unixgramTransport, name);
  await writeText(client, "hi");
  assertEquals(await readOnce(client), "HI");
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await serving;
});

Deno.test("unixgram leaves no descriptor behind", () =>
  withFolder(async (folder) => {
    const before = holdings().descriptors;
    for (let i = 0; i < 20; i++) {
      const server = await datagramsWith(unixgramTransport, `unixgram:${folder}/s`);
      const client = await connectWith(unixgramTransport, `unixgram:${folder}/s`);
      await datagramsWith(unixgramTransport, `unixgram:${folder}/s`).catch(() => {});
      await connectWith(unixgramTransport, `unixgram:${folder}/none`).catch(() => {});
      client.abort();
      await server[Symbol.asyncDispose]();
    }
    await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
  }));

Deno.test("a client is answered at the path or name that it was given, which is gone afterwards", async () => {
  await using folder = await testFolder();
  await using server = await datagramsWith(unixgramTransport, `unixgram:${folder.path}/server`);
  const own = `${folder.path}/client`;
  const names = [[own, own], ["@plumb-test-own", "@plumb-test-own"], [
    "temporary",
    "/tmp/",
  ]] as const;
  for (const [name, start] of names) {
    const text = `${server.local.text}?bind=${name}`;
    const client = await connectWith(unixgramTransport, text);
    await writeText(client, "question");
    const got = await server.receive(new Uint8Array(100));
    assert(got !== null && got.peer.path?.startsWith(start), got?.peer.text);
    await server.send({ data: got.data, peer: got.peer });
    assertEquals(await readOnce(client), "question");
    const path = got.peer.path ?? "";
    await client[Symbol.asyncDispose]();
    if (!path.startsWith("@")) await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
  }
});

Deno.test("a queue that stays full is an error, in the time that the limit gives", async () => {
  await using folder = await testFolder();
  await using server = await datagramsWith(unixgramTransport, `unixgram:${folder.path}/server`);
  const { limits } = makeContext();
  const context = makeContext({ limits: { ...limits, "write-stall": 30 } });
  await using client = await connectWith(unixgramTransport, server.local.text, { context });
  const error = await assertRejects(async () => {
    for (let n = 0; n < 10_000; n++) await writeText(client, "x");
  }, NetError);
  assertEquals(error.kind, "dead");
});

Deno.test("a socket that is closed just when it asks for room again is not used any more", async () => {
  await using folder = await testFolder();
  await using server = await datagramsWith(unixgramTransport, `unixgram:${folder.path}/server`);
  let then = () => {};
  const clock: Clock = {
    ...realClock,
    timer(_delayMs, ring) {
      then = ring;
      return { cancel: () => {} };
    },
  };
  const context = makeContext({ clock });
  const client = await connectWith(unixgramTransport, server.local.text, { context });
  const full = assertRejects(async () => {
    for (let n = 0; n < 10_000; n++) await writeText(client, "x");
  }, NetError);
  await new Promise((resolve) => setTimeout(resolve, 50));
  then();
  client.abort();
  assertEquals((await full).kind, "aborted");
});
