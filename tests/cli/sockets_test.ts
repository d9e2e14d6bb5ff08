import { assert, assertEquals, assertMatch } from "@std/assert";
import { plumb, startPlumb } from "../support/process.ts";

interface Pair extends Disposable {
  readonly client: Deno.TcpConn;
  readonly server: Deno.TcpConn;
  readonly listener: Deno.TcpListener;
  readonly port: string;
}

async function connected(): Promise<Pair> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await Deno.connect({ port: listener.addr.port });
  const server = await listener.accept();
  const closeAll = [client, server, listener];
  return {
    client,
    server,
    listener,
    port: String(listener.addr.port),
    [Symbol.dispose]() {
      for (const socket of closeAll) {
        try {
          socket.close();
        } catch (thrown) {
          if (!(thrown instanceof Deno.errors.BadResource)) throw thrown;
        }
      }
    },
  };
}

Deno.test("sockets shows listener and connection with owner, for a person", async () => {
  using pair = await connected();
  const { code, stdout, stderr } = await plumb(["sockets", "--tcp", "--port", pair.port]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^PROTO +STATE +RECV-Q +SEND-Q +LOCAL +REMOTE +OWNER +TIMER\n/);
  const owner = `\\[${Deno.pid}\\]`;
  assertMatch(
    stdout,
    new RegExp(`^tcp +LISTEN +0 +511 +127\\.0\\.0\\.1:${pair.port} .*${owner}$`, "m"),
  );
  assertEquals(stdout.match(/^tcp +ESTAB /gm)?.length, 2);
});

Deno.test("sockets ends with 6 where nothing matches, and with 2 for what it cannot mean", async () => {
  using pair = await connected();
  const nothing = ["sockets", "--udp", "--port", pair.port];
  const { code, stdout, stderr } = await plumb(nothing);
  assertEquals([code, stdout, stderr], [6, "", "plumb: sockets: no socket matches\n"]);
  assertEquals((await plumb([...nothing, "--summary"])).code, 6);
  assertEquals((await plumb([...nothing, "--watch"])).code, 6);
  const wrong = [["--state", "open"], ["--port", "0"], ["--port", "x"], ["--summary", "--watch"]];
  for (const args of wrong) {
    assertEquals((await plumb(["sockets", ...args])).code, 2, args.join(" "));
  }
});

Deno.test("sockets --summary explains each state, and what to do where some pile up", async () => {
  using pair = await connected();
  pair.client.closeWrite();
  const { code, stdout } = await plumb(["sockets", "--summary", "--tcp"]);
  assertEquals(code, 0);
  assertMatch(stdout, /^tcp +CLOSE-WAIT +\d+ +the peer has closed/m);
  assertMatch(stdout, new RegExp(`most: \\d+ held by \\S+\\[\\d+\\]`));
  for (const state of ["TIME-WAIT", "CLOSE-WAIT", "SYN-RECV"]) {
    const part = stdout.slice(stdout.indexOf(state)).split("\ntcp")[0] ?? "";
    assertMatch(part, /piling up: /, state);
  }
});

Deno.test("sockets --watch follows a connection through its states until it is gone", async () => {
  using pair = await connected();
  await using watch = startPlumb(["sockets", "--json", "--watch", "--port", pair.port]);
  const event = (state: string) =>
    watch.stdoutLine(new RegExp(`"event":"state".*"state":"${state}"`));
  await event("ESTAB");
  await pair.client.closeWrite();
  await event("CLOSE-WAIT");
  // The port stays the listener's own: what is gone must not be mistaken for what listens there.
  pair.server.close();
  const { code, stdout, stderr } = await watch.result();
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.at(-1).event, "gone");
  assertEquals(lines[0].schema, 1);
  assertEquals([lines[0].pid, lines[0].local], [Deno.pid, `127.0.0.1:${pair.port}`]);
  assert(lines.every(({ afterMs }, at) => afterMs >= (lines[at - 1]?.afterMs ?? 0)));
});

Deno.test("sockets --watch waits at a listener for its first connection, and ends by a signal", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await using watch = startPlumb(["sockets", "--watch", "--info", "--port", String(port)]);
  await watch.stderrLine(/waiting for a connection/);
  using client = await Deno.connect({ port });
  await watch.stdoutLine(/ESTAB +open both ways/);
  await watch.stdoutLine(/round trip/);
  assertEquals((await watch.stop("SIGINT")).code, 130);
  client.close();
});

Deno.test("limits explains each bound in a line", async () => {
  const { code, stdout, stderr } = await plumb(["limits"]);
  assertEquals([code, stderr], [0, ""]);
  const bounds = [
    ...["RLIMIT_NOFILE", "RLIMIT_NPROC", "pids.max", "fs.file-max", "net.core.somaxconn"],
    ...["net.ipv4.tcp_max_syn_backlog", "net.ipv4.ip_local_port_range", "net.core.rmem_max"],
  ];
  for (const bound of bounds) assertMatch(stdout, new RegExp(`^${bound} +\\S+.* {2}\\w`, "m"));
  const json = (await plumb(["limits", "--json"])).stdout.trim().split("\n");
  const first = JSON.parse(json[0] ?? "");
  assertEquals([first.event, first.schema, first.setting], ["limit", 1, "RLIMIT_NOFILE"]);
});

Deno.test("limits --for prints what to set, and ends with 6 where the machine is below", async () => {
  const few = await plumb(["limits", "--for", "2"]);
  assertEquals([few.code, few.stderr], [0, ""]);
  const many = await plumb(["limits", "--for", "2000000", "--model", "process"]);
  assertEquals(many.code, 6);
  assertMatch(
    many.stderr,
    /^plumb: limits: this machine is below what 2000000 sessions need: .+\n$/,
  );
  assertMatch(many.stdout, /limits\.conf\n\S+ soft nofile 6000070\n/);
  assertMatch(many.stdout, /\[Service\]\nLimitNOFILE=6000070\n/);
  assertMatch(many.stdout, /sysctl.*\n(.* = \d+\n)*net\.core\.somaxconn = 65535\n/);
});

Deno.test("limits refuses a model that there is not, in one line", async () => {
  const wrong = [["--for", "9", "--model", "proces"], ["--model", "loop"], ["--for", "0"]];
  for (const args of [...wrong, ["--for", "9", "--model", "pool=9..3"]]) {
    const { code, stdout, stderr } = await plumb(["limits", ...args]);
    assertEquals([code, stdout], [2, ""], args.join(" "));
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  }
});
