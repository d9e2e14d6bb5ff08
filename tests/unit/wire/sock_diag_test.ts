import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import { decodeInetDiag, encodeInetDump, encodeInetQuestion } from "../../../lib/wire/inet_diag.ts";
import { encodeNetlink } from "../../../lib/wire/netlink.ts";
import { decodeTcpInfo } from "../../../lib/wire/tcp_info.ts";
import { decodeUnixDiag, encodeUnixDump } from "../../../lib/wire/unix_diag.ts";

const socketType = 20;
const done = encodeNetlink(3, 2, new Uint8Array(4));

/** A type, a length, a value and its padding. */
function attribute(type: number, ...value: number[]): number[] {
  const padding = new Array((4 - value.length % 4) % 4).fill(0);
  return [value.length + 4, 0, type, 0, ...value, ...padding];
}

const loopback6 = [...new Array(15).fill(0), 1];

/** `struct inet_diag_msg` of [::1]:8080 bound to interface 3, with attributes. */
function inetMessage(state: number, ...attributes: number[]): Uint8Array {
  const words = (...values: number[]) => [...new Uint8Array(Uint32Array.from(values).buffer)];
  return encodeNetlink(
    socketType,
    2,
    Uint8Array.from([
      ...[10, state, 1, 2],
      ...[0x1f, 0x90, 0x00, 0x50],
      ...loopback6,
      ...new Array(16).fill(0),
      ...words(3, 7, 0),
      ...words(1500, 11, 22, 33, 44),
      ...attributes,
    ]),
  );
}

Deno.test("a dump of sockets is asked for as sock_diag(7) says", () => {
  const bytes = encodeInetDump({ protocol: "tcp", family: "inet6", info: true });
  assertEquals(bytes.length, 72);
  assertEquals(
    bytes.subarray(0, 24).toHex(),
    "48000000140001030100000000000000" + "0a064a00ff1f0000",
  );
  assertEquals(
    encodeUnixDump().toHex(),
    "28000000140001030100000000000000" + "01000000ff1f00000000000057000000" + "0000000000000000",
  );
});

Deno.test("one connection is asked for by its ends, in network order", () => {
  const question = { protocol: "tcp", family: "inet", info: false } as const;
  const ends = { local: { host: "127.0.0.1", port: 8080 }, remote: { host: "10.0.0.9", port: 80 } };
  const bytes = encodeInetQuestion(question, { ...ends, interfaceIndex: 2 });
  assertEquals(
    bytes?.subarray(24).toHex(),
    "1f900050" + "7f000001" + "00".repeat(12) + "0a000009" + "00".repeat(12) + "02000000" +
      "f".repeat(16),
  );
  const named = { ...ends, local: { host: "localhost", port: 1 }, interfaceIndex: 0 };
  assertEquals(encodeInetQuestion(question, named), null);
});

Deno.test("a socket gives ends, queues, timer and attributes", () => {
  const congestion = attribute(4, ...new TextEncoder().encode("cubic\0"));
  const [row] = decoded([inetMessage(10, ...attribute(11, 1), ...congestion), done]);
  assertEquals(row, {
    protocol: "tcp",
    family: "inet6",
    local: { host: "::1", port: 8080 },
    remote: { host: "::", port: 80 },
    state: "LISTEN",
    interfaceIndex: 3,
    timer: "retransmit",
    retransmits: 2,
    timerMs: 1500,
    receiveQueue: 11,
    sendQueue: 22,
    uid: 33,
    inode: 44,
    ipv6Only: true,
    info: null,
    congestion: "cubic",
  });
});

function decoded(answers: readonly Uint8Array[]) {
  const rows = decodeInetDiag("tcp", answers, true);
  assert(typeof rows !== "number");
  return rows;
}

Deno.test("the datagrams that UDP dropped are told where the kernel tells them", () => {
  const memory = attribute(7, ...new Array(32).fill(0), 5, 1, 0, 0);
  const rows = decodeInetDiag("udp", [inetMessage(7, ...memory), inetMessage(7), done], true);
  assert(typeof rows !== "number");
  assertEquals(rows.map(({ drops }) => drops), [261, undefined]);
});

Deno.test("states of a newer kernel are left out, a half-open one is SYN-RECEIVED", () => {
  const rows = decoded([inetMessage(12), inetMessage(99), done]);
  assertEquals(rows.map(({ state }) => state), ["SYN-RECEIVED"]);
});

