import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concatenate } from "../../../lib/core/bytes.ts";
import { NetError } from "../../../lib/core/error.ts";
import type { Handshake, LinkSecurity } from "../../../lib/link/link_handshake.ts";
import { ClientHandshake } from "../../../lib/link/link_handshake_client.ts";
import { ServerHandshake } from "../../../lib/link/link_handshake_server.ts";
import {
  decodeHello,
  encodeHello,
  type Hello,
  type Welcome,
} from "../../../lib/wire/link_hello.ts";
import { encodeRefusal, linkMagic, preambleBytes } from "../../../lib/wire/link_preamble.ts";

const sealed: LinkSecurity = { key: new Uint8Array(32).fill(7), seals: true };
const otherKey: LinkSecurity = { key: new Uint8Array(32).fill(8), seals: true };
const plain: LinkSecurity = { ...sealed, seals: false };
const hello: Hello = {
  features: 0,
  resumes: false,
  session: Uint8Array.from({ length: 16 }, (_, at) => at),
  received: 0,
  identity: "laptop",
};
const ready: Welcome = { status: "ready", features: 0, received: 0, text: "" };
const text = (of: string): Uint8Array => new TextEncoder().encode(of);

/** How a machine is fed: whole, byte by byte, or with something behind. */
const feeds: Readonly<Record<string, (to: Handshake, bytes: Uint8Array) => number>> = {
  "whole": (to, bytes) => to.receive(bytes),
  "byte by byte": (to, bytes) => bytes.reduce((n, byte) => n + to.receive(Uint8Array.of(byte)), 0),
  "with trailing bytes": (to, bytes) => to.receive(concatenate([bytes, text("records")])),
  "as wanted": (to, bytes) => {
    let at = 0;
    while (to.wanted > 0 && at < bytes.length) at += to.receive(bytes.subarray(at, at + to.wanted));
    return at;
  },
};

/** Both sides, up to the server's answer. */
function meet(security: LinkSecurity, welcome = ready) {
  const client = new ClientHandshake(security);
  const server = new ServerHandshake(security);
  server.receive(client.start(hello));
  client.receive(server.answer(welcome));
  return { client, server };
}

/** A record with `what` in it. */
function record(of: Handshake, what: string): Uint8Array {
  const batch = new Uint8Array(1000);
  const { writer } = of.records();
  return batch.subarray(0, writer.put(batch, 0, fillWith(what)));
}

const fillWith = (what: string) => (into: Uint8Array): number =>
  new TextEncoder().encodeInto(what, into).written;

const words = (of: Uint8Array | null): string => new TextDecoder().decode(of ?? text("nothing"));

function failure(act: () => unknown): NetError {
  return assertThrows(act, NetError);
}

for (const [how, feed] of Object.entries(feeds)) {
  Deno.test(`both sides come in when they are fed ${how}`, () => {
    const client = new ClientHandshake(sealed);
    const server = new ServerHandshake(sealed);
    const first = client.start(hello);
    assertEquals(feed(server, first), first.length);
    assertEquals(server.state, "hello");
    assertEquals(server.hello, hello);
    const second = server.answer({ ...ready, received: 9 });
    assertEquals(feed(client, second), second.length);
    assertEquals([client.state, server.state], ["in", "in"]);
    assertEquals(client.welcome.received, 9);
    const sent = record(client, "resume");
    const { reader } = server.records();
    assertEquals(words(reader.next(sent, 0, sent.length)), "resume");
  });
}

Deno.test("a client with another key is refused in plain words, and knows what it means", () => {
  const client = new ClientHandshake(otherKey);
  const server = new ServerHandshake(sealed);
  const thrown = failure(() => server.receive(client.start(hello)));
  assertEquals([thrown.kind, thrown.blame], ["authentication", "remote"]);
  assert(server.refusal !== null);
  assertEquals(server.state, "over");
  const refused = failure(() => client.receive(server.refusal ?? text("")));
  assertEquals(refused.kind, "authentication");
  assertEquals(
    refused.message,
    "link: the server could not open our handshake: it has another key",
  );
});

Deno.test("a server without the key cannot let anyone in", () => {
  const client = new ClientHandshake(sealed);
  client.start(hello);
  const false_ = new ServerHandshake(otherKey);
  false_.receive(new ClientHandshake(otherKey).start(hello));
  assertEquals(failure(() => client.receive(false_.answer(ready))).kind, "authentication");
});

