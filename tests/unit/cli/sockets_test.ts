import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { NetError } from "../../../lib/core/error.ts";
import {
  type HeldSocket,
  isWantedHolder,
  passesFilter,
  type SocketFilter,
} from "../../../lib/cli/sockets_filter.ts";
import { socketWords } from "../../../lib/cli/sockets_info.ts";
import { inetSocketRow, type SocketRow, sortedSockets } from "../../../lib/cli/sockets_row.ts";
import { readSocketState, socketStateNames } from "../../../lib/cli/sockets_state.ts";
import { countStates, describePiles, summaryText } from "../../../lib/cli/sockets_summary.ts";
import { ownerHint, socketFields, socketsText } from "../../../lib/cli/sockets_text.ts";
import { numericEnd } from "../../../lib/cli/sockets_names.ts";
import { chooseConnection, isSameConnection } from "../../../lib/cli/sockets_watch.ts";
import type { InetDiagRow } from "../../../lib/wire/inet_diag.ts";
import { decodeTcpInfo, type TcpInfo } from "../../../lib/wire/tcp_info.ts";

const quiet: TcpInfo = {
  ...(decodeTcpInfo(new Uint8Array(240)) as TcpInfo),
  peerWindow: 65_535,
  congestionWindow: 10,
};

function tcp(parts: Partial<InetDiagRow> = {}, info: Partial<TcpInfo> | null = null): SocketRow {
  return inetSocketRow({
    protocol: "tcp",
    family: "inet",
    local: { host: "127.0.0.1", port: 40_000 },
    remote: { host: "127.0.0.1", port: 5432 },
    state: "ESTABLISHED",
    sendQueue: 0,
    receiveQueue: 0,
    timer: "off",
    timerMs: 0,
    retransmits: 0,
    uid: 1000,
    inode: 7,
    interfaceIndex: 0,
    ipv6Only: false,
    congestion: info === null ? null : "cubic",
    ...parts,
    info: info === null ? null : { ...quiet, ...info },
  }, (index) => index === 3 ? "eth0" : undefined);
}

function held(row: SocketRow, ...names: string[]): HeldSocket {
  return { ...row, holders: names.map((process, at) => ({ pid: 100 + at, process })) };
}

const everything: SocketFilter = {
  kinds: new Set(["tcp", "udp", "unix"]),
  listening: false,
  port: undefined,
  states: new Set(),
  pid: undefined,
  process: undefined,
};

Deno.test("ends are written as ss writes them", () => {
  const ends = (parts: Partial<InetDiagRow>) => [tcp(parts).local, tcp(parts).remote];
  const any6 = { local: { host: "::", port: 80 }, remote: { host: "::", port: 0 } };
  assertEquals(ends(any6), ["*:80", "*:*"]);
  assertEquals(ends({ ...any6, ipv6Only: true }), ["[::]:80", "[::]:*"]);
  const link = { local: { host: "fe80::1", port: 53 }, interfaceIndex: 3 };
  assertEquals(ends(link)[0], "[fe80::1]%eth0:53");
  assertEquals(ends({ ...link, interfaceIndex: 9 })[0], "[fe80::1]%9:53");
  assertEquals(ends({ local: { host: "::ffff:127.0.0.1", port: 1 } })[0], "[::ffff:127.0.0.1]:1");
});

Deno.test("a state is read in any spelling", () => {
  for (const name of socketStateNames) {
    const spellings = [
      name,
      name.toLowerCase(),
      name.replaceAll("-", "_"),
      name.replaceAll("-", ""),
    ];
    for (const text of spellings) assertEquals(readSocketState(text), name);
  }
  assertEquals(readSocketState("established"), "ESTAB");
  assertEquals(readSocketState("SYN_RECEIVED"), "SYN-RECV");
  assertThrows(() => readSocketState("time-wiat"), NetError, "did you mean TIME-WAIT?");
  assertThrows(() => readSocketState("toString"), NetError, "no state");
});

Deno.test("every part of a filter must hold", () => {
  const listener = tcp({ state: "LISTEN", local: { host: "0.0.0.0", port: 5432 } });
  const passes = (row: SocketRow, parts: Partial<SocketFilter>) =>
    passesFilter(row, { ...everything, ...parts });
  assert(passes(tcp(), { port: 5432 }));
  assert(passes(tcp(), { port: 40_000 }));
  assert(!passes(tcp(), { port: 80 }));
  assert(passes(listener, { listening: true, port: 5432 }));
  assert(!passes(tcp(), { listening: true }));
  assert(passes(tcp({ state: "CLOSED" }), { listening: true }));
  assert(!passes(listener, { states: new Set(["ESTAB", "TIME-WAIT"]) }));
  assert(passes(tcp(), { states: new Set(["ESTAB", "TIME-WAIT"]) }));
  assert(!passes({ ...tcp(), inet: null }, { port: 5432 }));
});

