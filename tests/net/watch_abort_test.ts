/**
 * A probe that is cut at any moment: it ends, whatever it was waiting for.
 */

import "../support/libc.ts";
import { assertEquals } from "@std/assert";
import { parseAddress } from "../../lib/address/parse.ts";
import { portsOf } from "../../lib/api/endpoint.ts";
import { askerOf } from "../../lib/api/watch_probe.ts";
import { makeContext } from "../../lib/core/context.ts";
import { within } from "../support/within.ts";

Deno.test("a probe of a silent UDP port ends whenever it is cut", async () => {
  const silent = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = silent.addr as Deno.NetAddr;
  const ask = askerOf(parseAddress(`udp://127.0.0.1:${port}`), "connect", portsOf({}));
  try {
    for (let turns = 0; turns < 40; turns++) {
      const cut = new AbortController();
      const asking = Promise.resolve(ask(makeContext({ signal: cut.signal })))
        .then(() => "answered", (thrown) => thrown.message);
      for (let turn = 0; turn < turns; turn++) await null;
      cut.abort(new Error("cut"));
      assertEquals(await within(asking, () => `cut after ${turns} turns`, 2_000), "cut");
    }
  } finally {
    silent.close();
  }
});
