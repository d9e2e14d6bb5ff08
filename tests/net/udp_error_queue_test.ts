/**
 * A UDP socket whose error queue cannot be read: who receives is told, and the socket goes on.
 * @module
 */

import "../support/libc.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { AF_INET, F_DUPFD_CLOEXEC, SOCK_DGRAM } from "../../lib/sys/constants.ts";
import { closeDescriptor } from "../../lib/sys/file.ts";
import { libc } from "../../lib/sys/libc.ts";
import { makeWake } from "../../lib/sys/poll.ts";
import { NativeSocket } from "../../lib/sys/socket.ts";
import { BroadcastGuard } from "../../lib/transport/broadcast.ts";
import { NativeUdp } from "../../lib/transport/native_udp.ts";
import { inetSockaddr } from "../../lib/transport/source_address.ts";
import type { DatagramSocket } from "../../lib/transport/udp_descriptor.ts";
import { UdpSocket } from "../../lib/transport/udp_socket.ts";
import { within } from "../contract/expect.ts";

const room = () => new Uint8Array(65_536);

/** A socket whose receives are answered by hand. */
function manual() {
  const native = NativeSocket.open({ family: AF_INET, type: SOCK_DGRAM, address: "udp" });
  native.bind(inetSockaddr("127.0.0.1", 0));
  const inner = new NativeUdp(native);
  const waiting: PromiseWithResolvers<[Uint8Array, Deno.Addr]>[] = [];
  const socket: DatagramSocket = {
    addr: inner.addr,
    fd: inner.fd,
    receive() {
      const answer = Promise.withResolvers<[Uint8Array, Deno.Addr]>();
      waiting.push(answer);
      return answer.promise;
    },
    send: (data, to) => inner.send(data, to),
    close: () => inner.close(),
    closed: () => inner.closed(),
  };
  return { socket, fd: inner.fd, waiting };
}

Deno.test("an error queue that cannot be read is an error of one receive, and leaves nobody deaf", async () => {
  const { socket, fd, waiting } = manual();
  await using datagrams = new UdpSocket(socket, new BroadcastGuard(false));
  const kept = libc().fcntl(fd, F_DUPFD_CLOEXEC, 0);
  const noSocket = makeWake();
  try {
    const failed = datagrams.receive(room());
    libc().dup2(noSocket, fd);
    waiting.shift()?.reject(new Error("refused"));
    await assertRejects(() => within(failed, "the error"), NetError);
  } finally {
    libc().dup2(kept, fd);
    closeDescriptor(kept);
    closeDescriptor(noSocket);
  }
  const next = datagrams.receive(room());
  waiting.shift()?.resolve([Uint8Array.of(1), socket.addr]);
  assertEquals((await within(next, "the next datagram"))?.data, Uint8Array.of(1));
});
