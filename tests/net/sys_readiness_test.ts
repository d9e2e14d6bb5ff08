/**
 * Waiting for descriptors of our own: one epoll descriptor for a thread.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { closeDescriptor } from "../../lib/sys/file.ts";
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
