/**
 * Waiting for descriptors of our own: one epoll descriptor for a thread.
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { closeDescriptor, openDescriptor } from "../../lib/sys/file.ts";
import { makeWake, wake } from "../../lib/sys/poll.ts";
import { forgetReadiness, readinessSettled, whenReady } from "../../lib/sys/readiness.ts";
import "../support/libc.ts";
import { within } from "../support/within.ts";

/** Some eventfds; closed again whatever happens. */
function eventDescriptors(count: number): { fds: readonly number[] } & Disposable {
  const fds = Array.from({ length: count }, makeWake);
  return {
    fds,
    [Symbol.dispose]() {
      for (const fd of fds) {
        forgetReadiness(fd);
        closeDescriptor(fd);
      }
    },
  };
}

Deno.test("what was forgotten has settled, whoever begins to wait meanwhile", async () => {
  using events = eventDescriptors(2);
  const [forgotten = -1, silent = -1] = events.fds;
  const closed = assertRejects(() => whenReady(forgotten, "read"), NetError, "was closed");
  forgetReadiness(forgotten);
  const settled = readinessSettled();
  // As a listener does that is about to accept again while another one closes.
  const waiting = assertRejects(() => whenReady(silent, "read"), NetError, "was closed");
  await closed;
  await within(settled, () => "it waits for the other one, which says nothing", 2_000);
  forgetReadiness(silent);
  await waiting;
  await readinessSettled();
});

Deno.test("a descriptor is told of by its number alone, and to everyone who waits", async () => {
  using events = eventDescriptors(3);
  const [first = -1, second = -1, third = -1] = events.fds;
  let said = "";
  const waiters = [first, second, first].map((fd, at) =>
    whenReady(fd, "read").then(() => said += at)
  );
  const silent = assertRejects(() => whenReady(third, "read"), NetError);
  wake(second);
  await waiters[1];
  assertEquals(said, "1");
  wake(first);
  await Promise.all(waiters);
  assertEquals(said, "102");
  forgetReadiness(third);
  await silent;
  await readinessSettled();
});

/** Lets helper threads go on while this one does nothing, not even run promises. */
function standStill(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

Deno.test("an event of a descriptor that was closed is not told of the next one of its number", async () => {
  using events = eventDescriptors(1);
  const [silent = -1] = events.fds;
  const others = assertRejects(() => whenReady(silent, "read"), NetError);
  const old = makeWake();
  const forgotten = assertRejects(() => whenReady(old, "read"), NetError, "was closed");
  wake(old);
  standStill(50); // the helper thread has brought the event, and nobody has looked at it
  forgetReadiness(old);
  closeDescriptor(old);
  const next = makeWake();
  assertEquals(next, old);
  const unready = assertRejects(() => whenReady(next, "read"), NetError, "was closed");
  await forgotten;
  await new Promise((later) => setTimeout(later, 20));
  forgetReadiness(next);
  closeDescriptor(next);
  await unready;
  forgetReadiness(silent);
  await others;
  await readinessSettled();
});

Deno.test("what cannot be waited for leaves nothing behind", async () => {
  // epoll_ctl(2): EPERM, a plain file is always ready.
  const file = openDescriptor(Deno.execPath(), 0, "file");
  for (let turn = 0; turn < 2; turn++) {
    assertThrows(() => void whenReady(file, "read"), NetError, "EPERM");
    forgetReadiness(file);
  }
  closeDescriptor(file);
  using events = eventDescriptors(1);
  const [ready = -1] = events.fds;
  wake(ready);
  await whenReady(ready, "read"); // and the wait of a helper thread ends with it
  await readinessSettled();
});

/** What a listener does that cannot wait: without descriptors, and then with them. */
const exhausted = (room: string) => `
import { makeContext } from "${room}core/context.ts";
import { AF_UNIX, SOCK_STREAM } from "${room}sys/constants.ts";
import { closeDescriptor, openDescriptor } from "${room}sys/file.ts";
import { makeWake } from "${room}sys/poll.ts";
import { NativeSocket } from "${room}sys/socket.ts";
import { SharedListener } from "${room}transport/shared_listener.ts";
import { encodeSockaddr } from "${room}wire/sockaddr.ts";

const name = encodeSockaddr({ family: "unix", path: "\\0plumb-" + Deno.pid });
const init = { family: AF_UNIX, type: SOCK_STREAM };
const socket = NativeSocket.open(init);
socket.bind(name);
socket.listen(1);
const local = { scheme: "unix", text: "unix:@x" };
const listener = new SharedListener([{ descriptor: socket.release(), local }], makeContext());
closeDescriptor(makeWake()); // whatever is loaded on first use has its descriptors now
const held = [];
const fill = () => { try { for (;;) held.push(openDescriptor("/dev/null", 0, "")); } catch {} };
const say = (thrown) => console.log(thrown.kind);
fill();
closeDescriptor(held.pop() ?? -1); // room for an epoll descriptor, and not for what wakes it
await listener.accept().catch(say);
const before = held.length;
fill();
console.log(held.length - before);
for (const fd of held) closeDescriptor(fd);
const accepted = listener.accept();
await new Promise((later) => setTimeout(later, 20));
const client = NativeSocket.open(init);
client.connect(name);
console.log((await accepted)?.remote.text);
await listener[Symbol.asyncDispose]();
`;

Deno.test("a listener that once could not wait accepts when it can, and has lost nothing", async () => {
  const room = new URL("../../lib/", import.meta.url).href;
  const script = `data:application/javascript,${encodeURIComponent(exhausted(room))}`;
  const words = ["run", "-A", "--quiet", "--no-config", "--unstable-net", script];
  const command = new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 100; exec "$@"', "sh", Deno.execPath(), ...words],
    signal: AbortSignal.timeout(5_000),
  });
  const { stdout, stderr } = await command.output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(new TextDecoder().decode(stdout), "exhausted\n1\nunix:@x\n");
});
