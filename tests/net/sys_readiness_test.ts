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