Deno.test("a process is found by the name that the kernel cuts at 15 bytes", () => {
  const owner = { pid: 12, process: "a-long-name-of-" };
  const wanted = (parts: Partial<SocketFilter>) =>
    isWantedHolder(owner, { ...everything, ...parts });
  assert(wanted({ process: "a-long-name-of-a-server" }));
  assert(wanted({ process: "a-long-name-of-", pid: 12 }));
  assert(!wanted({ process: "a-long-name" }));
  assert(!wanted({ process: "a-long-name-of-", pid: 13 }));
});

const phrases: ReadonlyArray<readonly [what: string, row: SocketRow, words: string]> = [
  [
    "a closed window, for as long as nothing was sent",
    tcp({ timer: "zero-window-probe", sendQueue: 9000, timerMs: 400 }, {
      peerWindow: 0,
      notSentBytes: 9000,
      lastDataSentMs: 12_000,
      receiveWindowLimitedUs: 30_000_000,
    }),
    "peer's window zero for 12 s",
  ],
  [
    "a closed window after a pause of the program",
    tcp({ sendQueue: 9000 }, {
      peerWindow: 0,
      notSentBytes: 9000,
      lastDataSentMs: 600_000,
      receiveWindowLimitedUs: 3_400_000,
    }),
    "peer's window zero for 3.4 s",
  ],
  [
    "what is in flight, and how often it was sent",
    tcp({ sendQueue: 64 * 1024, timer: "retransmit", retransmits: 3, timerMs: 1600 }, {}),
    "64 KiB unacknowledged, 3 retransmits",
  ],
  [
    "one retransmission",
    tcp({ sendQueue: 100, timer: "retransmit", retransmits: 1 }, {}),
    "100 B unacknowledged, 1 retransmit",
  ],
  [
    "what was not sent apart from what was",
    tcp({ sendQueue: 3 * 1024 * 1024 }, { notSentBytes: 2 * 1024 * 1024 }),
    "1 MiB unacknowledged; 2 MiB not sent yet",
  ],
  ["what the program did not read", tcp({ receiveQueue: 1536 }), "1.5 KiB not read by the program"],
  [
    "a handshake without an answer",
    tcp({ state: "SYN-SENT", timer: "retransmit", retransmits: 2, timerMs: 4000 }),
    "no answer yet, 2 retransmits; next try in 4 s",
  ],
  [
    "a pair of ports that is kept",
    tcp({ state: "TIME-WAIT", timerMs: 42_000 }),
    "forgotten in 42 s",
  ],
  [
    "a full accept queue",
    tcp({ state: "LISTEN", receiveQueue: 6, sendQueue: 5 }),
    "accept queue full: new connections are dropped; 6 connections wait to be accepted, of at most 5",
  ],
  [
    "an empty accept queue",
    tcp({ state: "LISTEN", receiveQueue: 0, sendQueue: 5 }),
    "no connection waits to be accepted, of at most 5",
  ],
  [
    "a peer that was silent",
    tcp({ timer: "keepalive", timerMs: 5000 }, {
      probes: 2,
      lastAckReceivedMs: 9_000,
      lastDataReceivedMs: 60_000,
      roundTripUs: 1500,
      roundTripVariationUs: 90,
    }),
    "2 keepalive probes unanswered; keepalive in 5 s; round trip 1.5 ms +- 90 us; cubic window 10 segments; nothing heard for 9 s",
  ],
  [
    "what held it up",
    tcp({}, { busyUs: 1000, receiveWindowLimitedUs: 800, sendBufferLimitedUs: 10 }),
    "limited by the peer's window for 80 % of the time",
  ],
];

for (const [what, row, words] of phrases) {
  Deno.test(`words for ${what}`, () => assertStringIncludes(socketWords(row).join("; "), words));
}

Deno.test("words need no TCP_INFO, and a zero window with nothing to send is no fault", () => {
  assertEquals(socketWords(tcp()), []);
  assertEquals(socketWords(tcp({ timer: "zero-window-probe" })), ["peer's window zero"]);
  assert(!socketWords(tcp({}, { peerWindow: 0 })).join().includes("zero"));
});

Deno.test("sockets are sorted by protocol, state, port", () => {
  const unix: SocketRow = { ...tcp(), protocol: "unix", local: "/b", inet: null };
  const rows = [
    unix,
    { ...unix, local: "/a" },
    tcp({ local: { host: "127.0.0.1", port: 9 } }),
    tcp({ local: { host: "127.0.0.1", port: 10_000 } }),
    tcp({ state: "LISTEN" }),
  ];
  assertEquals(sortedSockets(rows).map(({ local }) => local), [
    "127.0.0.1:40000",
    "127.0.0.1:9",
    "127.0.0.1:10000",
    "/a",
    "/b",
  ]);
});

Deno.test("a hostile path cannot move the columns or reach the terminal", () => {
  const row = held({ ...tcp(), local: "/a\n\x1b[2J", inet: null }, "x\n");
  const text = socketsText([row], numericEnd, false, 80);
  assertEquals(text.split("\n").length, 2);
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  assert(!/[\x00-\x09\x0b-\x1f]/.test(text));
});

