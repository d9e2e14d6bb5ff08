/**
 * Option tables hold both ways: what is accepted is read, and what is read is accepted.
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { bindOptions } from "../../lib/address/options.ts";
import { parseAddress } from "../../lib/address/parse.ts";
import type { Scheme } from "../../lib/core/address.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Options } from "../../lib/core/option.ts";
import type { Transport } from "../../lib/core/transport.ts";
import { transports } from "../../lib/transport/table.ts";
import { noPorts } from "./pair.ts";
import "../support/libc.ts";

/**
 * Addresses of each scheme whose opening reads every option. Opening need not succeed: options are
 * read first.
 */
const examples: Readonly<Record<Scheme, { readonly active: string; readonly passive?: string }>> = {
  tcp: { active: "tcp://127.0.0.1:1", passive: "listen:tcp://127.0.0.1:0" },
  udp: { active: "udp://127.0.0.1:1", passive: "listen:udp://127.0.0.1:0" },
  unix: { active: `unix:@plumb-${Deno.pid}`, passive: `listen:unix:@plumb-${Deno.pid}` },
  unixgram: {
    active: `unixgram:@plumb-${Deno.pid}`,
    passive: `listen:unixgram:@plumb-${Deno.pid}`,
  },
  file: { active: "file:/dev/null" },
  fifo: { active: "fifo:/dev/null", passive: "listen:fifo:/dev/null" },
  exec: { active: "exec:true" },
  sh: { active: "sh:true" },
  stdio: { active: "stdio:" },
  fd: { active: "fd:1000000", passive: "listen:fd:1000000" },
  memory: { active: "memory:options", passive: "listen:memory:options" },
  script: { active: "script:close" },
};

/** Opens one side with no option given, and says which were asked for. */
async function askedBy(transport: Transport, side: "active" | "passive"): Promise<Options> {
  const address = parseAddress(examples[transport.scheme][side] ?? "");
  const options = bindOptions(address, transport.options);
  const request = { address, options, context: makeContext(), ports: noPorts };
  try {
    if (side === "active") {
      const session = await transport.connect?.(request);
      session?.abort();
      await session?.[Symbol.asyncDispose]();
    } else {
      for (const opened of await transport.listen?.(request) ?? []) {
        const endpoint = opened.kind === "listener" ? opened.listener : opened.datagrams;
        await endpoint[Symbol.asyncDispose]();
      }
    }
  } catch {
    // Nobody listens there: what was asked for counts.
  }
  return options;
}

for (const transport of Object.values(transports)) {
  for (const side of ["active", "passive"] as const) {
    if ((side === "active" ? transport.connect : transport.listen) === undefined) continue;
    const rows = transport.options.filter((row) => row.side === undefined || row.side === side);
    const name = `${transport.scheme} ${side}`;
    Deno.test(`${name} reads every option that it accepts`, async () => {
      const { asked } = await askedBy(transport, side);
      const unread = rows.filter((row) => !asked.has(row.name)).map((row) => row.name);
      assertEquals(unread, []);
    });
    Deno.test(`${name} cannot read an option that it does not accept`, async () => {
      const options = await askedBy(transport, side);
      assertThrows(() => options.flag("no-such-option"), Error);
      assertEquals([...options.asked].filter((one) => !rows.some((row) => row.name === one)), []);
    });
  }
}
