/**
 * What the kernel took of every socket option is said: that is what `-v` shows.
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseAddress } from "../../lib/address/parse.ts";
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

/** `interface=` of TCP is an option of the kernel by another name. */
const called = (name: string) => name === "interface" ? "bindtodevice" : name;

async function allSaid(address: string, cases: readonly OptionCase[]): Promise<void> {
  for (const { text, privileged } of cases) {
    const [name = ""] = text.split("=");
    if (name === "v6only" || (privileged === true && Deno.uid() !== 0)) continue;
    assert((await saidOf(`${address}?${text}`)).includes(called(name)), `${address}?${text}`);
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
  const name = `@plumb-${crypto.randomUUID()}`;
  await allSaid(`listen:unixgram:${name}`, unixgramCases);
  await allSaid(`listen:unix:${name}`, unixCases);
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
