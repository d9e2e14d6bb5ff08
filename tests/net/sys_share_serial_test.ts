/** Descriptors that are shared: whether there is room for more of them. */

import "../support/libc.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { closeDescriptor, openDescriptor } from "../../lib/sys/file.ts";
import { openDescriptors } from "../../lib/sys/limits.ts";
import { requireDescriptors } from "../../lib/sys/share.ts";

Deno.test("whether descriptors are left is found out without keeping one", () => {
  const fd = openDescriptor("/dev/null", 0, "/dev/null");
  const before = openDescriptors();
  requireDescriptors(fd, 16);
  assertEquals(openDescriptors(), before);
  const { kind, code } = assertThrows(() => requireDescriptors(fd, 2 ** 30), NetError);
  assertEquals([kind, code], ["exhausted", "EMFILE"]);
  assertEquals(openDescriptors(), before);
  closeDescriptor(fd);
});
