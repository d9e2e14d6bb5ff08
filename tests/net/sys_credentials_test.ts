/** Credentials of peers on the runtime's Unix connections. */

import "../support/libc.ts";
import { assert, assertEquals } from "@std/assert";
import { UnixPeers } from "../../lib/sys/credentials.ts";
import { encodeSockaddr } from "../../lib/wire/sockaddr.ts";

const self = { pid: Deno.pid, uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
const abstractPath = () => `\0plumb-test-${crypto.randomUUID()}`;

/** A client in another process that says nothing and ends when its input does. */
function foreignClient(path: string): Deno.ChildProcess {
  const args = ["-", `ABSTRACT-CONNECT:${path.slice(1)}`];
  return new Deno.Command("socat", { args, stdin: "piped", stdout: "null" }).spawn();
}

Deno.test("each accepted connection gets the credentials of its own client", async () => {
  const path = abstractPath();
  const name = encodeSockaddr({ family: "unix", path });
  using listener = Deno.listen({ transport: "unix", path });
  const peers = new UnixPeers("local", name);
  const accepted: Deno.UnixConn[] = [];
  const children: Deno.ChildProcess[] = [];
  for (let i = 0; i < 3; i++) {
    const child = foreignClient(path);
    children.push(child);
    accepted.push(await listener.accept());
    assertEquals(peers.next(), { ...self, pid: child.pid });
    const client = await Deno.connect({ transport: "unix", path });
    accepted.push(await listener.accept(), client);
    assertEquals(peers.next(), self);
    accepted.shift()?.close(); // numbers are used again: a new socket there is still new
  }
  assertEquals(peers.next(), null);
  for (const end of accepted) end.close();
  for (const child of children) {
    await child.stdin.close();
    await child.status;
  }
});

Deno.test("two new connections with different peers are never guessed at", async () => {
  const path = abstractPath();
  using listener = Deno.listen({ transport: "unix", path });
  const peers = new UnixPeers("local", encodeSockaddr({ family: "unix", path }));
  const child = foreignClient(path);
  const ends = [await listener.accept(), await Deno.connect({ transport: "unix", path })];
  ends.push(await listener.accept());
  assertEquals(peers.next(), null);
  const later = await Deno.connect({ transport: "unix", path });
  ends.push(later, await listener.accept());
  assertEquals(peers.next(), self); // and the next one is certain again
  for (const end of ends) end.close();
  await child.stdin.close();
  await child.status;
});

Deno.test("a client learns who listens", async () => {
  const path = abstractPath();
  using listener = Deno.listen({ transport: "unix", path });
  const peers = new UnixPeers("remote", encodeSockaddr({ family: "unix", path }));
  using client = await Deno.connect({ transport: "unix", path });
  using server = await listener.accept();
  assertEquals(peers.next(), self);
  assert(client !== server);
});
