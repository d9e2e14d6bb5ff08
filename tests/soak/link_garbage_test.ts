/**
 * A million random beginnings at the door of a link: none is let in, none crashes it, nothing grows.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { concatenate } from "../../lib/core/bytes.ts";
import { NetError } from "../../lib/core/error.ts";
import { ClientHandshake } from "../../lib/link/link_handshake_client.ts";
import { ServerHandshake } from "../../lib/link/link_handshake_server.ts";
import { linkMagic } from "../../lib/wire/link_preamble.ts";
import { linkKey } from "../support/linked.ts";
import { SeededBytes } from "../support/random.ts";

const security = { key: linkKey, seals: true };
const beginnings = 1_000_000;

/** Heads that lead deeper and deeper into the handshake. */
const heads = [
  new Uint8Array(0),
  linkMagic,
  Uint8Array.of(...linkMagic, 1, 1),
  Uint8Array.of(...linkMagic, 1, 1, 0, 84),
  Uint8Array.of(...linkMagic, 1, 0, 0, 62),
];

Deno.test("a million random beginnings leave a link as it was", () => {
  const random = new SeededBytes(2026);
  const heapBytes = () => Deno.memoryUsage().heapUsed + Deno.memoryUsage().external;
  let baseline = 0;
  for (let n = 0; n < beginnings; n++) {
    const tail = random.fill(new Uint8Array(random.below(120)));
    const bytes = concatenate([heads[n % heads.length] ?? tail, tail]);
    const isServer = n % 8 !== 0; // a client's keys cost half a millisecond each
    const machine = isServer ? new ServerHandshake(security) : new ClientHandshake(security);
    if (machine instanceof ClientHandshake) {
      const session = new Uint8Array(16);
      machine.start({ features: 0, resumes: false, session, received: 0, identity: "" });
    }
    try {
      machine.receive(bytes);
      assert(machine.wanted > 0 && machine.wanted <= 1024);
    } catch (thrown) {
      assert(thrown instanceof NetError && thrown.kind !== "unexpected", String(thrown));
      assertEquals(machine.state, "over");
    }
    if (n === beginnings / 10) baseline = heapBytes();
  }
  const grown = heapBytes() - baseline;
  assert(grown < 64 * 1024 * 1024, `${grown} bytes more than after the first tenth`);
});
