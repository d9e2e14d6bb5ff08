/**
 * Every socket option that an address takes, on every transport and side that takes it, read back
 * by another process.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { parseAddress } from "../../lib/address/parse.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Datagrams, Duplex, Listener } from "../../lib/core/contract.ts";
import type { Passive } from "../../lib/core/transport.ts";
import { socketOptionTable } from "../../lib/sys/option_table.ts";
import { openActive, openPassive } from "../../lib/transport/open.ts";
import { transports } from "../../lib/transport/table.ts";
import { noPorts } from "../contract/pair.ts";
import {
  type OptionCase,
  tcpActiveCases,
  tcpCases,
  tcpPassiveCases,
  udpCases,
  udpPassiveCases,
  unixCases,
  unixgramCases,
} from "../support/option_cases.ts";
import { OptionReader, type SocketEnds } from "../support/option_reader.ts";
import { toolTest } from "../support/tools.ts";
import "../support/libc.ts";

const context = makeContext();

function connect(text: string): Promise<Duplex> {
  return openActive(parseAddress(text), context, noPorts);
}

async function open(text: string): Promise<Passive> {
  const [passive] = await openPassive(parseAddress(text), context, noPorts);
  assert(passive !== undefined);
  return passive;
}

async function listen(text: string): Promise<Listener> {
  const passive = await open(text);
  assert(passive.kind === "listener");
  return passive.listener;
}

async function receiver(text: string): Promise<Datagrams> {
  const passive = await open(text);
  assert(passive.kind === "datagrams");
  return passive.datagrams;
}

async function accepted(listener: Listener): Promise<Duplex> {
  const session = await (await listener.accept())?.settle(context);
  assert(session !== undefined);
  return session;
}

/** Closes without waiting: an endpoint may linger, or defer what it accepts. */
async function close(...sessions: Duplex[]): Promise<void> {
  for (const session of sessions) session.abort();
  for (const session of sessions) await session[Symbol.asyncDispose]();
}

const isRoot = Deno.uid() === 0;
/** Options of IPv4 headers alone, and of IPv6 sockets alone. */
const onlyOf: Readonly<Record<string, "4" | "6">> = { "ip-options": "4", "v6only": "6" };

/** Loopback of the families that a case is for. */
function hostsOf({ text }: OptionCase): readonly string[] {
  const name = text.split("=")[0] ?? "";
  const only = onlyOf[name];
  return [...(only === "6" ? [] : ["127.0.0.1"]), ...(only === "4" ? [] : ["[::1]"])];
}

/** Asks for each option of a case, and holds the answers against what it wants. */
async function check(
  reader: OptionReader,
  ends: SocketEnds,
  wanted: OptionCase["reads"],
  host: string,
): Promise<void> {
  for (const [option, value] of Object.entries(wanted)) {
    if (option.startsWith("IPV6_") && !host.startsWith("[")) continue;
    const size = typeof value === "string" ? value.length / 2 : 4;
    const hex = await reader.read(ends, option, option === "SO_BINDTODEVICE" ? 16 : size);
    const got = typeof value === "string" ? hex : Number(BigInt(`0x${reversed(hex)}`));
    assertEquals(got, value, `${option} of ${JSON.stringify(ends)}`);
  }
}

/** Both machines are little-endian. */
function reversed(hex: string): string {
  return hex.match(/../g)?.reverse().join("") ?? "0";
}

/** One test for each side of a transport, a step for each case. */
function optionTest(
  name: string,
  cases: readonly OptionCase[],
  attempt: (one: OptionCase, host: string, reader: OptionReader) => Promise<void>,
): void {
  toolTest("python3", name, async (t) => {
    await using reader = new OptionReader();
    for (const one of cases) {
      for (const host of hostsOf(one)) {
        const ignore = one.privileged === true && !isRoot; // needs CAP_NET_ADMIN
        const fn = () => attempt(one, host, reader);
        await t.step({ name: `${one.text} ${host}`, ignore, fn });
      }
    }
  });
}

optionTest("tcp clients have what their address asks for", [
  ...tcpCases,
  ...tcpActiveCases,
], async ({ text, reads, connected }, host, reader) => {
  await using listener = await listen(`listen:tcp://${host}:0`);
  const peer = listener.local.port;
  const near = await connect(`tcp://${host}:${peer}?${text}`);
  const far = await accepted(listener);
  try {
    const ends = { type: 1, local: near.local.port, peer } as const;
    await check(reader, ends, { ...reads, ...connected }, host);
    await near.write(Uint8Array.of(1));
    assertEquals(await far.read(new Uint8Array(4)), 1);
  } finally {
    await close(near, far);
  }
});

