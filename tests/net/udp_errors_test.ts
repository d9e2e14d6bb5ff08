/**
 * What the network says of datagrams, and whose answers a client takes, on the loopback.
 * @module
 */

import "../support/libc.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseAddress } from "../../lib/address/parse.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Datagrams, Duplex } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";
import { openActive, openPassive } from "../../lib/transport/open.ts";
import { inetPeer } from "../../lib/transport/peer.ts";
import { within } from "../contract/expect.ts";
import { noPorts } from "../contract/pair.ts";
import { MemoryLog } from "../support/memory_log.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const room = () => new Uint8Array(65_536);

async function listen(text: string): Promise<Datagrams> {
  const [opened] = await openPassive(parseAddress(text), makeContext(), noPorts);
  assert(opened?.kind === "datagrams");
  return opened.datagrams;
}

function connect(text: string, log = new MemoryLog()): Promise<Duplex> {
  return openActive(parseAddress(text), makeContext({ log }), noPorts);
}

async function textFrom(session: Duplex): Promise<string> {
  const into = room();
  const count = await within(session.read(into), "reading");
  return new TextDecoder().decode(into.subarray(0, count ?? 0));
}

/** A port of the loopback where nobody is. */
async function closedPort(host: string): Promise<number> {
  await using socket = await listen(`listen:udp://${host}:0`);
  return socket.local.port ?? 0;
}

Deno.test("a read that waits fails with the peer's name when the peer's port is closed", async () => {
  for (const host of ["127.0.0.1", "[::1]"]) {
    const text = `udp://${host}:${await closedPort(host)}`;
    await using client = await connect(text);
    const read = client.read(room());
    await client.write(bytes("anybody?"));
    const error = await assertRejects(() => within(read, "reading"), NetError);
    assertEquals([error.kind, error.address, error.code], ["refused", text, "ECONNREFUSED"]);
    assertEquals(error.blame, "remote");
  }
});

Deno.test("an error of one peer does not fail what is sent to another", async () => {
  for (const host of ["127.0.0.1", "[::1]", "[::]"]) {
    await using socket = await listen(`listen:udp://${host}:0`);
    await using living = await listen(`listen:udp://${host === "[::]" ? "127.0.0.1" : host}:0`);
    const [bare, there] = [host.replace(/[[\]]/g, ""), living.local];
    // The dual-stack socket meets the errors of IPv4 packets.
    const deadHost = bare === "::" ? "127.0.0.1" : bare;
    const dead = inetPeer("udp", deadHost, await closedPort(bare === "::" ? deadHost : host));
    for (let n = 0; n < 20; n++) {
      await socket.send({ data: bytes("lost"), peer: dead });
      await socket.send({ data: bytes(String(n)), peer: there });
      const got = await within(living.receive(room()), "receiving");
      assertEquals(new TextDecoder().decode(got?.data), String(n));
    }
    const error = await assertRejects(() => within(socket.receive(room()), "receiving"), NetError);
    assertEquals([error.kind, error.address], ["refused", dead.text]);
  }
});

Deno.test("a socket that had errors still receives", async () => {
  await using socket = await listen("listen:udp://127.0.0.1:0");
  await using other = await listen("listen:udp://127.0.0.1:0");
  const dead = inetPeer("udp", "127.0.0.1", await closedPort("127.0.0.1"));
  const failed = socket.receive(room());
  await socket.send({ data: bytes("lost"), peer: dead });
  await assertRejects(() => within(failed, "failing"), NetError);
  const received = socket.receive(room());
  await other.send({ data: bytes("there"), peer: socket.local });
  assertEquals((await within(received, "receiving"))?.data, bytes("there"));
});

