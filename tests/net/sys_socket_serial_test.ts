/** Native sockets over libc, on loopback. */

import "../support/libc.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { AF_INET, AF_UNIX, SOCK_STREAM } from "../../lib/sys/constants.ts";
import { resetOnClose } from "../../lib/sys/descriptor.ts";
import { maximumBacklog, openDescriptors } from "../../lib/sys/limits.ts";
import { unacknowledgedBytes, unreadBytes } from "../../lib/sys/queue.ts";
import { peerCredentials } from "../../lib/sys/credentials.ts";
import { NativeSocket } from "../../lib/sys/socket.ts";
import { decodeSockaddr, encodeSockaddr } from "../../lib/wire/sockaddr.ts";

const loopback = (port: number) => encodeSockaddr({ family: "inet", host: "127.0.0.1", port });

function listening(backlog = 5): { listener: NativeSocket; name: Uint8Array; port: number } {
  const listener = NativeSocket.open({ family: AF_INET, type: SOCK_STREAM });
  listener.bind(loopback(0));
  listener.listen(backlog);
  const name = listener.localName();
  const address = decodeSockaddr(name);
  assert(address.family === "inet" && address.port > 0);
  return { listener, name, port: address.port };
}

/** A connected pair; loopback connects before `connect` returns, or soon after. */
async function pair(): Promise<{ client: NativeSocket; server: NativeSocket }> {
  const { listener, name } = listening();
  using _ = listener;
  const client = NativeSocket.open({ family: AF_INET, type: SOCK_STREAM });
  client.connect(name);
  const server = await eventually(() => listener.accept());
  return { client, server };
}

/** Repeats a call that would have to wait; tests only, programs poll. */
async function eventually<T>(call: () => T | "again"): Promise<T> {
  for (let turn = 0; turn < 2000; turn++) {
    const result = call();
    if (result !== "again") return result;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error("nothing happened for two seconds");
}

function codeOf(call: () => unknown): { kind: string; code: string | undefined } {
  const { kind, code } = assertThrows(call, NetError);
  return { kind, code };
}

Deno.test("native sockets carry bytes both ways and end by half-close", async () => {
  const before = openDescriptors();
  {
    const { client, server } = await pair();
    using _client = client;
    using _server = server;
    assertEquals(client.send(new TextEncoder().encode("ping")), 4);
    client.shutdown("write");
    const into = new Uint8Array(16);
    assertEquals(await eventually(() => server.receive(into)), 4);
    assertEquals(await eventually(() => server.receive(into)), 0);
    assertEquals(server.send(new TextEncoder().encode("pong!")), 5);
    assertEquals(await eventually(() => client.receive(into)), 5);
    assertEquals(client.remoteName(), server.localName());
    assertEquals(client.localName(), server.remoteName());
    assertEquals(client.takeError(), null);
  }
  assertEquals(openDescriptors(), before);
});

Deno.test("calls that would wait give again", async () => {
  const { listener } = listening();
  using _ = listener;
  assertEquals(listener.accept(), "again");
  assertEquals(listener.remoteName(), null);
  const { client, server } = await pair();
  using _client = client;
  using _server = server;
  assertEquals(server.receive(new Uint8Array(1)), "again");
  const block = new Uint8Array(1 << 20);
  let sent = 0;
  for (;;) {
    const count = client.send(block);
    if (count === "again") break;
    sent += count;
  }
  assert(sent > 0);
  assert((unacknowledgedBytes(client.fd) ?? 0) > 0);
  assert((unreadBytes(server.fd) ?? 0) > 0);
});

Deno.test("a port in use, a closed port and a missing path are told apart", async () => {
  const before = openDescriptors();
  {
    const { listener, name } = listening();
    using _ = listener;
    using second = NativeSocket.open({ family: AF_INET, type: SOCK_STREAM, address: "tcp://x:1" });
    assertEquals(codeOf(() => second.bind(name)), { kind: "in-use", code: "EADDRINUSE" });
    assertEquals(
      assertThrows(() => second.bind(name), NetError).message,
      "bind tcp://x:1: address in use (EADDRINUSE)",
    );
    listener.close();
    using client = NativeSocket.open({ family: AF_INET, type: SOCK_STREAM });
    const outcome = await eventually(() => connectFailure(client, name) ?? "again");
    assertEquals([outcome.kind, outcome.code], ["refused", "ECONNREFUSED"]);
    assertEquals(outcome.blame, "remote");
    using unix = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM });
    const path = encodeSockaddr({ family: "unix", path: "/nonexistent/socket" });
    assertEquals(codeOf(() => unix.connect(path)), { kind: "not-found", code: "ENOENT" });
  }
  assertEquals(openDescriptors(), before);
});