optionTest(
  "tcp listeners and what they accept have what their address asks for",
  tcpCases,
  async ({ text, reads, connected }, host, reader) => {
    await using listener = await listen(`listen:tcp://${host}:0?${text}`);
    const local = listener.local.port;
    await check(reader, { type: 1, local, listening: true }, reads, host);
    const near = await connect(`tcp://${host}:${local}`);
    const far = await accepted(listener);
    try {
      const ends = { type: 1, local, peer: near.local.port } as const;
      await check(reader, ends, { ...reads, ...connected }, host);
      await far.write(Uint8Array.of(1));
      assertEquals(await near.read(new Uint8Array(4)), 1);
    } finally {
      await close(near, far);
    }
  },
);

optionTest(
  "tcp listeners have what is about accepting",
  tcpPassiveCases,
  async ({ text, reads }, host, reader) => {
    await using listener = await listen(`listen:tcp://${host}:0?${text}`);
    await check(reader, { type: 1, local: listener.local.port, listening: true }, reads, host);
    const near = await connect(`tcp://${host}:${listener.local.port}`);
    await near.write(Uint8Array.of(1)); // what defer-accept waits for
    await close(near, await accepted(listener));
  },
);

optionTest("udp clients have what their address asks for", udpCases, async (one, host, reader) => {
  await using far = await receiver(`listen:udp://${host}:0`);
  await using near = await connect(`udp://${host}:${far.local.port}?${one.text}`);
  await check(reader, { type: 2, local: near.local.port }, one.reads, host);
  const got = far.receive(new Uint8Array(4));
  await near.write(Uint8Array.of(1));
  assertEquals((await got)?.data.length, 1);
});

optionTest("udp receivers have what their address asks for", [
  ...udpCases,
  ...udpPassiveCases,
], async (one, host, reader) => {
  await using far = await receiver(`listen:udp://${host}:0?${one.text}`);
  await check(reader, { type: 2, local: far.local.port }, one.reads, host);
  await using near = await connect(`udp://${host}:${far.local.port}`);
  const got = far.receive(new Uint8Array(4));
  await near.write(Uint8Array.of(1));
  const datagram = await got;
  assert(datagram !== null);
  await far.send({ data: Uint8Array.of(2, 3), peer: datagram.peer });
  assertEquals(await near.read(new Uint8Array(4)), 2);
});

toolTest("python3", "unix streams have what the address of their side asks for", async (t) => {
  await using reader = new OptionReader();
  for (const { text, reads } of unixCases) {
    await t.step(text, async () => {
      for (const asking of ["listen", "connect"]) {
        // A name of its own: a process that somebody starts holds the last listener until its exec.
        const name = `@plumb-${crypto.randomUUID()}`;
        const [own, other] = asking === "listen" ? [`?${text}`, ""] : ["", `?${text}`];
        await using listener = await listen(`listen:unix:${name}${own}`);
        const near = await connect(`unix:${name}${other}`);
        const far = await accepted(listener);
        const ends = asking === "listen" ? { local: name } : { peer: name };
        await check(reader, { type: 1, ...ends }, reads, "");
        await near.write(Uint8Array.of(1, 2, 3));
        assertEquals(await far.read(new Uint8Array(4)), 3);
        await close(near, far);
      }
    });
  }
});

toolTest("python3", "unix datagrams have what the address of their side asks for", async () => {
  await using reader = new OptionReader();
  for (const { text, reads } of unixgramCases) {
    const name = `@plumb-${crypto.randomUUID()}`;
    await using far = await receiver(`listen:unixgram:${name}?${text}`);
    await check(reader, { type: 2, local: name }, reads, "");
    await using near = await connect(`unixgram:${name}?${text}`);
    await check(reader, { type: 2, local: near.local.path }, reads, "");
    assertEquals(near.traits.maximumMessage, far.maximumMessage);
  }
});

Deno.test("every socket option that an address takes has a case here", () => {
  const tried: Readonly<Record<string, readonly OptionCase[]>> = {
    "tcp active": [...tcpCases, ...tcpActiveCases],
    "tcp passive": [...tcpCases, ...tcpPassiveCases],
    "udp active": udpCases,
    "udp passive": [...udpCases, ...udpPassiveCases],
    "unix active": unixCases,
    "unix passive": unixCases,
    "unixgram active": unixgramCases,
    "unixgram passive": unixgramCases,
  };
  const known = new Set(socketOptionTable.map(({ name }) => name));
  for (const [where, cases] of Object.entries(tried)) {
    const [scheme, side] = where.split(" ");
    const names = new Set(cases.map(({ text }) => text.split("=")[0] ?? ""));
    const untried = Object.values(transports).find((one) => one.scheme === scheme)?.options
      .filter((row) => row.side === undefined || row.side === side)
      .filter((row) => known.has(row.name) && !names.has(row.name));
    assertEquals(untried?.map(({ name }) => name), [], where);
  }
});