Deno.test("errors that nobody receives are kept up to a bound", async () => {
  await using socket = await listen("listen:udp://127.0.0.1:0");
  const port = await closedPort("127.0.0.1");
  const dead = inetPeer("udp", "127.0.0.1", port);
  for (let n = 0; n < 300; n++) await socket.send({ data: bytes("lost"), peer: dead });
  await socket.send({ data: bytes("end"), peer: socket.local });
  let errors = 0;
  for (;;) {
    try {
      assertEquals((await within(socket.receive(room()), "receiving"))?.data, bytes("end"));
      break;
    } catch (thrown) {
      assert(thrown instanceof NetError && thrown.kind === "refused");
      errors++;
    }
  }
  assert(errors > 0 && errors <= 64, `${errors} errors`);
});

Deno.test("sockets that share an address each get what is theirs", async () => {
  const placeholder = await Deno.open("/dev/null");
  await using first = await listen("listen:udp://239.77.1.9:0?interface=lo");
  const { port } = first.local;
  const more = () => listen(`listen:udp://239.77.1.9:${port}?interface=lo`);
  // The second gets a descriptor before the first one's, so that a search that goes on from there
  // for the third meets the first again.
  placeholder.close();
  await using second = await more();
  await using third = await more();
  await using sender = await connect(`udp://239.77.1.9:${port}?interface=lo`);
  for (let n = 0; n < 10; n++) {
    await sender.write(bytes(String(n)));
    for (const socket of [first, second, third]) {
      const got = await within(socket.receive(room()), "receiving");
      assertEquals(got?.data, bytes(String(n)));
    }
  }
  // Closing one must not take the other's descriptor away.
  await first[Symbol.asyncDispose]();
  const received = [second, third].map((socket) => socket.receive(room()));
  await sender.write(bytes("still"));
  for (const one of received) assertEquals((await within(one, "receiving"))?.data, bytes("still"));
});

/** A server that answers each datagram from two other sockets than the one that it came to. */
async function answering() {
  const front = await listen("listen:udp://127.0.0.1:0");
  const one = await listen("listen:udp://127.0.0.1:0");
  const two = await listen("listen:udp://127.0.0.1:0");
  const peer = async () => {
    const got = await within(front.receive(room()), "the question");
    assert(got !== null);
    return got.peer;
  };
  const close = async () => {
    for (const socket of [front, one, two]) await socket[Symbol.asyncDispose]();
  };
  return { front, one, two, peer, [Symbol.asyncDispose]: close };
}

Deno.test("any-peer takes everybody's answers and says whose they are", async () => {
  await using server = await answering();
  const log = new MemoryLog();
  await using client = await connect(`${server.front.local.text}?any-peer`, log);
  await client.write(bytes("who"));
  const peer = await server.peer();
  for (const [socket, text] of [[server.one, "1"], [server.one, "2"], [server.two, "3"]] as const) {
    await socket.send({ data: bytes(text), peer });
    assertEquals(await textFrom(client), text);
  }
  assertEquals(
    log.of("peer").map(({ text }) => text),
    [`from ${server.one.local.text}`, `from ${server.two.local.text}`],
  );
  // Questions go where they went before.
  await client.write(bytes("again"));
  await server.peer();
});

Deno.test("any-peer=follow talks on with whoever answered first, as TFTP does", async () => {
  await using server = await answering();
  const log = new MemoryLog();
  await using client = await connect(`${server.front.local.text}?any-peer=follow`, log);
  await client.write(bytes("RRQ"));
  const peer = await server.peer();
  await server.one.send({ data: bytes("DATA 1"), peer });
  assertEquals(await textFrom(client), "DATA 1");
  await client.write(bytes("ACK 1"));
  const got = await within(server.one.receive(room()), "the acknowledgement");
  assertEquals(got?.data, bytes("ACK 1"));
  // RFC 1350 section 4: others are no part of the transfer.
  await server.two.send({ data: bytes("intruder"), peer });
  await server.one.send({ data: bytes("DATA 2"), peer });
  assertEquals(await textFrom(client), "DATA 2");
  assertEquals(log.of("dropped").length, 1);
});
