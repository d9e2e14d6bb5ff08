import "../../support/libc.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../../lib/core/error.ts";
import {
  descriptorLimits,
  descriptorTableSize,
  maximumBacklog,
  openDescriptors,
  systemNumber,
} from "../../../lib/sys/limits.ts";
import { ownerOfInode, ownersOf } from "../../../lib/sys/owner.ts";
import { listDirectory, readSystemText } from "../../../lib/sys/procfs.ts";
import { interfaceIndex, readNetTable } from "../../../lib/sys/procnet.ts";

Deno.test("files of the kernel are read whole, missing ones are null", () => {
  assert(readSystemText("/proc/self/status")?.startsWith("Name:"));
  assertEquals(readSystemText("/proc/nonexistent"), null);
  assertEquals(listDirectory("/proc/nonexistent"), []);
  assert(listDirectory("/proc/self/fd").includes("0"));
});

Deno.test("a file over the bound is an error, not a cut text", () => {
  const error = assertThrows(() => readSystemText("/proc/self/status", 10), NetError);
  assertEquals([error.kind, error.address], ["limit", "/proc/self/status"]);
});

Deno.test("an unreadable thing that is there is an error", () => {
  const error = assertThrows(() => readSystemText("/proc/self"), NetError);
  assertEquals(error.code, "EISDIR");
  assertEquals(assertThrows(() => listDirectory("/proc/version"), NetError).code, "ENOTDIR");
});

Deno.test("descriptor limits by libc agree with /proc/self/limits", () => {
  const limits = descriptorLimits();
  const [, soft, hard] = readSystemText("/proc/self/limits")
    ?.match(/^Max open files +(\S+) +(\S+)/m) ?? [];
  assertEquals(limits, { soft: Number(soft), hard: Number(hard) });
});

Deno.test("an opened descriptor is counted, and below the size of the table", () => {
  const before = openDescriptors();
  assert(before !== null);
  using _file = Deno.openSync("/dev/null");
  assertEquals(openDescriptors(), before + 1);
  const highest = Math.max(...listDirectory("/proc/self/fd").map(Number));
  assert(descriptorTableSize() > highest);
});

Deno.test("numbers of the kernel are read, what is no number is null", () => {
  assert((maximumBacklog() ?? 0) > 0);
  assertEquals(systemNumber("net/core/nonexistent"), null);
  assertEquals(systemNumber("net/ipv4/ip_local_port_range"), null); // two numbers
});

Deno.test("tables of the network and the index of an interface are read", () => {
  assert(readNetTable("tcp")?.includes("local_address"));
  assert(readNetTable("unix")?.startsWith("Num"));
  assertEquals(interfaceIndex("lo"), 1);
  for (const name of ["nosuch0", "", ".", "..", "../lo", "a name", "x".repeat(16)]) {
    assertEquals(interfaceIndex(name), null);
  }
});

Deno.test("the owner of a socket is this process, and an unknown inode has none", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const line = readNetTable("tcp")?.split("\n").find((row) => {
    return row.includes(`:${listener.addr.port.toString(16).toUpperCase().padStart(4, "0")} `);
  });
  const inode = Number(line?.trim().split(/\s+/)[9]);
  assert(inode > 0);
  assertEquals(ownerOfInode(inode), { pid: Deno.pid, process: "deno" });
  assertEquals(ownerOfInode(1), null);
  assertEquals([...ownersOf(new Set([1, inode])).keys()], [inode]);
  assertEquals(ownersOf(new Set()).size, 0);
});
