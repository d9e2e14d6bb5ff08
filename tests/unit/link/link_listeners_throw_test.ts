/**
 * What the program gave to be told by, and that throws.
 * @module
 */

import { assertEquals } from "@std/assert";
import { readExactly } from "../../../lib/stream/read.ts";
import { Linked, openPipes } from "../../support/linked.ts";
import { within } from "../../contract/expect.ts";

/** Runs it, and gives the errors that were reported as uncaught. */
async function reported(run: () => Promise<void>): Promise<string[]> {
  const messages: string[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    messages.push(String(event.error));
  };
  globalThis.addEventListener("error", onError);
  try {
    await run();
  } finally {
    globalThis.removeEventListener("error", onError);
  }
  return messages;
}

function throwing({ state }: { readonly state: string }): void {
  throw new Error(`the log is full: ${state}`);
}

for (const side of ["client", "server"] as const) {
  Deno.test(`what a listener of a ${side} throws is uncaught, and the link goes on`, async () => {
    const messages = await reported(async () => {
      const pipes = openPipes();
      await using linked = new Linked({
        handlers: { ...pipes.handlers, ended: () => throwing({ state: "ended" }) },
        [side]: { tell: throwing },
      });
      const client = linked.client();
      const channel = await within(client.open("tcp://db:5432"), "opening");
      const end = await pipes.next();
      await channel.write(new TextEncoder().encode("hello"));
      assertEquals((await within(readExactly(end, new Uint8Array(5)), "reading"))?.length, 5);
      const tally = await within(client.close(), "closing");
      assertEquals(tally.error, undefined);
    });
    assertEquals(messages[0]?.startsWith("Error: the log is full: "), true);
    assertEquals(messages.includes("Error: the log is full: ended"), true);
  });
}
