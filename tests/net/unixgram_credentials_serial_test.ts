/** Who sent a Unix datagram, by the kernel's word. */

import { assertEquals } from "@std/assert";
import { AF_UNIX, SCM_RIGHTS, SOCK_DGRAM, SOL_SOCKET } from "../../lib/sys/constants.ts";
import { libc } from "../../lib/sys/libc.ts";
import { controlSpace, Message } from "../../lib/sys/message.ts";
import { receiveFromUnix, UnixSender, wantCredentials } from "../../lib/sys/receive_credentials.ts";
import { sendTo } from "../../lib/sys/send_to.ts";
import { NativeSocket } from "../../lib/sys/socket.ts";
import { unixgramTransport } from "../../lib/transport/unixgram.ts";
import { encodeSockaddr } from "../../lib/wire/sockaddr.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { testFolder } from "../support/folder.ts";
import { connectWith, datagramsWith, writeText } from "../support/open_transport.ts";
import { start } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";

const mine = { pid: Deno.pid, uid: Deno.uid() ?? -1, gid: Deno.gid() ?? -1 };

/** A datagram socket of our own, bound or nameless. */
function datagramSocket(name?: Uint8Array): NativeSocket {
  const socket = NativeSocket.open({ family: AF_UNIX, type: SOCK_DGRAM });
  if (name !== undefined) socket.bind(name);
  return socket;
}

function abstractName(): Uint8Array {
  return encodeSockaddr({ family: "unix", path: `\0plumb-${crypto.randomUUID()}` });
}

Deno.test("a datagram comes with the credentials of its sender, on both sides", async () => {
  await using folder = await testFolder();
  await using server = await datagramsWith(unixgramTransport, `unixgram:${folder.path}/s`);
  await using client = await connectWith(unixgramTransport, `unixgram:${folder.path}/s`);
  await writeText(client, "question");
  const got = await server.receive(new Uint8Array(100));
  assertEquals(got?.peer.credentials, mine);
});

toolTest("socat", "each sender without a name is told from the others by its process", async () => {
  await using folder = await testFolder();
  await using server = await datagramsWith(unixgramTransport, `unixgram:${folder.path}/s`);
  for (let round = 0; round < 2; round++) {
    const socat = ["socat", "-u", "-", `UNIX-SENDTO:${folder.path}/s`];
    await using sender = start(socat, { stdin: { text: "x" } });
    const { peer } = await server.receive(new Uint8Array(10)) ?? {};
    assertEquals([peer?.text, peer?.credentials], ["", { ...mine, pid: sender.pid }]);
    await sender.result();
  }
});

Deno.test("sends go on while a receive waits, and every receive that waits gets one datagram", async () => {
  await using folder = await testFolder();
  await using server = await datagramsWith(unixgramTransport, `unixgram:${folder.path}/s`);
  await using other = await datagramsWith(unixgramTransport, `unixgram:${folder.path}/o`);
  const waiting = [1, 2, 3].map(() => server.receive(new Uint8Array(1)));
  for (const peer of [other.local, server.local, server.local, server.local]) {
    await server.send({ data: Uint8Array.of(7), peer });
  }
  assertEquals((await other.receive(new Uint8Array(1)))?.peer.path, `${folder.path}/s`);
  const got = await Promise.all(waiting);
  assertEquals(got.map((one) => one?.peer.credentials?.pid), [1, 2, 3].map(() => Deno.pid));
});

Deno.test("what was sent before anyone asked for credentials has none", () => {
  const name = abstractName();
  using receiver = datagramSocket(name);
  using sender = datagramSocket();
  sendTo(sender.fd, new Uint8Array(1), name, "");
  wantCredentials(receiver.fd);
  sendTo(sender.fd, new Uint8Array(2), name, "");
  const from = new UnixSender();
  assertEquals(receiveFromUnix(receiver.fd, new Uint8Array(9), from), 1);
  assertEquals([from.credentials, from.name.length], [null, 0]);
  assertEquals(receiveFromUnix(receiver.fd, new Uint8Array(1), from), 2); // cut, and said so
  assertEquals(from.credentials, mine);
  assertEquals(receiveFromUnix(receiver.fd, new Uint8Array(9), from), "again");
});

Deno.test("descriptors that a sender forces on a datagram socket are never taken", async () => {
  await using folder = await testFolder();
  await using server = await datagramsWith(unixgramTransport, `unixgram:${folder.path}/s`);
  using sender = datagramSocket();
  sender.connect(encodeSockaddr({ family: "unix", path: `${folder.path}/s` }));
  const rights = Array<number>(10).fill(sender.fd);
  const message = new Message({ control: controlSpace(4 * rights.length) });
  const before = holdings().descriptors;
  for (let round = 0; round < 3; round++) {
    message.prepare(Uint8Array.of(1));
    message.putControl(SOL_SOCKET, SCM_RIGHTS, rights);
    assertEquals(libc().sendmsg(sender.fd, message.header, 0), 1);
    assertEquals((await server.receive(new Uint8Array(1)))?.peer.credentials, mine);
  }
  await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
});
