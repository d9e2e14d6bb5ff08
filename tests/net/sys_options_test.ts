/** Socket options by name, on sockets of every kind. */

import "../support/libc.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IP,
  SOCK_DGRAM,
  SOCK_STREAM,
} from "../../lib/sys/constants.ts";
import { getIntegerOption } from "../../lib/sys/option.ts";
import { socketOptionTable } from "../../lib/sys/option_table.ts";
import type { SocketOptionValue } from "../../lib/sys/option_value.ts";
import { NativeSocket } from "../../lib/sys/socket.ts";
import { applySocketOption, readSocketOption } from "../../lib/sys/socket_options.ts";

const kinds = {
  tcp: { family: AF_INET, type: SOCK_STREAM },
  tcp6: { family: AF_INET6, type: SOCK_STREAM },
  udp: { family: AF_INET, type: SOCK_DGRAM },
  udp6: { family: AF_INET6, type: SOCK_DGRAM },
  unix: { family: AF_UNIX, type: SOCK_STREAM },
} as const;

/** A value that every Linux takes as it is, for each option that can be set. */
const settings: Readonly<Record<string, readonly [SocketOptionValue, ...(keyof typeof kinds)[]]>> =
  {
    "reuseaddr": [true, "tcp", "tcp6", "udp", "udp6"],
    "reuseport": [true, "tcp", "tcp6", "udp", "udp6"],
    "bindtodevice": ["lo", "tcp", "udp6"],
    "freebind": [true, "tcp", "tcp6"],
    "bind-address-no-port": [true, "tcp", "udp"],
    "ip-options": ["94040000", "tcp", "udp"],
    "v6only": [true, "tcp6", "udp6"],
    "nodelay": [true, "tcp", "tcp6"],
    "cork": [true, "tcp"],
    "quickack": [false, "tcp"],
    "keepalive": [{ idleMs: 30_000, intervalMs: 5_000, count: 3 }, "tcp", "tcp6"],
    "keepidle": [40_000, "tcp"],
    "keepintvl": [7_000, "tcp"],
    "keepcnt": [4, "tcp"],
    "user-timeout": [12_345, "tcp", "tcp6"],
    "syncnt": [2, "tcp"],
    "maxseg": [1_000, "tcp"],
    "window-clamp": [100_000, "tcp"],
    "fastopen-connect": [true, "tcp"],
    "congestion": ["reno", "tcp"],
    "notsent-lowat": [16_384, "tcp"],
    "linger2": [9_000, "tcp"],
    "linger": [2_000, "tcp"],
    "oobinline": [true, "tcp"],
    "rcvlowat": [10, "tcp"],
    "rcvtimeo": [1_500, "tcp", "udp", "unix"],
    "sndtimeo": [3_000, "tcp", "udp", "unix"],
    "broadcast": [true, "udp"],
    "dontroute": [true, "tcp", "udp"],
    "ttl": [9, "tcp", "tcp6", "udp", "udp6"],
    "tos": [0x10, "tcp", "tcp6", "udp", "udp6"],
    "mtu-discover": [2, "tcp", "udp", "udp6"],
    "recverr": [true, "udp", "udp6"],
    "multicast-ttl": [5, "udp", "udp6"],
    "multicast-loop": [false, "udp", "udp6"],
    "multicast-all": [false, "udp", "udp6"],
    "priority": [5, "tcp", "udp"],
  };

/** Options whose value the kernel changes, or that need privileges or a listener. */
const testedApart = [
  "rcvbuf",
  "sndbuf",
  "defer-accept",
  "fastopen",
  "mark",
  "busy-poll",
  "transparent",
  "hdrincl",
];

for (const [name, [value, ...on]] of Object.entries(settings)) {
  Deno.test(`option ${name} is set and read back on ${on.join(" ")}`, () => {
    for (const kind of on) {
      using socket = NativeSocket.open(kinds[kind]);
      assertEquals(applySocketOption(socket.fd, name, value), value);
      assertEquals(readSocketOption(socket.fd, name), value);
    }
  });
}

Deno.test("every row of the table is tried", () => {
  const tried = new Set([...Object.keys(settings), ...testedApart]);
  const rows = socketOptionTable.filter((row) => row.access !== "read").map((row) => row.name);
  assertEquals(rows.filter((name) => !tried.has(name)), []);
});

Deno.test("flags, linger and keepalive can be switched off again", () => {
  using socket = NativeSocket.open(kinds.tcp);
  for (const name of ["nodelay", "linger", "keepalive"]) {
    applySocketOption(socket.fd, name, name === "linger" ? 0 : true);
    assert(readSocketOption(socket.fd, name) !== false);
    assertEquals(applySocketOption(socket.fd, name, false), false);
  }
  assertEquals(applySocketOption(socket.fd, "linger", 0), 0);
});

