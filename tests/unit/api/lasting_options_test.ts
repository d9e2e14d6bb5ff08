/**
 * The options of time: who takes them, who refuses them, and that all of them are read.
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { bindOptions } from "../../../lib/address/options.ts";
import { parseAddress } from "../../../lib/address/parse.ts";
import { formatAddress } from "../../../lib/address/format.ts";
import { connect } from "../../../lib/api/connect.ts";
import { listen } from "../../../lib/api/listen.ts";
import { relay } from "../../../lib/api/relay.ts";
import {
  lastingOf,
  lastingOptions,
  lastingSchemes,
  optionTableOf,
  readLasting,
} from "../../../lib/api/lasting_options.ts";
import { AddressError } from "../../../lib/core/error.ts";
import { transports } from "../../../lib/transport/table.ts";

Deno.test("options of time: all that is accepted is read, and all that is read is accepted", () => {
  const options = bindOptions(parseAddress("tcp://h:1"), lastingOptions);
  readLasting(options); // asks only for what the table has, or throws
  assertEquals([...options.asked].sort(), lastingOptions.map(({ name }) => name).sort());
});

Deno.test("options of time: no transport has an option of such a name", () => {
  for (const { scheme, options } of Object.values(transports)) {
    const both = options.filter(({ name }) => lastingOptions.some((row) => row.name === name));
    assertEquals(both, [], scheme);
  }
});

Deno.test("options of time: taken off the address, the rest stays for the transport", () => {
  const text = "tcp://h:1?nodelay&reconnect=5&ttl=9&backoff=1s..2s&while-down=drop&on-connect=f";
  const found = lastingOf(parseAddress(text));
  assertEquals(formatAddress(found?.bare ?? parseAddress(":1")), "tcp://h:1?nodelay&ttl=9");
  assertEquals(found?.lasting, {
    reconnect: {
      attempts: 5,
      backoff: { initialMs: 1_000, maximumMs: 2_000 },
      whileDown: { mode: "drop", holdBytes: 65_536 },
    },
    onConnect: "f",
  });
  assertEquals(lastingOf(parseAddress("tcp://h:1?nodelay")), null);
  assertEquals(
    lastingOf(parseAddress("exec:?reconnect cat"))?.lasting.reconnect?.attempts,
    Infinity,
  );
  assertEquals(lastingOf(parseAddress("tcp://h:1?reconnect=no&backoff=1s"))?.lasting, {});
  assertEquals(lastingOf(parseAddress("tcp://h:1?heartbeat=no"))?.lasting, {});
  assertEquals(lastingOf(parseAddress("tcp://h:1?heartbeat"))?.lasting.heartbeat?.everyMs, 5_000);
});

Deno.test("options of time: every scheme that can be opened again takes them, active only", () => {
  assertEquals(lastingSchemes.includes("tcp") && lastingSchemes.includes("exec"), true);
  for (const scheme of ["stdio", "fd", "file"] as const) {
    assertEquals(lastingSchemes.includes(scheme), false);
    assertEquals(optionTableOf(scheme), transports[scheme]?.options);
  }
});

Deno.test("options of time: refused before anything is opened, with a hint", async () => {
  const refused: [string, string][] = [
    ["listen:tcp://:1?reconnect", "tcp passive never reads reconnect; only the active side does"],
    ["file:/x?reconnect", "unknown option reconnect"],
    ["tcp://h:1?reconect", "did you mean reconnect?"],
    ["tcp://h:1?backoff=1s", "backoff goes with reconnect"],
    ["tcp://h:1?while-down=drop", "while-down goes with reconnect"],
    ["tcp://h:1?reconnect=0", "not a number of attempts"],
    ["tcp://h:1?reconnect&backoff=1", "needs a unit"],
    ["tcp://h:1?heartbeat=every=1", "needs a unit"],
  ];
  for (const [text, message] of refused) {
    const address = parseAddress(text);
    const table = optionTableOf(address.scheme);
    const error = assertThrows(
      () => {
        bindOptions(address, table);
        lastingOf(address);
      },
      AddressError,
      message,
    );
    assertEquals(error.kind, "option");
  }
  const kindOf = (work: Promise<unknown>) => work.then(() => "opened", ({ kind }) => kind);
  assertEquals(await kindOf(connect("tcp://127.0.0.1:1?reconnect=0")), "option");
  assertEquals(await kindOf(listen("tcp://127.0.0.1:0?reconnect")), "option");
  assertEquals(
    await kindOf(relay("listen:tcp://127.0.0.1:0", "tcp://127.0.0.1:1?reconnect=x")),
    "option",
  );
});