Deno.test("a refusal gives its number, also at the end of a dump", () => {
  const refusal = encodeNetlink(2, 0, Uint8Array.of(0xfe, 0xff, 0xff, 0xff));
  const failedDump = encodeNetlink(3, 2, Uint8Array.of(0xa1, 0xff, 0xff, 0xff));
  assertEquals(decodeInetDiag("tcp", [refusal], false), 2);
  assertEquals(decodeInetDiag("tcp", [inetMessage(1), failedDump], true), 95);
  assertEquals(decodeUnixDiag([refusal]), 2);
});

Deno.test("a dump without its end is refused, an answer to one question has none", () => {
  assertThrows(() => decodeInetDiag("tcp", [inetMessage(1)], true), NetError, "no end");
  assertEquals(decodeInetDiag("tcp", [], false), []);
});

/** `struct unix_diag_msg` with attributes. */
function unixMessage(type: number, state: number, ...attributes: number[]): Uint8Array {
  const head = [1, type, state, 0, 9, 0, 0, 0, ...new Array(8).fill(0)];
  return encodeNetlink(socketType, 2, Uint8Array.from([...head, ...attributes]));
}

Deno.test("Unix sockets give path, peer and queues", () => {
  const name = (text: string) => attribute(0, ...new TextEncoder().encode(text));
  const rows = decodeUnixDiag([
    unixMessage(1, 10, ...name("/run/a\nb\0"), ...attribute(4, 1, 0, 0, 0, 5, 0, 0, 0)),
    unixMessage(5, 1, ...name("\0abstract\0x"), ...attribute(2, 7, 0, 0, 0)),
    unixMessage(2, 7),
    unixMessage(3, 7),
    done,
  ]);
  assert(typeof rows !== "number");
  const base = { inode: 9, peerInode: 0, receiveQueue: 0, sendQueue: 0, uid: null, path: "" };
  assertEquals(rows, [
    { ...base, type: "stream", state: "LISTEN", path: "/run/a\nb", receiveQueue: 1, sendQueue: 5 },
    { ...base, type: "seqpacket", state: "ESTABLISHED", path: "@abstract@x", peerInode: 7 },
    { ...base, type: "dgram", state: "CLOSED" },
  ]);
});

Deno.test("damaged answers are refused and never read past their end", () => {
  const samples = [
    inetMessage(1, ...attribute(2, ...new Array(240).fill(1)), ...attribute(4, 99, 0)),
    unixMessage(1, 10, ...attribute(0, 65, 0), ...attribute(4, 1, 0, 0, 0, 5, 0, 0, 0)),
  ];
  const decode = (bytes: Uint8Array) => {
    decodeInetDiag("tcp", [bytes, done], true);
    decodeUnixDiag([bytes, done]);
  };
  for (const bytes of samples) {
    for (let end = 1; end < bytes.length; end++) {
      assertThrows(() => decode(bytes.subarray(0, end)), NetError, "sock_diag");
    }
    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const changed = bytes.slice();
      changed[at] = value;
      try {
        decode(changed);
      } catch (thrown) {
        assert(thrown instanceof NetError, String(thrown));
      }
    }));
  }
});

Deno.test("TCP_INFO of an older kernel leaves out what it does not have", () => {
  const bytes = new Uint8Array(248);
  const view = new DataView(bytes.buffer);
  view.setUint8(2, 3);
  view.setUint32(44, 12_000, true);
  view.setUint32(100, 17, true);
  view.setUint32(144, 4096, true);
  view.setBigUint64(176, 9_000_000n, true);
  view.setUint32(228, 65_535, true);
  const whole = decodeTcpInfo(bytes);
  assertEquals(whole?.retransmits, 3);
  assertEquals(whole?.lastDataSentMs, 12_000);
  assertEquals(whole?.totalRetransmits, 17);
  assertEquals(whole?.notSentBytes, 4096);
  assertEquals(whole?.receiveWindowLimitedUs, 9_000_000);
  assertEquals(whole?.peerWindow, 65_535);
  const old = decodeTcpInfo(bytes.subarray(0, 104));
  assertEquals([old?.totalRetransmits, old?.notSentBytes, old?.peerWindow], [17, null, null]);
  assertEquals(decodeTcpInfo(bytes.subarray(0, 103)), null);
});