Deno.test("an object has its nine keys first, null where a holder is not known", () => {
  const keys = [
    ...["protocol", "state", "local", "remote", "receiveQueue", "sendQueue", "pid", "process"],
    "inode",
  ];
  const unknown = socketFields(held(tcp()), null, false);
  assertEquals(Object.keys(unknown).slice(0, 9), keys);
  assertEquals([unknown["pid"], unknown["process"]], [null, null]);
  const shared = socketFields(held(tcp(), "nginx", "worker"), numericEnd, true);
  assertEquals([shared["pid"], shared["process"]], [100, "nginx"]);
  assertEquals((shared["holders"] as unknown[]).length, 2);
  assertEquals(shared["localName"], "127.0.0.1:40000");
});

Deno.test("what the kernel tells in microseconds is milliseconds in an object, and so called", () => {
  const row = held(tcp({}, { roundTripUs: 1500, busyUs: null, lost: 2 }));
  const info = socketFields(row, null, true)["info"] as Record<string, unknown>;
  assertEquals([info["roundTripMs"], info["busyMs"], info["lost"]], [1.5, null, 2]);
  assertEquals(Object.keys(info).filter((key) => key.endsWith("Us")), []);
});

Deno.test("the hint is for those who are not root, and only where something is missing", () => {
  const rows = [held(tcp()), held(tcp({ inode: 0 })), held(tcp(), "nginx")];
  assertEquals(
    ownerHint(rows, false),
    "1 socket is held by processes of other users; root sees their names",
  );
  assertEquals(ownerHint(rows, true), null);
  assertEquals(ownerHint(rows.slice(1), false), null);
});

Deno.test("the summary counts, and says what to do where sockets pile up", () => {
  const rows = [
    ...Array.from({ length: 3 }, () => tcp({ state: "TIME-WAIT" })),
    tcp({ state: "TIME-WAIT", remote: { host: "10.0.0.1", port: 1 } }),
    tcp({ state: "CLOSE-WAIT", inode: 7 }),
    tcp({ state: "CLOSE-WAIT", inode: 8 }),
    { ...tcp(), protocol: "unix" as const, inet: null },
  ];
  const owners = new Map([[7, [{ pid: 1, process: "leaky" }]], [8, [{
    pid: 1,
    process: "leaky",
  }]]]);
  const piles = describePiles(rows, { ephemeralPorts: 28_232, synBacklog: 2048 }, owners);
  const counts = countStates(rows, piles);
  assertEquals(counts.map(({ protocol, state, count }) => `${protocol} ${state} ${count}`), [
    "tcp SYN-RECV 0",
    "tcp TIME-WAIT 4",
    "tcp CLOSE-WAIT 2",
    "unix ESTAB 1",
  ]);
  assertEquals(piles.get("TIME-WAIT"), "3 towards 127.0.0.1:5432, of 28232 ports");
  assertEquals(piles.get("CLOSE-WAIT"), "2 held by leaky[1]");
  assertEquals(piles.get("SYN-RECV"), undefined);
  const text = summaryText(counts, 100);
  assertStringIncludes(text, "ip_local_port_range");
  assertStringIncludes(text, "tcp_syncookies");
  assertStringIncludes(text, "most: 2 held by leaky[1]");
  assertEquals(summaryText(counts.slice(3), 100), "unix        ESTAB       1  open both ways");
});

Deno.test("watch takes the end that has the port as its own, and no listener", () => {
  const listener = held(tcp({ state: "LISTEN", local: { host: "0.0.0.0", port: 5432 } }));
  const client = held(tcp());
  const server = held(
    tcp({
      local: { host: "127.0.0.1", port: 5432 },
      remote: { host: "127.0.0.1", port: 40_000 },
    }),
  );
  const rows = [listener, client, server];
  assertEquals(chooseConnection(rows, { ...everything, port: 5432 }), server);
  assertEquals(chooseConnection(rows, { ...everything, port: 40_000 }), client);
  assertEquals(chooseConnection([listener], { ...everything, port: 5432 }), null);
  assertEquals(chooseConnection([listener], { ...everything, listening: true }), listener);
  const over = held(tcp({ state: "TIME-WAIT", local: { host: "127.0.0.1", port: 5432 } }));
  assertEquals(chooseConnection([listener, over], { ...everything, port: 5432 }), null);
  assertEquals(chooseConnection([over, client], { ...everything, port: 5432 }), client);
  assertEquals(chooseConnection([over], { ...everything, port: 5432 }), over);
});

Deno.test("a connection is followed into TIME-WAIT, and not into one that took its ports", () => {
  const open = tcp({ inode: 7 });
  const accepted = tcp({ inode: 0 });
  const timeWait = tcp({ inode: 0, state: "TIME-WAIT" });
  assert(isSameConnection(accepted, open));
  assert(isSameConnection(open, timeWait));
  assert(isSameConnection(timeWait, timeWait));
  assert(!isSameConnection(timeWait, tcp({ inode: 0, state: "SYN-SENT" })));
  assert(!isSameConnection(open, tcp({ inode: 8 })));
  assert(!isSameConnection(open, tcp({ remote: { host: "127.0.0.1", port: 1 } })));
});
