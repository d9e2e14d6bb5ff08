import { assert, assertEquals } from "@std/assert";
import { makeContext } from "../../../lib/core/context.ts";
import type { Duplex } from "../../../lib/core/contract.ts";
import { LinkClient } from "../../../lib/link/link_client.ts";
import { LinkServer } from "../../../lib/link/link_server.ts";
import { memoryPair } from "../../../lib/transport/memory_session.ts";

const key = new Uint8Array(32).fill(7);
const peer = { scheme: "memory", text: "memory:link" };

Deno.test("a channel carries bytes both ways and ends in order", async () => {
  const context = makeContext();
  const ends: Duplex[] = [];
  await using server = new LinkServer({ key }, {
    open: ({ target }) => {
      assertEquals(target, "memory:x");
      const [near, far] = memoryPair(peer, peer, 65536);
      ends.push(far);
      return Promise.resolve(near);
    },
  }, context);
  const client = new LinkClient(
    () => {
      const [near, far] = memoryPair(peer, peer, 65536);
      void server.serve(far, context);
      return Promise.resolve(near);
    },
    { key },
    {},
    context,
  );
  client.start();
  await client.up;
  const channel = await client.open("memory:x");
  await channel.write(new TextEncoder().encode("hello"));
  await channel.closeWrite();
  const [end] = ends;
  assert(end !== undefined);
  const buffer = new Uint8Array(100);
  assertEquals(await end.read(buffer), 5);
  assertEquals(await end.read(buffer), null);
  await end.write(new TextEncoder().encode("world!"));
  await end.closeWrite();
  assertEquals(await channel.read(buffer), 6);
  assertEquals(await channel.read(buffer), null);
  const tally = await client.close();
  assertEquals(tally.error, undefined);
});
