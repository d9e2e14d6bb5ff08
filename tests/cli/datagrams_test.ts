/** Rules 3 and 5 where the peer is a datagram socket: framing, replies, and their end. */

import { assertEquals, assertMatch } from "@std/assert";
import { plumb, startPlumb } from "../support/process.ts";

/** A UDP peer of this test: it answers each datagram with what `answer` makes of it. */
function udpPeer(answer: (data: Uint8Array) => readonly Uint8Array[]) {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const got: string[] = [];
  const running = (async () => {
    for await (const [data, from] of socket) {
      got.push(new TextDecoder().decode(data));
      for (const reply of answer(data)) await socket.send(reply, from);
    }
  })();
  return {
    address: `udp://127.0.0.1:${(socket.addr as Deno.NetAddr).port}`,
    got,
    async [Symbol.asyncDispose]() {
      socket.close();
      await running;
    },
  };
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("connect udp:// ends once as many replies came as messages were sent", async () => {
  await using peer = udpPeer((data) => [data]);
  const before = performance.now();
  const options = { stdin: { text: "a\nb\nc\n" } };
  const { code, stdout } = await plumb(["connect", "--frame=line", peer.address], options);
  assertEquals([code, stdout, peer.got], [0, "a\nb\nc\n", ["a\n", "b\n", "c\n"]]);
  // Well before the 3 s of silence.
  assertEquals(performance.now() - before < 2500, true);
});

Deno.test("--until-quiet takes the place of counting replies", async () => {
  await using peer = udpPeer((data) => [data, bytes("more\n"), bytes("and more\n")]);
  const options = { stdin: { text: "x\n" } };
  const flags = ["--until-quiet=300ms", peer.address];
  const { code, stdout } = await plumb(["connect", ...flags], options);
  assertEquals([code, stdout], [0, "x\nmore\nand more\n"]);
});

Deno.test("--replies waits for so many, and fewer are exit 4", async () => {
  await using peer = udpPeer((data) => [data, data]);
  const options = { stdin: { text: "x\n" } };
  const met = await plumb(["connect", "--replies=2", peer.address], options);
  assertEquals([met.code, met.stdout], [0, "x\nx\n"]);
  const unmet = await plumb(
    ["connect", "--replies=3", "--until-quiet=200ms", peer.address],
    options,
  );
  assertEquals([unmet.code, unmet.stdout], [4, "x\nx\n"]);
  assertMatch(unmet.stderr, /2 of 3 replies came \(--replies\)$/m);
});

Deno.test("--frame=line keeps the newline, and adds one on output only where it is missing", async () => {
  await using peer = udpPeer((data) => [data, bytes("bare")]);
  const options = { stdin: { text: "one\ntwo" } };
  const flags = ["--frame=line", "--replies=4", peer.address];
  const { stdout } = await plumb(["connect", ...flags], options);
  assertEquals(peer.got, ["one\n", "two"]);
  assertEquals(stdout, "one\nbare\ntwo\nbare\n");
});

Deno.test("--frame=length has two bytes of length, big-endian, both ways", async () => {
  await using peer = udpPeer((data) => [data]);
  const wire = Uint8Array.of(0, 2, 0x68, 0x69, 0, 0, 0, 3, 0x61, 0x62, 0x63);
  const flags = ["--frame=length", peer.address];
  const { stdout } = await plumb(["connect", ...flags], { stdin: wire });
  assertEquals([peer.got, bytes(stdout)], [["hi", "", "abc"], wire]);
  const cut = await plumb(["connect", ...flags], { stdin: wire.slice(0, 9) });
  assertEquals(cut.code, 4);
});

Deno.test("--frame=chunk sends at most what fits in one packet of Ethernet", async () => {
  await using peer = udpPeer((data) => [data]);
  const text = "x".repeat(5000);
  const { stdout } = await plumb(["connect", peer.address], { stdin: { text } });
  assertEquals([stdout, peer.got.map((one) => one.length)], [text, [1472, 1472, 1472, 584]]);
});

Deno.test("a datagram that is too large is exit 4 and names both sizes", async () => {
  await using peer = udpPeer(() => []);
  const options = { stdin: { text: `${"x".repeat(65_520)}\n` } };
  const { code, stderr } = await plumb(["connect", "--frame=line", peer.address], options);
  assertEquals([code, peer.got], [4, []]);
  assertMatch(stderr, /^plumb: send udp:.* 65521 bytes .* 65507\n$/);
});

Deno.test("relay keeps messages whole between two datagram ends", async () => {
  await using peer = udpPeer((data) => [data]);
  await using relay = startPlumb(["relay", "listen:udp://127.0.0.1:0", peer.address]);
  const [front = ""] = await relay.listening();
  const wire = new Uint8Array(2 + 9000 + 2 + 1);
  wire.set([9000 >> 8, 9000 & 255]);
  wire.set([0, 1, 7], 9002);
  const { code } = await plumb(["connect", "--frame=length", front], { stdin: wire });
  assertEquals([code, peer.got.map((one) => one.length)], [0, [9000, 1]]);
});

Deno.test("probe --json gives its time in whole microseconds", async () => {
  await using peer = udpPeer((data) => [data]);
  const { code, stdout, stderr } = await plumb(["probe", "--json", peer.address]);
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /^\{"event":"probe","schema":1,.*"roundTripMs":\d+(\.\d{1,3})?\}\n$/);
});
