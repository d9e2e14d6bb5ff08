/** The services on real sockets, against sockets that plumb did not write. @module */

import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { holdings, settle } from "../support/descriptors.ts";
import { type Served, serveOn } from "../support/served.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function portOf(served: Served, at = 0): number {
  return served.listeners[at]?.local.port ?? 0;
}

const dial = (served: Served) => Deno.connect({ hostname: "127.0.0.1", port: portOf(served) });

async function conversation(conn: Deno.Conn, sent: Uint8Array): Promise<Uint8Array> {
  const send = async () => {
    for (let at = 0; at < sent.length; at += 65_536) {
      const piece = sent.subarray(at, at + 65_536);
      for (let from = 0; from < piece.length;) from += await conn.write(piece.subarray(from));
    }
    await conn.closeWrite();
  };
  const [, reply] = await Promise.all([send(), new Response(conn.readable).bytes()]);
  return reply;
}

Deno.test("every stream service answers over TCP and a Unix socket at once", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-test-" });
  try {
    for (
      const [name, expected] of [["echo", "hello"], ["upper", "HELLO"], ["discard", ""]] as const
    ) {
      const path = `${folder}/${name}`;
      await using served = await serveOn(name, ["tcp://127.0.0.1:0", `unix:${path}`]);
      assertEquals(decode(await conversation(await dial(served), encode("hello"))), expected);
      const unix = await Deno.connect({ transport: "unix", path });
      assertEquals(decode(await conversation(unix, encode("hello"))), expected);
      served.drain();
      const { accepted, ended, bytesIn } = await served.done;
      assertEquals([accepted, ended, bytesIn], [2, 2, 10]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("daytime and time say their word and close, although the client sends and never ends", async () => {
  for (const [name, length] of [["daytime", 35], ["time", 4]] as const) {
    await using served = await serveOn(name, ["tcp://127.0.0.1:0"]);
    const conn = await dial(served);
    await conn.write(encode("ignored"));
    const reply = await new Response(conn.readable).bytes();
    assert(reply.length >= length);
    if (name === "time") {
      const seconds = new DataView(reply.buffer).getUint32(0) - 2_208_988_800;
      assertLess(Math.abs(seconds - Date.now() / 1000), 3);
    }
  }
});

Deno.test("a client that writes much before it reads gets its whole echo", async () => {
  await using served = await serveOn("echo", ["tcp://127.0.0.1:0"]);
  const sent = new Uint8Array(1_000_000).map((_, at) => at * 7 + (at >> 8));
  assertEquals(await conversation(await dial(served), sent), sent);
});

Deno.test("chargen stops when its reader breaks off", async () => {
  await using served = await serveOn("chargen", ["tcp://127.0.0.1:0"]);
  const conn = await dial(served);
  const buffer = new Uint8Array(65_536);
  let total = 0;
  while (total < 1_000_000) total += await conn.read(buffer) ?? 0;
  conn.close();
  while (served.server.open > 0) await new Promise((wake) => setTimeout(wake, 5));
});

Deno.test("a client that never reads stops being read", async () => {
  await using served = await serveOn("echo", ["tcp://127.0.0.1:0"]);
  using conn = await dial(served);
  const chunk = new Uint8Array(65_536);
  const before = holdings().residentBytes;
  let sent = 0;
  const flood = async () => {
    for (;;) sent += await conn.write(chunk);
  };
  const flooding = assertRejects(flood);
  for (let last = -1; last !== sent;) {
    last = sent;
    await new Promise((wake) => setTimeout(wake, 200));
  }
  // What is on its way is in the kernel's buffers; none of it piles up here.
  assertLess(holdings().residentBytes - before, 32 * 1024 * 1024);
  conn.close();
  await flooding;
});

Deno.test("UDP services answer each datagram, and none at a length that amplifies", async () => {
  await using served = await serveOn("chargen", ["udp://127.0.0.1:0"]);
  const port = portOf(served);
  const client = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  for (const size of [1, 74, 512, 2000]) {
    await client.send(new Uint8Array(size), { transport: "udp", hostname: "127.0.0.1", port });
    const [data] = await client.receive();
    assertEquals(data.length, Math.min(size, 512));
  }
  client.close();
});

Deno.test("UDP echo keeps messages and peers apart", async () => {
  await using served = await serveOn("upper", ["udp://127.0.0.1:0"]);
  const port = portOf(served);
  const clients = [1, 2, 3].map(() =>
    Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 })
  );
  for (const [at, client] of clients.entries()) {
    for (const text of [`a${at}`, "", `b${at}`]) {
      await client.send(encode(text), { transport: "udp", hostname: "127.0.0.1", port });
    }
  }
  for (const [at, client] of clients.entries()) {
    for (const text of [`A${at}`, "", `B${at}`]) {
      assertEquals(decode((await client.receive())[0]), text);
    }
    client.close();
  }
  assertEquals(served.server.tally().accepted, 3);
});

Deno.test("connections that are refused, reset or left half-way leave no descriptor behind", async () => {
  await using served = await serveOn("echo", ["tcp://127.0.0.1:0"], { maximumPerPeer: 20 });
  const before = holdings().descriptors;
  for (let round = 0; round < 10; round++) {
    const conns = await Promise.all(Array.from({ length: 50 }, () => dial(served)));
    for (const [at, conn] of conns.entries()) {
      if (at % 3 === 0) await conn.write(encode("x")).catch(() => {});
      if (at % 3 === 1) await conn.closeWrite().catch(() => {});
      conn.close();
    }
    while (served.server.open > 0) await new Promise((wake) => setTimeout(wake, 2));
  }
  // Those that were still on their way when the last round ended.
  await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
  const { accepted, refused } = served.server.tally();
  assert(refused > 0 && accepted > 0);
});
