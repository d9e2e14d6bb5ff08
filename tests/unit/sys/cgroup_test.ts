import { assertEquals } from "@std/assert";
import { taskFolders } from "../../../lib/sys/cgroup.ts";

Deno.test("the folders of a group lead from the inside to the root", () => {
  assertEquals(taskFolders("0::/system.slice/plumb.service\n"), [
    "/sys/fs/cgroup/system.slice/plumb.service",
    "/sys/fs/cgroup/system.slice",
    "/sys/fs/cgroup",
    "/sys/fs/cgroup/unified/system.slice/plumb.service",
    "/sys/fs/cgroup/unified/system.slice",
    "/sys/fs/cgroup/unified",
  ]);
});

Deno.test("of version 1 only the controller that counts tasks is looked at", () => {
  const text = "9:memory:/a\n8:cpu,pids:/a:b\n1:name=systemd:/\nnonsense";
  assertEquals(taskFolders(text), ["/sys/fs/cgroup/pids/a:b", "/sys/fs/cgroup/pids"]);
  assertEquals(taskFolders(""), []);
});
