/** Finding the descriptors of the runtime's own sockets, and what can be done with them. */

import "../support/libc.ts";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { SO_ACCEPTCONN, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from "../../lib/sys/constants.ts";
import { findDescriptor } from "../../lib/sys/descriptor.ts";
import { openDescriptors } from "../../lib/sys/limits.ts";
import { getIntegerOption } from "../../lib/sys/option.ts";
import { unacknowledgedBytes, unreadBytes } from "../../lib/sys/queue.ts";
import { resetNow } from "../../lib/sys/reset.ts";
import { encodeSockaddr } from "../../lib/wire/sockaddr.ts";

/** The raw sockaddr of what the runtime reports. */
function sockaddr(address: Deno.Addr): Uint8Array {
  assert("hostname" in address);
  const { hostname: host, port } = address;
  return host.includes(":")
    ? encodeSockaddr({ family: "inet6", host, port, flow: 0, scope: 0 })
    : encodeSockaddr({ family: "inet", host, port });
}

/** What the kernel says a descriptor is: `socket:[inode]`. */
const linkOf = (fd: number): string => Deno.readLinkSync(`/proc/self/fd/${fd}`);

async function connection(hostname: string): Promise<
  Disposable & { client: Deno.TcpConn; server: Deno.TcpConn; listener: Deno.TcpListener }
> {
  const listener = Deno.listen({ hostname, port: 0 });
  const target = { hostname: hostname === "::" ? "127.0.0.1" : hostname, port: listener.addr.port };
  const [client, server] = await Promise.all([Deno.connect(target), listener.accept()]);
  return {
    client,
    server,
    listener,
    [Symbol.dispose]: () => {
      for (const end of [client, server, listener]) end.close();
    },
  };
}

for (const hostname of ["127.0.0.1", "::1", "::"]) {
  Deno.test(`each end of a connection over ${hostname} is found`, async () => {
    const before = openDescriptors();
    {
      using it = await connection(hostname);
      const { client, server, listener } = it;
      const found = [
        findDescriptor(sockaddr(client.localAddr), sockaddr(client.remoteAddr)),
        findDescriptor(sockaddr(server.localAddr), sockaddr(server.remoteAddr)),
        findDescriptor(sockaddr(listener.addr), null),
      ];
      assert(found.every((fd) => fd !== null));
      assertEquals(new Set(found.map((fd) => linkOf(fd ?? -1))).size, 3);
      assertEquals(getIntegerOption(found[2] ?? -1, SOL_SOCKET, SO_ACCEPTCONN), 1);
      await client.write(new Uint8Array(7));
      await new Promise((resolve) => setTimeout(resolve, 5));
      assertEquals(unreadBytes(found[1] ?? -1), 7);
      assertEquals(unacknowledgedBytes(found[0] ?? -1), 0);
      client.setNoDelay(false);
      assertEquals(getIntegerOption(found[0] ?? -1, 6, 1), 0);
      client.setNoDelay(true);
      assertEquals(getIntegerOption(found[0] ?? -1, 6, 1), 1);
    }
    assertEquals(openDescriptors(), before);
  });
}

Deno.test("a closed connection is not found, and its number not taken for it", async () => {
  const it = await connection("127.0.0.1");
  const ends = [sockaddr(it.client.localAddr), sockaddr(it.client.remoteAddr)] as const;
  assertNotEquals(findDescriptor(...ends), null);
  it[Symbol.dispose]();
  assertEquals(findDescriptor(...ends), null);
});

Deno.test("a TCP listener and a UDP socket on the same port are told apart by type", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
  const name = sockaddr(socket.addr);
  const stream = findDescriptor(name, null, SOCK_STREAM);
  const datagram = findDescriptor(name, null, SOCK_DGRAM);
  assert(stream !== null && datagram !== null);
  assertNotEquals(stream, datagram);
  assertEquals(getIntegerOption(stream, SOL_SOCKET, SO_ACCEPTCONN), 1);
  assertEquals(getIntegerOption(datagram, SOL_SOCKET, SO_ACCEPTCONN), 0);
  socket.close();
});

Deno.test("Unix listeners are found by path and by abstract name", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (const path of [`${directory}/s`, `\0plumb-test-${crypto.randomUUID()}`]) {
      const name = encodeSockaddr({ family: "unix", path });
      assertEquals(findDescriptor(name, null), null);
      using listener = Deno.listen({ transport: "unix", path });
      const [client, server] = await Promise.all([
        Deno.connect({ transport: "unix", path }),
        listener.accept(),
      ]);
      const fd = findDescriptor(name, null);
      assert(fd !== null);
      assertEquals(getIntegerOption(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
      client.close();
      server.close();
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("resetNow is a reset for the peer even though the runtime shuts down first", async () => {
  const it = await connection("127.0.0.1");
  const { client, server, listener } = it;
  await client.write(new Uint8Array(100)); // unread data must not matter
  const fd = findDescriptor(sockaddr(server.localAddr), sockaddr(server.remoteAddr));
  assert(fd !== null && resetNow(fd));
  server.close();
  await assertRejects(() => client.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  client.close();
  listener.close();
  assertEquals(resetNow(900_000), false);
});

Deno.test("the right one of many connections is found, in any order", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ends: Deno.TcpConn[][] = [];
  for (let i = 0; i < 200; i++) {
    ends.push(await Promise.all([Deno.connect({ port: listener.addr.port }), listener.accept()]));
  }
  const seen = new Set<string>();
  for (let i = 0; i < ends.length; i++) {
    const [client, server] = ends[(i * 83) % ends.length] ?? [];
    assert(client && server);
    for (const end of [client, server]) {
      const fd = findDescriptor(sockaddr(end.localAddr), sockaddr(end.remoteAddr));
      assert(fd !== null);
      seen.add(linkOf(fd));
      end.close();
    }
  }
  assertEquals(seen.size, 400);
});