Deno.test("an unknown version is refused before anything else of it is read", () => {
  const server = new ServerHandshake(sealed);
  const preamble = Uint8Array.from([...linkMagic, 9, 0xff, 0xff, 0xff]);
  const thrown = failure(() => server.receive(preamble));
  assertEquals(thrown.message, "link: the client speaks version 9, this side 1");
  assertEquals(thrown.kind, "protocol");
  const client = new ClientHandshake(sealed);
  client.start(hello);
  assertEquals(
    failure(() => client.receive(server.refusal ?? text(""))).message,
    "link: the server does not speak version 1: this side speaks version 1",
  );
  const newer = new ClientHandshake(sealed);
  newer.start(hello);
  assertEquals(
    failure(() => newer.receive(Uint8Array.from([...linkMagic, 2, 0, 0, 80]))).message,
    "link: the server answers in version 2, this side speaks 1",
  );
});

Deno.test("a refusal of a later version is understood by its code, or shown by its text", () => {
  const refusal = encodeRefusal("authentication", "");
  refusal[8] = 3;
  const client = new ClientHandshake(sealed);
  client.start(hello);
  assertEquals(failure(() => client.receive(refusal)).kind, "authentication");
  const unknown = encodeRefusal("busy", "see \x1b[31mthe moon");
  unknown[preambleBytes] = 77;
  const other = new ClientHandshake(sealed);
  other.start(hello);
  assertEquals(
    failure(() => other.receive(unknown)).message,
    "link: the server refuses (code 77): see \\x1b[31mthe moon",
  );
});

Deno.test("sides that do not agree on sealing say so, whichever of them seals", () => {
  for (const [one, other] of [[sealed, plain], [plain, sealed]] as const) {
    const client = new ClientHandshake(one);
    const server = new ServerHandshake(other);
    assertEquals(failure(() => server.receive(client.start(hello))).kind, "protocol");
    const told = failure(() => client.receive(server.refusal ?? text("")));
    assert(told.message.includes("one side seals and the other does not"), told.message);
    assertEquals(told.hint, "give --no-seal to both or to none");
  }
});

Deno.test("the flag of sealing cannot be changed on the way: it is part of the handshake", () => {
  const first = new ClientHandshake(sealed).start(hello);
  first[9] = 0;
  const thrown = failure(() => new ServerHandshake(plain).receive(first));
  assertEquals(thrown.kind, "authentication");
});

Deno.test("a server that has no place says busy, which is not for ever", () => {
  const client = new ClientHandshake(sealed);
  client.start(hello);
  const thrown = failure(() => client.receive(encodeRefusal("busy", "64 handshakes")));
  assertEquals(thrown.message, "link: the server is busy: 64 handshakes");
  assertEquals(thrown.kind, "limit");
});

Deno.test("what is no link is noticed at its first wrong byte, and shown escaped", () => {
  const server = new ServerHandshake(sealed);
  assertEquals(
    failure(() => server.receive(text("GET / HTTP/1.1\r\n"))).message,
    'link: what came is no link: it begins with "GET / HTTP/1"',
  );
  assertEquals(server.refusal, null, "who speaks something else is told nothing");
  const client = new ClientHandshake(sealed);
  client.start(hello);
  assertEquals(failure(() => client.receive(text("S"))).kind, "protocol");
  const late = new ServerHandshake(sealed);
  assertEquals(late.receive(linkMagic.subarray(0, 7)), 7);
  assertEquals(failure(() => late.receive(text("x"))).kind, "protocol");
});

Deno.test("an echo service is no server with another key, sealed or not", () => {
  for (const security of [sealed, plain, { key: null, seals: false }]) {
    const client = new ClientHandshake(security);
    const own = client.start(hello);
    const thrown = failure(() => client.receive(own));
    assertEquals(thrown.kind, "protocol");
    assertEquals(
      thrown.message,
      "link: what answers is no link: it only sends back what it gets",
    );
  }
});

Deno.test("a message that would be too large is refused by its length", () => {
  const server = new ServerHandshake(sealed);
  const preamble = Uint8Array.from([...linkMagic, 1, 1, 0xff, 0xff]);
  assertEquals(
    failure(() => server.receive(preamble)).message,
    "link: a handshake message of 65535 bytes, more than the 1024 allowed",
  );
  assertEquals(server.wanted, 0);
});

Deno.test("a message that is too short to be one is a fault, and none at all too", () => {
  for (const length of [0, 47]) {
    const server = new ServerHandshake(sealed);
    const bytes = Uint8Array.from([...linkMagic, 1, 1, 0, length, ...new Uint8Array(length)]);
    assertEquals(failure(() => server.receive(bytes)).kind, "protocol");
  }
});

