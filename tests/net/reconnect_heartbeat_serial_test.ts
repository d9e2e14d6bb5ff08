/**
 * Heartbeat and reconnection together: a peer that is gone without a word is noticed on each
 * connection, the second and the third as well as the first.
 * @module
 */

import "../support/libc.ts";
import { assert, assertEquals } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { serve } from "../../lib/api/serve.ts";
import { Reconnecting } from "../../lib/link/reconnect.ts";
import type { ConnectionEvent } from "../../lib/link/reconnect_options.ts";
import { readinessSettled } from "../../lib/sys/readiness.ts";
import { echoed } from "../support/clients.ts";

/**
 * A NAT, as seen by those behind it: what it forgets gets no packet through any more, in neither
 * direction, not even the news that it is forgotten. New connections pass.
 */
class ForgetfulNat implements AsyncDisposable {
  readonly address: string;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #flows: Flow[] = [];
  readonly #serving: Promise<void>;

  constructor(port: number) {
    this.address = `tcp://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
    this.#serving = this.#serve(port);
  }

  forget(): void {
    for (const flow of this.#flows) flow.isForgotten = true;
  }

  async #serve(port: number): Promise<void> {
    for await (const near of this.#listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port });
      this.#flows.push(new Flow(near, far));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
    for (const flow of this.#flows) await flow.close();
  }
}

/** One connection through the NAT. */
class Flow {
  isForgotten = false;
  readonly #ends: readonly Deno.Conn[];
  readonly #passing: Promise<unknown>;
  #isClosed = false;

  constructor(near: Deno.Conn, far: Deno.Conn) {
    this.#ends = [near, far];
    this.#passing = Promise.all([this.#pass(near, far), this.#pass(far, near)]);
  }

  async #pass(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(1024);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        for (let at = 0; at < count && !this.isForgotten;) {
          at += await to.write(buffer.subarray(at, count));
        }
      }
    } catch {
      // An end that broke is an end.
    }
    if (!this.isForgotten) this.#closeEnds();
  }

  #closeEnds(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const end of this.#ends) end.close();
  }

  async close(): Promise<void> {
    this.#closeEnds();
    await this.#passing;
  }
}

Deno.test("heartbeat and reconnect: a NAT that forgets is noticed, also the second and third time", async () => {
  await using echo = await serve("echo", "tcp://127.0.0.1:0");
  await using nat = new ForgetfulNat(echo.addresses[0]?.port ?? 0);
  // An echo service is a foreign peer that answers.
  const heartbeat = "every=100ms,misses=4,send=PING\\n,expect=^PING$";
  const session = await connect(
    `${nat.address}?reconnect&backoff=10ms..50ms&heartbeat=${encodeURIComponent(heartbeat)}`,
  );
  assert(session instanceof Reconnecting);
  const told: ConnectionEvent[] = [];
  const listening = (async () => {
    for await (const event of session.events) told.push(event);
  })();
  const ports = new Set([session.local.port]);
  assertEquals(await echoed(session, "first\n"), "first\n");
  for (const round of ["second\n", "third\n", "fourth\n"]) {
    const reading = session.read(new Uint8Array(16));
    nat.forget();
    while (ports.has(session.local.port)) await new Promise((done) => setTimeout(done, 5));
    ports.add(session.local.port);
    await session.write(new TextEncoder().encode(round));
    assertEquals(await reading, round.length);
  }
  const reasons = told.flatMap((event) => event.state === "down" ? [event.reason] : []);
  assertEquals(reasons, ["dead", "dead", "dead"]);
  session.abort();
  await session[Symbol.asyncDispose]();
  await listening;
  await readinessSettled();
});
