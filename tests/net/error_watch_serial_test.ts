/** Watching sockets for errors: what is left where that is refused. @module */

import { assertThrows } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { O_RDONLY } from "../../lib/sys/constants.ts";
import { watchErrors } from "../../lib/sys/error_watch.ts";
import { closeDescriptor, openDescriptor } from "../../lib/sys/file.ts";
import { holdings, settle } from "../support/descriptors.ts";
import "../support/libc.ts";

Deno.test("what cannot be watched for errors leaves no thread and no descriptor", async () => {
  const before = holdings().descriptors;
  const path = await Deno.makeTempFile({ prefix: "plumb-test-" });
  const fd = openDescriptor(path, O_RDONLY, path);
  try {
    // epoll_ctl(2), EPERM: a plain file. The test's sanitizer would see the thread that waits.
    for (let n = 0; n < 3; n++) assertThrows(() => watchErrors(fd, () => {}), NetError, "EPERM");
  } finally {
    closeDescriptor(fd);
    await Deno.remove(path);
  }
  await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
});
