import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  compareNeeds,
  impossible,
  serverFlags,
  settingsFor,
} from "../../../lib/cli/limits_advice.ts";
import { modelNeeds } from "../../../lib/cli/limits_model.ts";
import {
  type MachineLimitName,
  machineLimits,
  type MachineState,
} from "../../../lib/cli/limits_read.ts";
import { adviceText, machineText } from "../../../lib/cli/limits_text.ts";
import { parseModel } from "../../../lib/service/model.ts";

const GiB = 1024 ** 3;

/** A machine as Debian makes it, with two processors. */
const debian: MachineState = {
  "open-files": { value: 1024, hard: 20_000 },
  "file-max": { value: 2_000_000, used: 1_000 },
  "nr-open": { value: 1_048_576 },
  processes: { value: 96_000, hard: 96_000 },
  "cgroup-pids": { value: Infinity },
  "threads-max": { value: 190_000, used: 150 },
  "pid-max": { value: 32_768, used: 150 },
  "memory-maps": { value: 65_530 },
  memory: { value: 20 * GiB },
  backlog: { value: 4096 },
  "syn-backlog": { value: 2048 },
  "ephemeral-ports": { value: [32_768, 60_999] },
  "receive-buffer": { value: 212_992 },
  "send-buffer": { value: 212_992 },
  "tcp-receive": { value: [4096, 131_072, 6_291_456] },
  "tcp-send": { value: null },
  "tcp-memory": { value: [1, 2, 3] },
  "udp-memory": { value: [1, 2, 3] },
};

function tooLow(sessions: number, model: string, machine = debian): MachineLimitName[] {
  const rows = compareNeeds(modelNeeds(sessions, parseModel(model), 2), machine);
  return rows.filter(({ enough }) => !enough).map(({ limit }) => limit);
}

Deno.test("each model needs what it is made of", () => {
  const needs = (model: string) => modelNeeds(20_000, parseModel(model), 2);
  const [loop, iterative, process] = [needs("loop"), needs("iterative"), needs("process")];
  assertEquals([loop.processes, loop.tasks, loop.descriptors], [1, 7, 20_064]);
  assertEquals([iterative.descriptors, iterative.waiting], [65, 20_000]);
  assertEquals([process.processes, process.tasks], [20_003, 140_021]);
  assertEquals(process.descriptors, 64 + 3 * 20_002);
  assertEquals(needs("prefork=4").processes, 5);
  assert(needs("prefork=4").descriptors >= 20_064);
  assertEquals(needs("thread").tasks, 7 + 2 * 20_002);
  assertEquals(needs("threads=4").tasks, 15);
  assertEquals(needs("pool=3..100").tasks, 207);
  assertEquals(needs("pool=3..100").descriptors, 64 + 200 + 8 * 100);
});

Deno.test("what is too low is what the model needs beside what the machine has", () => {
  assertEquals(tooLow(1_000, "loop"), []);
  assertEquals(tooLow(20_000, "loop"), ["open-files", "backlog", "syn-backlog"]);
  assertEquals(tooLow(20_000, "process"), [
    "open-files",
    "processes",
    "pid-max",
    "backlog",
    "syn-backlog",
    "memory",
  ]);
  assertEquals(tooLow(3_000, "thread").includes("memory-maps"), true);
  const container = { ...debian, "cgroup-pids": { value: 512, used: 500 } };
  assertEquals(tooLow(100, "pool=3..100", container), ["cgroup-pids"]);
});

Deno.test("what cannot be known counts as enough", () => {
  const hidden = { ...debian, "open-files": { value: null }, backlog: { value: null } };
  assertEquals(tooLow(20_000, "loop", hidden), ["syn-backlog"]);
});

Deno.test("the settings are ready to be copied, and lower nothing", () => {
  const needs = modelNeeds(20_000, parseModel("process"), 2);
  const blocks = settingsFor(needs, compareNeeds(needs, debian), "www-data");
  assertEquals(blocks.map(({ lines }) => lines), [
    [
      "www-data soft nofile 60070",
      "www-data soft nproc 140021",
      "www-data hard nofile 60070",
      "www-data hard nproc 140021",
    ],
    ["[Service]", "LimitNOFILE=60070", "LimitNPROC=140021", "TasksMax=140533"],
    [
      "kernel.pid_max = 140171",
      "net.core.somaxconn = 20000",
      "net.ipv4.tcp_max_syn_backlog = 20000",
    ],
  ]);
  const few = modelNeeds(10, parseModel("loop"), 2);
  const small = settingsFor(few, compareNeeds(few, debian), "*");
  assertEquals(small.length, 2);
  assertEquals(small[0]?.lines[0], "* soft nofile 20000");
  assertEquals(small[0]?.lines[1], "* soft nproc 96000");
});

Deno.test("what no setting gives is said", () => {
  const rows = (sessions: number) =>
    compareNeeds(modelNeeds(sessions, parseModel("process"), 2), debian);
  assertEquals(impossible(rows(100)), []);
  assertStringIncludes(impossible(rows(20_000)).join(), "not that much memory");
  assertStringIncludes(impossible(rows(1_000_000)).join(), "4194304 process ids");
});

Deno.test("every bound has its line, and unknown ones say so", () => {
  const text = machineText(debian);
  for (const { setting, meaning } of Object.values(machineLimits)) {
    const line = text.split("\n").find((line) => line.startsWith(`${setting} `)) ?? "";
    assertStringIncludes(line, meaning);
  }
  assertStringIncludes(text, "unlimited");
  assertStringIncludes(text, "unknown");
  const needs = modelNeeds(20_000, parseModel("loop"), 2);
  const rows = compareNeeds(needs, debian);
  const advice = adviceText("t", needs, rows, settingsFor(needs, rows, "*"), []);
  for (const word of ["limits.conf", "systemd", "sysctl"]) assertStringIncludes(advice, word);
});

Deno.test("plumb's own limits are named where they are lower than what is asked", () => {
  const flags = (sessions: number, text: string) => {
    const model = parseModel(text);
    return serverFlags(modelNeeds(sessions, model, 2), model, text)?.lines;
  };
  assertEquals(flags(500, "loop"), undefined);
  assertEquals(flags(600, "loop"), ["plumb serve SERVICE 'ADDR?backlog=600' --model loop"]);
  const every = "--max-connections 20000";
  assertEquals(flags(20_000, "process"), [
    `plumb serve SERVICE 'ADDR?backlog=20000' --model process ${every} --limit processes=20002`,
  ]);
  assertEquals(flags(300, "thread"), [
    "plumb serve SERVICE ADDR --model thread --limit threads=302",
  ]);
  assertEquals(flags(20_000, "pool=3..100"), [
    "plumb serve SERVICE 'ADDR?backlog=20000' --model pool=3..100",
  ]);
  assertEquals(flags(20_000, "iterative"), [
    "plumb serve SERVICE 'ADDR?backlog=20000' --model iterative",
  ]);
});
