/** Rows 23 to 28 of "Most wanted" in shared/design/asks.md: UDP, and tunnels that move. */

import "../support/libc.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { echoed } from "../support/clients.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { keyFolder } from "../support/key_folder.ts";
import { freeTcpPort, portOf } from "../support/ports.ts";
import { start, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";
import { toolTest } from "../support/tools.ts";
import { within } from "../support/within.ts";

const anywhere = "udp://127.0.0.1:0";

/** A peer of this test, with a port of its own. */
class UdpPeer implements Disposable {
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });

  /** Sends a message to a port until it is answered, and gives the answer: UDP may lose either. */
  async ask(port: number, message: Uint8Array): Promise<Uint8Array> {
    const send = () =>
      this.#socket.send(message, { transport: "udp", hostname: "127.0.0.1", port });
    await send();
    const again = setInterval(send, 1_000);
    try {
      return (await within(this.#socket.receive(), () => "no answer"))[0];
    } finally {
      clearInterval(again);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** So many peers, each of which asks once at the same time and hears its own question again. */
async function askFrom(count: number, port: number): Promise<void> {
  const peers = Array.from({ length: count }, () => new UdpPeer());
  try {
    await together(peers.map(async (peer, at) => {
      const question = Uint8Array.of(at >> 8, at & 255);
      assertEquals(await peer.ask(port, question), question);
    }));
  } finally {
    for (const peer of peers) peer[Symbol.dispose]();
  }
}

Deno.test("gost#821: sessions of UDP peers that went silent leave nothing behind", async () => {
  await using echo = startPlumb(["serve", "echo", anywhere]);
  const [behind = ""] = await echo.listening();
  const short = ["--limit", "datagram-idle=200ms"];
  await using relay = startPlumb(["relay", "-v", ...short, `listen:${anywhere}`, behind]);
  const port = portOf((await relay.listening())[0] ?? "");
  await askFrom(1, port);
  const before = holdings(relay.pid); // with one session
  // Each has a socket of its own towards the other end; and a hundred at once are no bound.
  await askFrom(150, port);
  await relay.stderrMatches(/^session \d+: .*, idle/gm, 151);
  await settle(relay.pid, ({ sockets, descriptors }) => {
    return sockets <= before.sockets && descriptors <= before.descriptors;
  });
});

Deno.test("chisel#363: beyond the bound the least recently used goes, said, counted, raised by name", async () => {
  const few = ["--limit", "datagram-sessions=3"];
  await using server = startPlumb(["serve", "echo", "-v", ...few, anywhere]);
  const port = portOf((await server.listening())[0] ?? "");
  using first = new UdpPeer();
  using second = new UdpPeer();
  await first.ask(port, Uint8Array.of(1));
  await second.ask(port, Uint8Array.of(2));
  await askFrom(1, port);
  await first.ask(port, Uint8Array.of(1)); // used again: the second has waited longest now
  await askFrom(1, port);
  const [, which] = await server.stderrLine(/^session (\d): .*, limit \(.*its place was needed/);
  assertEquals(which, "2");
  await server.stderrLine(/^plumb: warning: .*raise it with --limit datagram-sessions=N$/);
  const { stderr } = await server.stop();
  assertMatch(stderr, /^udp:.*: 4 sessions, 1 of them ended for others; 0 datagrams dropped$/m);
});

Deno.test("bore#9: UDP goes through a link, message by message", async () => {
  await using folder = await keyFolder();
  const security = ["--key-file", folder.key];
  await using echo = startPlumb(["serve", "echo", anywhere]);
  const [target = ""] = await echo.listening();
  const permit = ["--permit", target];
  await using server = startPlumb(["link", "listen:tcp://127.0.0.1:0", ...security, ...permit]);
  const [carrier = ""] = await server.listening();
  const forward = ["--forward", `listen:${anywhere}=${target}`];
  await using client = startPlumb(["link", carrier, ...security, ...forward]);
  const port = portOf((await client.listening())[0] ?? "");
  using peer = new UdpPeer();
  for (const size of [1, 1472, 9000]) {
    const message = new Uint8Array(size).fill(size & 255);
    assertEquals(await peer.ask(port, message), message);
  }
  await askFrom(20, port);
});

toolTest(["nc", "ncat"], "nmap#1223: one UDP listener talks with many peers at once", async () => {
  // Each has a child of its own, which remembers what it was told.
  const child = 'sh:read -r one; echo noted; read -r two; echo "$one, $two"';
  await using relay = startPlumb(["relay", `listen:${anywhere}`, child]);
  const port = String(portOf((await relay.listening())[0] ?? ""));
  await using nc = start(["nc", "-u", "127.0.0.1", port]);
  await using ncat = start(["ncat", "-u", "127.0.0.1", port]);
  for (const word of ["one", "two"]) {
    await nc.write(`nc ${word}\n`);
    await ncat.write(`ncat ${word}\n`);
    await together([nc.stdoutHas("noted\n"), ncat.stdoutHas("noted\n")]);
  }
  await together([nc.stdoutHas("nc one, nc two\n"), ncat.stdoutHas("ncat one, ncat two\n")]);
});

Deno.test("emissary#332: a UDP peer costs no process and no thread", async () => {
  await using server = startPlumb(["serve", "echo", anywhere]);
  const port = portOf((await server.listening())[0] ?? "");
  await askFrom(1, port);
  const before = holdings(server.pid);
  await askFrom(100, port);
  const { children, threads, sockets } = holdings(server.pid);
  assertEquals([children, sockets], [0, before.sockets]);
  // The runtime may start threads of its own, not one for each.
  assert(threads - before.threads <= 8, `${threads} threads, ${before.threads} before`);
});

Deno.test("mosh#337: a forwarded connection stays when what carried it is gone, nothing lost", async () => {
  await using folder = await keyFolder();
  const security = ["--key-file", folder.key];
  const permit = ["--permit", "exec:cat"];
  await using server = startPlumb(["link", "listen:tcp://127.0.0.1:0", ...security, ...permit]);
  const [carrier = ""] = await server.listening();
  const way = ["relay", `listen:tcp://127.0.0.1:${freeTcpPort()}`, carrier];
  await using first = startPlumb(way);
  const [path = ""] = await first.listening();
  await using client = startPlumb([
    ...["link", path, ...security, "--backoff", "10ms..50ms"],
    ...["--forward", "listen:tcp://127.0.0.1:0=exec:cat"],
  ]);
  await using through = await connect((await client.listening())[0] ?? "");
  assertEquals(await echoed(through, "before"), "before");
  await first.stop("SIGKILL");
  await client.stderrLine(/: down: .*; the session goes on$/);
  const meanwhile = echoed(through, "meanwhile");
  // Another connection from another port: to the server it is another address.
  await using second = startPlumb(way);
  await second.listening();
  assertEquals(await meanwhile, "meanwhile");
  assertEquals(await echoed(through, "after"), "after");
});
