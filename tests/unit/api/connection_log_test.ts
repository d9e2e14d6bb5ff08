import { assertEquals } from "@std/assert";
import { logConnection } from "../../../lib/api/connection_log.ts";
import { MemoryLog } from "../../support/memory_log.ts";

Deno.test("bytes that may be lost, or were, are said by their number", () => {
  const log = new MemoryLog();
  const tell = logConnection(log, "tcp://h:1");
  for (const bytes of [0, 1, 5]) {
    tell({
      state: "down",
      reason: "peer-end",
      upMs: 20,
      bytesHandedOver: bytes,
      bytesUnacknowledged: 1,
    });
  }
  for (const bytes of [1, 2]) tell({ state: "dropped", bytes });
  assertEquals(log.entries.map(({ text }) => text.replace(/^tcp:..h:1: /, "")), [
    "down after 20ms: peer-end",
    "down after 20ms: peer-end; 1 byte was handed over and is not sent again, 1 of them may be lost",
    "down after 20ms: peer-end; 5 bytes were handed over and are not sent again, " +
    "1 of them may be lost",
    "1 byte was thrown away",
    "2 bytes were thrown away",
  ]);
});
