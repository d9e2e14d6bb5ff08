import { assertEquals } from "@std/assert";
import { passedDescriptors } from "../../../lib/sys/inherited.ts";

function passed(environment: Readonly<Record<string, string>>, pid = 7) {
  return Object.fromEntries(passedDescriptors((name) => environment[name], pid));
}

Deno.test("descriptors that systemd passed are found by name, several of one name together", () => {
  const LISTEN_FDNAMES = "http:admin:http";
  assertEquals(passed({ LISTEN_PID: "7", LISTEN_FDS: "3", LISTEN_FDNAMES }), {
    http: [3, 5],
    admin: [4],
  });
});

Deno.test("those without a name are called unknown, as sd_listen_fds_with_names does", () => {
  assertEquals(passed({ LISTEN_PID: "7", LISTEN_FDS: "2" }), { unknown: [3, 4] });
  const LISTEN_FDNAMES = ":b";
  assertEquals(passed({ LISTEN_PID: "7", LISTEN_FDS: "3", LISTEN_FDNAMES }), {
    unknown: [3, 5],
    b: [4],
  });
});

Deno.test("what was meant for another process, or is no number, passes nothing", () => {
  for (
    const environment of [
      {},
      { LISTEN_FDS: "1" },
      { LISTEN_PID: "8", LISTEN_FDS: "1" },
      { LISTEN_PID: "7", LISTEN_FDS: "-1" },
      { LISTEN_PID: "7", LISTEN_FDS: "many" },
    ]
  ) {
    assertEquals(passed(environment), {});
  }
  assertEquals(passed({ LISTEN_PID: "7", LISTEN_FDS: "9999" }).unknown?.length, 1_024);
});