Deno.test("a handshake that is cut short anywhere is an error of its own", () => {
  const first = new ClientHandshake(sealed).start(hello);
  for (let cut = 0; cut < first.length; cut++) {
    const server = new ServerHandshake(sealed);
    server.receive(first.subarray(0, cut));
    const thrown = failure(() => server.end());
    assertEquals(thrown.kind, cut === 0 ? "reset" : "protocol");
    assertEquals([server.state, server.wanted], ["over", 0]);
  }
});

Deno.test("a replayed first message is answered, and its sender has no record that opens", () => {
  const client = new ClientHandshake(sealed);
  const server = new ServerHandshake(sealed);
  const first = client.start(hello);
  server.receive(first);
  client.receive(server.answer(ready));
  const resume = record(client, "resume");
  const again = new ServerHandshake(sealed);
  again.receive(first);
  assertEquals(again.hello.identity, "laptop");
  again.answer(ready);
  const { reader } = again.records();
  assertEquals(failure(() => reader.next(resume, 0, resume.length)).kind, "protocol");
});

Deno.test("without sealing the first record is sealed all the same, and no other", () => {
  const { client, server } = meet(plain);
  const { writer } = client.records();
  const { reader } = server.records();
  const batch = new Uint8Array(100);
  const first = writer.put(batch, 0, fillWith("resume"));
  const second = writer.put(batch, first, fillWith("data"));
  assertEquals([first, second - first], [2 + 6 + 16, 2 + 4]);
  assertEquals(words(reader.next(batch, 0, second)), "resume");
  assertEquals(words(reader.next(batch, reader.end, second)), "data");
  const other = meet(plain).server.records();
  assertEquals(failure(() => other.reader.next(batch, 0, first)).kind, "protocol");
});

Deno.test("an answer that lets nobody in has no records", () => {
  const { client, server } = meet(sealed, { ...ready, status: "session-gone", text: "restarted" });
  assertEquals([client.welcome.status, client.welcome.text], ["session-gone", "restarted"]);
  assertEquals(server.state, "over");
  assertEquals(failure(() => server.records()).kind, "unexpected");
});

Deno.test("what a state does not name is a bug, and says so", () => {
  const server = new ServerHandshake(sealed);
  for (const act of [() => server.answer(ready), () => server.records(), () => server.hello]) {
    assertEquals(failure(act).kind, "unexpected");
  }
  const client = new ClientHandshake(sealed);
  client.start(hello);
  assertEquals(failure(() => client.start(hello)).kind, "unexpected");
  assertEquals(failure(() => client.welcome).kind, "unexpected");
});

Deno.test("ten thousand random beginnings end in an error or wait, and hold no more than a message", () => {
  const random = fc.oneof(
    fc.uint8Array({ maxLength: 1100 }),
    fc.tuple(fc.constant(linkMagic), fc.uint8Array({ maxLength: 200 })).map(concatenate),
    fc.tuple(fc.constant(Uint8Array.of(...linkMagic, 1, 1, 0)), fc.uint8Array({ maxLength: 300 }))
      .map(concatenate),
  );
  fc.assert(
    fc.property(random, fc.boolean(), (bytes, isServer) => {
      const machine = isServer ? new ServerHandshake(sealed) : new ClientHandshake(sealed);
      if (machine instanceof ClientHandshake) machine.start(hello);
      try {
        machine.receive(bytes);
        assert(machine.wanted > 0 && machine.wanted <= 1024, `${machine.wanted}`);
      } catch (thrown) {
        assert(thrown instanceof NetError && thrown.kind !== "unexpected", String(thrown));
        assertEquals([machine.state, machine.wanted], ["over", 0]);
      }
    }),
    { numRuns: 10_000 },
  );
});

Deno.test("any hello survives the way; garbage is read as one or refused", () => {
  fc.assert(fc.property(
    fc.nat(),
    fc.boolean(),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.maxSafeNat(),
    fc.string({ unit: "grapheme", maxLength: 9 }).filter((identity) => text(identity).length <= 64),
    (features, resumes, session, received, identity) => {
      const given: Hello = { features, resumes, session, received, identity };
      const bytes = encodeHello(given);
      assertEquals(decodeHello(bytes), given);
      assertEquals(decodeHello(concatenate([bytes, text("of a later version")])), given);
    },
  ));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
    try {
      decodeHello(bytes);
    } catch (thrown) {
      assert(thrown instanceof NetError && thrown.kind === "protocol");
    }
  }));
});