Deno.test("the value that the kernel took is told, not the one asked for", () => {
  using socket = NativeSocket.open(kinds.tcp);
  assertEquals(applySocketOption(socket.fd, "rcvbuf", 100_000), 200_000); // doubled, socket(7)
  assertEquals(applySocketOption(socket.fd, "sndbuf", 50_000), 100_000);
  assertEquals(applySocketOption(socket.fd, "defer-accept", 4_000), 7_000); // 1 + 2 + 4 s: retries
  assertEquals(applySocketOption(socket.fd, "fastopen", 5), 5);
});

Deno.test("an IPv6 socket gets the IPv4 option too, for its mapped peers", () => {
  using socket = NativeSocket.open(kinds.tcp6);
  applySocketOption(socket.fd, "ttl", 17);
  assertEquals(getIntegerOption(socket.fd, IPPROTO_IP, 2), 17);
});

Deno.test("what the system refuses is an error that names the option", () => {
  const failure = (kind: keyof typeof kinds, name: string, value: SocketOptionValue) => {
    using socket = NativeSocket.open(kinds[kind]);
    const error = assertThrows(() => applySocketOption(socket.fd, name, value), NetError);
    assertEquals(error.op, `option ${name}`);
    return `${error.kind} ${error.code ?? ""}`.trim();
  };
  assertEquals(failure("tcp", "ttl", 300), "option");
  assertEquals(failure("unix", "ttl", 3), "option");
  assertEquals(failure("unix", "nodelay", true), "unavailable EOPNOTSUPP");
  assertEquals(failure("udp", "nodelay", true), "unavailable ENOPROTOOPT");
  assertEquals(failure("tcp", "v6only", true), "unavailable ENOPROTOOPT");
  assertEquals(failure("tcp", "congestion", "nosuch"), "unavailable ENOENT");
  assertEquals(failure("tcp", "bindtodevice", "nosuch0"), "unavailable ENODEV");
  assertEquals(failure("tcp", "type", 1), "option");
  assertEquals(failure("tcp", "colour", 1), "option");
  assertEquals(failure("tcp", "nodelay", "yes"), "option");
  assertEquals(failure("tcp", "keepcnt", 0), "option");
  assertEquals(failure("tcp", "ip-options", "9"), "option");
  assertEquals(failure("tcp", "ip-options", "ff".repeat(4)), "unavailable EINVAL");
  assertEquals(failure("tcp", "hdrincl", true), "unavailable ENOPROTOOPT");
  assertEquals(failure("tcp", "linger", 1_500), "option");
  const error = assertThrows(() => readSocketOption(900_000, "ttl"), NetError);
  assertEquals([error.kind, error.code], ["unexpected", "EBADF"]);
});

Deno.test("a part of keepalive out of range is refused by its own name", () => {
  using socket = NativeSocket.open(kinds.tcp);
  const refused = (value: SocketOptionValue) =>
    assertThrows(() => applySocketOption(socket.fd, "keepalive", value), NetError).message;
  assertEquals(refused({ count: 128 }), "option keepcnt: is at most 127");
  assertEquals(refused({ idleMs: 1, count: 3 }), "option keepidle: is counted in whole seconds");
  assertEquals(refused({ intervalMs: 0 }), "option keepintvl: is at least 1000 ms");
  assertEquals(readSocketOption(socket.fd, "keepalive"), false);
});

Deno.test("privileged options are set by root and refused to others as permission", () => {
  using socket = NativeSocket.open(kinds.tcp);
  for (const [name, value] of [["mark", 7], ["busy-poll", 0.05], ["transparent", true]] as const) {
    try {
      assertEquals(applySocketOption(socket.fd, name, value), value);
    } catch (thrown) {
      assert(thrown instanceof NetError && thrown.kind === "permission", String(thrown));
    }
  }
});

Deno.test("read-only options tell type and pending error", () => {
  using socket = NativeSocket.open(kinds.udp);
  assertEquals(readSocketOption(socket.fd, "type"), SOCK_DGRAM);
  assertEquals(readSocketOption(socket.fd, "error"), 0);
  assertEquals(readSocketOption(socket.fd, "sndlowat"), 1);
  assertEquals(readSocketOption(socket.fd, "multicast-if"), "0.0.0.0");
  using six = NativeSocket.open(kinds.udp6);
  assertEquals(readSocketOption(six.fd, "multicast-if"), 0);
  using stream = NativeSocket.open(kinds.tcp);
  assert(String(readSocketOption(stream.fd, "info")).startsWith("07")); // TCP_CLOSE
});
