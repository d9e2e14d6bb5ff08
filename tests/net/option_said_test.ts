/**
 * What the kernel took of every socket option is said: that is what `-v` shows.
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseAddress } from "../../lib/address/parse.ts";
import { openListeners } from "../../lib/api/passive.ts";
import { makeContext } from "../../lib/core/context.ts";
import { NetError } from "../../lib/core/error.ts";
import { SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET } from "../../lib/sys/constants.ts";
import { NativeSocket } from "../../lib/sys/socket.ts";
import { setOption } from "../../lib/sys/option.ts";
import { openActive, openPassive } from "../../lib/transport/open.ts";
import { confirmSettings } from "../../lib/transport/socket_options.ts";
import { noPorts } from "../contract/pair.ts";
import { MemoryLog } from "../support/memory_log.ts";
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
import "../support/libc.ts";

/** What was said of options while an endpoint opened. */
async function saidOf(text: string): Promise<string[]> {
  const log = new MemoryLog();
  const context = makeContext({ log });
  const address = parseAddress(text);
  if (!address.passive) {
    const session = await openActive(address, context, noPorts);
    session.abort();
    await session[Symbol.asyncDispose]();
  } else {
    for (const opened of await openPassive(address, context, noPorts)) {
      await (opened.kind === "listener" ? opened.listener : opened.datagrams)
        [Symbol.asyncDispose]();
    }
  }
  return log.of("option").map(({ fields }) => String(fields.name));
}

/** @param begin the address; an abstract name that it ends with is begun only, and used once */
async function allSaid(begin: string, cases: readonly OptionCase[]): Promise<void> {
  for (const { text, privileged } of cases) {
    const [name = ""] = text.split("=");
    if (name === "v6only" || (privileged === true && Deno.uid() !== 0)) continue;
    const address = begin.includes("@") ? `${begin}${crypto.randomUUID()}` : begin;
    assert((await saidOf(`${address}?${text}`)).includes(name), `${address}?${text}`);
  }
}

Deno.test("what the kernel took of every option of TCP is said", async () => {
  await allSaid("listen:tcp://127.0.0.1:0", [...tcpCases, ...tcpPassiveCases]);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 200 });
  await allSaid(`tcp://127.0.0.1:${listener.addr.port}`, [...tcpCases, ...tcpActiveCases]);
});

Deno.test("what the kernel took of every option of UDP is said", async () => {
  await allSaid("listen:udp://127.0.0.1:0", [...udpCases, ...udpPassiveCases]);
  await allSaid("udp://127.0.0.1:9", udpCases);
  assertEquals(await saidOf("udp://239.1.2.3:9?interface=lo"), ["interface"]);
});

Deno.test("what the kernel took of every option of Unix sockets is said", async () => {
  await allSaid("listen:unixgram:@plumb-", unixgramCases);
  await allSaid("listen:unix:@plumb-", unixCases);
});

Deno.test("where a client comes from is said, with the port that the system picked", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const peer of [`tcp://127.0.0.1:${listener.addr.port}`, "udp://127.0.0.1:9"]) {
    const log = new MemoryLog();
    const context = makeContext({ log });
    const session = await openActive(parseAddress(`${peer}?bind=127.0.0.5`), context, noPorts);
    await session[Symbol.asyncDispose]();
    const [said] = log.of("option");
    assertEquals(said?.text, `${peer}: bind is 127.0.0.5:${session.local.port}`);
  }
});

Deno.test("mode and owner of a socket's file are said as the system has them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const scheme of ["unix", "unixgram"]) {
      const options = `mode=0622&user=${Deno.uid()}&group=${Deno.gid()}`;
      const said = await saidOf(`listen:${scheme}:${folder}/s?${options}`);
      assertEquals(said, ["mode", "user", "group"]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("how many connections may wait is said as the kernel has it", async () => {
  const most = Number(await Deno.readTextFile("/proc/sys/net/core/somaxconn"));
  for (const place of ["tcp://127.0.0.1:0", "tcp://[::1]:0", `unix:@${crypto.randomUUID()}`]) {
    for (const [asked, taken] of [[7, 7], [-1, most]]) {
      const log = new MemoryLog();
      const address = parseAddress(`listen:${place}?backlog=${asked}`);
      const [listener] = await openListeners(address, makeContext({ log }), noPorts);
      await listener?.[Symbol.asyncDispose]();
      const [said] = log.of("option");
      assertEquals(said?.text, `${listener?.local.text}: backlog is ${taken}`);
    }
  }
});

Deno.test("a value that is not what was asked for is an error", () => {
  using socket = NativeSocket.open({ family: 2, type: SOCK_STREAM });
  setOption(socket.fd, SOL_SOCKET, SO_REUSEADDR, 1);
  const settings = [{ name: "reuseaddr", value: false }];
  const confirm = () => confirmSettings(socket.fd, settings, "tcp://h:1", makeContext());
  assertThrows(
    confirm,
    NetError,
    "option reuseaddr tcp://h:1: false was asked for, and the system has true",
  );
  confirmSettings(null, settings, "tcp://h:1", makeContext()); // without FFI nobody can ask
});
