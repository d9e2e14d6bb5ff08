/**
 * What the protocol's page says of carriers, handshake, refusals and records is what the code does.
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Handshake, LinkSecurity } from "../../../lib/link/link_handshake.ts";
import { ClientHandshake } from "../../../lib/link/link_handshake_client.ts";
import { ServerHandshake } from "../../../lib/link/link_handshake_server.ts";
import { welcomeStatuses } from "../../../lib/wire/link_hello.ts";
import { encodeRefusal, linkMagic, refusalCodes } from "../../../lib/wire/link_preamble.ts";
import { root } from "../../support/process.ts";

const page = await Deno.readTextFile(`${root}lib/link/PROTOCOL.md`);

/** Lines of a fenced block of the page. */
function block(name: string): string[] {
  return page.split("```" + name + "\n")[1]?.split("\n```")[0]?.split("\n") ?? [];
}

/** The first records of the session that the page shows: frames only. */
const [c1 = "", s1 = "", c2 = "", s2 = ""] = block("session").map((line) => line.slice(2));

function records(of: Handshake, frames: readonly string[]): string[] {
  const { writer } = of.records();
  return frames.map((hex) => {
    const batch = new Uint8Array(1_000);
    const end = writer.put(batch, 0, (into) => {
      const bytes = Uint8Array.fromHex(hex);
      into.set(bytes);
      return bytes.length;
    });
    return batch.subarray(0, end).toHex();
  });
}

for (const [name, seals] of [["handshake sealed", true], ["handshake plain", false]] as const) {
  Deno.test(`the ${name} is the one of the page, byte for byte`, () => {
    const security: LinkSecurity = { key: Uint8Array.from({ length: 32 }, (_, at) => at), seals };
    const client = new ClientHandshake(security, new Uint8Array(32).fill(0x11));
    const server = new ServerHandshake(security, new Uint8Array(32).fill(0x22));
    const first = client.start({
      features: 0,
      resumes: false,
      session: Uint8Array.from({ length: 16 }, (_, at) => 0xa0 + at),
      received: 0,
      identity: "laptop",
    });
    server.receive(first);
    const second = server.answer({ status: "ready", features: 0, received: 0, text: "" });
    client.receive(second);
    const lines = [
      `C ${first.toHex()}`,
      `S ${second.toHex()}`,
      ...records(client, [c1, c2]).map((hex) => `C ${hex}`),
      ...records(server, [s1, s2]).map((hex) => `S ${hex}`),
    ];
    assertEquals(lines, block(name));
  });
}

Deno.test("a refusal and the magic are those of the page", () => {
  assertEquals(encodeRefusal("version", "this side speaks version 1").toHex(), block("refusal")[0]);
  assertEquals(page.includes(linkMagic.toHex().replace(/..(?!$)/g, "$& ")), true);
});

Deno.test("refusals and statuses of the page are those of the code", () => {
  const part = page.slice(page.indexOf("### Refusals"), page.indexOf("\n## Records"));
  const rows = [...part.matchAll(/^\| ([a-z-]+) +\| (\d) +\|/gm)];
  const listed = rows.map(([, name, number]) => `${number} ${name}`);
  const coded = [...Object.entries(refusalCodes), ...Object.entries(welcomeStatuses)];
  assertEquals(listed, coded.map(([name, number]) => `${number} ${name}`));
});
