import { assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { AF_UNIX, SOCK_STREAM } from "../../lib/sys/constants.ts";
import { receiveDescriptors, sendDescriptors } from "../../lib/sys/fd_passing.ts";
import { libc } from "../../lib/sys/libc.ts";
import { NativeSocket } from "../../lib/sys/socket.ts";
import { encodeSockaddr } from "../../lib/wire/sockaddr.ts";
import { holdings } from "../support/descriptors.ts";
import "../support/libc.ts";

/** Two connected Unix sockets. */
function connectedPair(): [NativeSocket, NativeSocket] {
  const name = encodeSockaddr({ family: "unix", path: `\0plumb-fd-${crypto.randomUUID()}` });
  using listener = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM });
  listener.bind(name);
  listener.listen(1);
  const left = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM });
  left.connect(name);
  const right = listener.accept();
  if (right === "again") throw new Error("nobody came");
  return [left, right];
}

function linkOf(fd: number): string {
  return Deno.readLinkSync(`/proc/self/fd/${fd}`);
}

Deno.test("descriptors arrive as duplicates of what was sent, in order", () => {
  const [left, right] = connectedPair();
  using _left = left;
  using _right = right;
  const before = holdings().descriptors;
  const bytes = new TextEncoder().encode("hello");
  assertEquals(sendDescriptors(left.fd, bytes, [0, left.fd, right.fd]), 5);
  const into = new Uint8Array(16);
  const received = receiveDescriptors(right.fd, into);
  if (received === "again") throw new Error("nothing came");
  assertEquals(new TextDecoder().decode(into.subarray(0, received.count)), "hello");
  assertEquals(received.descriptors.map(linkOf), [linkOf(0), linkOf(left.fd), linkOf(right.fd)]);
  assertEquals(received.descriptors.includes(left.fd), false);
  for (const fd of received.descriptors) libc().close(fd);
  assertEquals(holdings().descriptors, before);
});

Deno.test("bytes without descriptors, nothing yet, and the end are told apart", () => {
  const [left, right] = connectedPair();
  using _right = right;
  const into = new Uint8Array(16);
  assertEquals(receiveDescriptors(right.fd, into), "again");
  sendDescriptors(left.fd, new Uint8Array([1, 2]), []);
  assertEquals(receiveDescriptors(right.fd, into), { count: 2, descriptors: [] });
  left.close();
  assertEquals(receiveDescriptors(right.fd, into), { count: 0, descriptors: [] });
});

Deno.test("253 descriptors go in one message; more are refused before anything is sent", () => {
  const [left, right] = connectedPair();
  using _left = left;
  using _right = right;
  const before = holdings().descriptors;
  const many = new Array<number>(253).fill(0);
  assertEquals(sendDescriptors(left.fd, new Uint8Array(1), many), 1);
  const received = receiveDescriptors(right.fd, new Uint8Array(1));
  if (received === "again") throw new Error("nothing came");
  assertEquals(received.descriptors.length, 253);
  for (const fd of received.descriptors) libc().close(fd);
  assertThrows(() => sendDescriptors(left.fd, new Uint8Array(1), [...many, 0]), NetError, "253");
  assertThrows(() => sendDescriptors(left.fd, new Uint8Array(1), [99_999]), NetError, "EBADF");
  assertEquals(holdings().descriptors, before);
});
