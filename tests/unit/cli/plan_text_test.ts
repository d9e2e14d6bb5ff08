import { assertEquals } from "@std/assert";
import type { Plan } from "../../../lib/cli/plan.ts";
import { planText } from "../../../lib/cli/plan_text.ts";
import type { FlagRow } from "../../../lib/cli/flag.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";

const rows: readonly FlagRow[] = [
  { name: "idle", kind: "duration", help: "" },
  { name: "rate-limit", kind: "rate", help: "" },
  { name: "verbose", kind: "flag", repeat: true, help: "" },
];

Deno.test("a plan as text shows values in their units, with their sources", () => {
  const plan: Plan = {
    schema: 1,
    command: "relay",
    endpoints: [{
      role: "a",
      address: "tcp://h:1?nodelay&rcvbuf=64KiB&user-timeout=5s",
      scheme: "tcp",
      side: "active",
      options: [
        { name: "nodelay", value: true, source: "address" },
        { name: "rcvbuf", value: 65536, source: "address" },
        { name: "user-timeout", value: 5000, source: "address" },
      ],
    }, {
      role: "b",
      address: "listen:unix:a?mode=0600",
      scheme: "unix",
      side: "passive",
      options: [{ name: "mode", value: 0o600, source: "address" }],
    }],
    flags: [
      { name: "idle", value: 90_000, source: "flag" },
      { name: "rate-limit", value: 1024, source: "default" },
      { name: "verbose", value: 2, source: "flag" },
    ],
    limits: { ...defaultLimits, line: 2048 },
    settings: { word: "plain", list: [1, "\u001b"] },
  };
  const lines = planText(plan, rows).split("\n");
  assertEquals(lines.slice(0, 12).map((line) => line.replace(/ +/g, " ")), [
    "plan of relay, schema 1",
    "endpoints",
    " a active tcp://h:1?nodelay&rcvbuf=64KiB&user-timeout=5s",
    " nodelay=true (address)",
    " rcvbuf=64KiB (address)",
    " user-timeout=5s (address)",
    " b passive listen:unix:a?mode=0600",
    " mode=0600 (address)",
    "flags",
    " --idle 90s (flag)",
    " --rate-limit 1KiB/s (default)",
    " --verbose 2 (flag)",
  ]);
  const limits = Object.fromEntries(
    lines.slice(13, -3).map((line) => line.trim().split(/ +/)).map(([name, ...rest]) => [
      name,
      rest.join(" "),
    ]),
  );
  assertEquals(limits["line"], "2KiB (flag)");
  assertEquals(limits["datagram-idle"], "1m (default)");
  assertEquals(lines.slice(-3), ["settings", "  word  plain", '  list  [1,"\\u001b"]']);
});
