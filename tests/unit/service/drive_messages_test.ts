import { assert, assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import type { Peer } from "../../../lib/core/contract.ts";
import type { ByteMachine } from "../../../lib/core/machine.ts";
import type { OptionValue } from "../../../lib/core/option.ts";
import { drive } from "../../../lib/service/drive.ts";
import { machineOf } from "../../support/machine.ts";
import { MemoryLog } from "../../support/memory_log.ts";
import { makePair, type PairOptions } from "../../support/pair.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const udpPeer = (port: number): Partial<Peer> => {
  return { scheme: "udp", text: `udp://192.0.2.1:${port}`, host: "192.0.2.1", port };
};
const server: Partial<Peer> = { scheme: "udp", text: "udp://192.0.2.9:5007", port: 5007 };

/** Sends messages to a service and gives the answers, and what was said. */
async function ask(
  service: string | ByteMachine,
  messages: readonly Uint8Array[],
  { options, ...pair }: PairOptions & { options?: Readonly<Record<string, OptionValue>> } = {},
) {
  const clock = new VirtualClock();
  const log = new MemoryLog();
  const [peer, session] = makePair({ messages: true, right: server, ...pair });
  const machine = typeof service === "string" ? machineOf(service, clock, true, options) : service;
  const done = drive(session, machine, makeContext({ clock, log }));
  for (const message of messages) await peer.write(message);
  await peer.closeWrite();
  const answers: number[][] = [];
  const buffer = new Uint8Array(70_000);
  for (let n = await peer.read(buffer); n !== null; n = await peer.read(buffer)) {
    answers.push([...buffer.subarray(0, n)]);
  }
  return { answers, outcome: await done, log };
}

Deno.test("each message is answered by one message, empty ones included", async () => {
  const messages = [encode("abc"), new Uint8Array(0), encode("d")];
  const { answers, outcome } = await ask("echo", messages, { left: udpPeer(50_000) });
  assertEquals(answers, messages.map((message) => [...message]));
  assertEquals(outcome, { reason: "peer-end", bytesIn: 4, bytesOut: 4 });
});

Deno.test("what one step puts is one answer", async () => {
  const machine: ByteMachine = {
    wantsDrain: false,
    deadlineMs: null,
    step(input, _now, out) {
      if (!(input instanceof Uint8Array)) return;
      out.put(encode("<"));
      out.put(input);
      out.put(encode(">"));
    },
  };
  const { answers } = await ask(machine, [encode("a"), encode("b")]);
  assertEquals(answers, [[...encode("<a>")], [...encode("<b>")]]);
});

Deno.test("no packet from a well-known port is answered, whatever the service", async () => {
  for (const service of ["echo", "upper", "chargen", "daytime", "time"]) {
    for (const port of [7, 13, 19, 37, 53, 1023]) {
      const message = new Uint8Array(100);
      const { answers, outcome, log } = await ask(service, [message, message], {
        left: udpPeer(port),
      });
      assertEquals([answers, outcome.bytesIn, outcome.bytesOut], [[], 200, 0]);
      // Said once in a session, not for each packet of a flood.
      assertEquals(log.of("withheld").map(({ level }) => level), ["info"]);
    }
    assertEquals(
      (await ask(service, [new Uint8Array(100)], { left: udpPeer(1024) })).answers.length,
      1,
    );
  }
});

Deno.test("a packet from the service's own port is not answered: two servers would never stop", async () => {
  assertEquals((await ask("echo", [encode("x")], { left: udpPeer(5007) })).answers, []);
});

Deno.test("no answer over UDP is longer than what it answers", async () => {
  const sizes = [0, 1, 3, 4, 39, 40, 42, 1000];
  const lengths = async (service: string) => {
    const got = [];
    for (const size of sizes) {
      const { answers, log } = await ask(service, [new Uint8Array(size)], {
        left: udpPeer(50_000),
      });
      const [answer] = answers;
      if (answer === undefined) assertEquals(log.of("withheld").length, 1);
      got.push(answer?.length);
    }
    return got;
  };
  assertEquals(await lengths("chargen"), [0, 1, 3, 4, 39, 40, 42, 512]);
  const line = "Thursday, January 1, 2026 00:00:00-UTC\r\n".length;
  assertEquals(await lengths("daytime"), sizes.map((size) => size < line ? undefined : line));
  assertEquals(await lengths("time"), sizes.map((size) => size < 4 ? undefined : 4));
});

Deno.test("upper case that grows is withheld over UDP, and sent where nobody can be forged", async () => {
  const grows = encode("\u0149");
  const options = { utf8: true };
  assertEquals((await ask("upper", [grows], { options, left: udpPeer(50_000) })).answers, []);
  const unix: Partial<Peer> = { scheme: "unixgram", text: "unixgram:/run/x", path: "/run/x" };
  const { answers } = await ask("upper", [grows], { options, left: unix });
  assertEquals(answers, [[...encode("\u02bcN")]]);
  assertEquals((await ask("daytime", [new Uint8Array(0)], { left: unix })).answers.length, 1);
});

Deno.test("a sender without an address is heard and not answered", async () => {
  const nameless: Partial<Peer> = { scheme: "unixgram", text: "" };
  const { answers, outcome, log } = await ask("echo", [encode("abc")], { left: nameless });
  assertEquals([answers, outcome.bytesIn, outcome.reason], [[], 3, "peer-end"]);
  assertEquals(log.of("withheld").length, 1);
});

Deno.test("a message that is too long to be read ends the session with a limit", async () => {
  const { outcome } = await ask("echo", [new Uint8Array(65_537)], { withoutReadable: true });
  assertEquals([outcome.reason, outcome.error?.kind], ["limit", "too-large"]);
});

Deno.test("a machine's end ends the session, and its bug is thrown", async () => {
  const ending: ByteMachine = {
    wantsDrain: false,
    deadlineMs: null,
    step: (input, _now, out) => input instanceof Uint8Array && out.put("end"),
  };
  const { outcome } = await ask(ending, [encode("a")]);
  assertEquals(outcome.reason, "local-end");
  const buggy: ByteMachine = {
    wantsDrain: false,
    deadlineMs: null,
    step: () => {
      throw new RangeError("a bug");
    },
  };
  const [, session] = makePair({ messages: true });
  await assertRejects(() => drive(session, buggy, makeContext()), RangeError);
  assert(session.closed);
});

Deno.test("an idle message session ends", async () => {
  const clock = new VirtualClock();
  const [peer, session] = makePair({ messages: true });
  const context = makeContext({ clock });
  const done = drive(session, machineOf("echo", clock, true), context, { idleMs: 100 });
  await clock.advance(90);
  await peer.write(encode("x"));
  await clock.advance(90);
  assertEquals(session.closed, false);
  await clock.advance(10);
  assertEquals((await done).reason, "idle");
  assertEquals(clock.pending, 0);
});