/** On loopback a non-blocking connect is refused at once, elsewhere it is told later. */
function connectFailure(socket: NativeSocket, name: Uint8Array): NetError | null {
  try {
    socket.connect(name);
    return socket.takeError();
  } catch (thrown) {
    if (thrown instanceof NetError) return thrown;
    throw thrown;
  }
}

Deno.test("a socket has one owner and cannot be closed twice", () => {
  const socket = NativeSocket.open({ family: AF_INET, type: SOCK_STREAM });
  const fd = socket.release();
  assert(socket.closed);
  socket.close();
  using owner = NativeSocket.own(fd);
  owner.bind(loopback(0)); // still open, though its first owner was closed
  owner.close();
  assertEquals(codeOf(() => owner.fd), { kind: "aborted", code: "EBADF" });
  assertEquals(codeOf(() => owner.listen(1)), { kind: "aborted", code: "EBADF" });
  using next = NativeSocket.open({ family: AF_INET, type: SOCK_STREAM });
  assertEquals(next.fd, fd);
  owner.close();
  next.bind(loopback(0)); // the second close did not hit the new socket of the same number
});

Deno.test("a stranger's number is an error of the system, not a crash", () => {
  using ghost = NativeSocket.own(900_000);
  assertEquals(codeOf(() => ghost.listen(1)), { kind: "unexpected", code: "EBADF" });
  assertEquals(codeOf(() => ghost.localName()).code, "EBADF");
  assertEquals(codeOf(() => ghost.remoteName()).code, "EBADF");
  assertEquals(codeOf(() => ghost.receive(new Uint8Array(1))).code, "EBADF");
  assertEquals(unreadBytes(900_000), null);
});

Deno.test("close after resetOnClose is a reset for the peer", async () => {
  const { client, server } = await pair();
  using _client = client;
  server.send(new Uint8Array(8));
  resetOnClose(server.fd);
  server.close();
  const error = await eventually(() => client.takeError("receive") ?? "again");
  assertEquals([error.kind, error.code], ["reset", "ECONNRESET"]);
});

Deno.test("a full queue of a Unix listener gives again, its peer is known", async () => {
  const name = encodeSockaddr({ family: "unix", path: `\0plumb-test-${crypto.randomUUID()}` });
  using listener = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM });
  listener.bind(name);
  listener.listen(0);
  using first = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM });
  assertEquals(first.connect(name), "connected");
  using second = NativeSocket.open({ family: AF_UNIX, type: SOCK_STREAM });
  assertEquals(second.connect(name), "again");
  using server = await eventually(() => listener.accept());
  assertEquals(peerCredentials(server.fd), {
    pid: Deno.pid,
    uid: Deno.uid() ?? 0,
    gid: Deno.gid() ?? 0,
  });
  assertEquals(server.localName(), name);
});

Deno.test("listen again changes the backlog, and below zero is the most there is", async () => {
  const { listener, port } = listening(3);
  using _ = listener;
  const backlog = async (): Promise<string> => {
    const { stdout } = await new Deno.Command("ss", {
      args: ["-ltnH", `sport = :${port}`],
    }).output();
    return new TextDecoder().decode(stdout).trim().split(/\s+/)[2] ?? "";
  };
  assertEquals(await backlog(), "3");
  listener.listen(-1);
  assertEquals(await backlog(), String(maximumBacklog()));
});

Deno.test("a child inherits a descriptor only when told so", async () => {
  const { listener } = listening();
  using _ = listener;
  const seen = async (): Promise<boolean> => {
    const path = `/proc/self/fd/${listener.fd}`;
    const { success } = await new Deno.Command("test", { args: ["-S", path] }).output();
    return success;
  };
  assertEquals(await seen(), false);
  listener.setInherited(true);
  assertEquals(await seen(), true);
});
