import { createCipheriv } from "node:crypto";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import { messageOverhead, NoiseHandshake } from "../../../lib/wire/noise.ts";
import { CipherState, lastRecord, rekeyEvery, tagBytes } from "../../../lib/wire/noise_cipher.ts";
import { EphemeralKey } from "../../../lib/wire/x25519.ts";
import published from "../../data/noise_nnpsk0.json" with { type: "json" };

const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex);
const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const text = (of: string): Uint8Array => new TextEncoder().encode(of);

function seal(cipher: CipherState, plain: Uint8Array): Uint8Array {
  const into = new Uint8Array(plain.length + tagBytes);
  cipher.seal(plain, into);
  return into;
}

function kindOf(act: () => unknown): string {
  return assertThrows(act, NetError).kind;
}

Deno.test("the handshake and its records are those of the published vector, byte for byte", () => {
  for (const vector of published.vectors) {
    const [initPsk = "", respPsk = ""] = [vector.init_psks[0], vector.resp_psks[0]];
    const client = new NoiseHandshake("initiator", {
      psk: bytes(initPsk),
      prologue: bytes(vector.init_prologue),
      ephemeral: bytes(vector.init_ephemeral),
    });
    const server = new NoiseHandshake("responder", {
      psk: bytes(respPsk),
      prologue: bytes(vector.resp_prologue),
      ephemeral: bytes(vector.resp_ephemeral),
    });
    const [first, second, ...records] = vector.messages;
    assert(first !== undefined && second !== undefined && records.length > 0);
    assertEquals(client.write(bytes(first.payload)).toHex(), first.ciphertext);
    assertEquals(server.read(bytes(first.ciphertext)).toHex(), first.payload);
    assertEquals(server.write(bytes(second.payload)).toHex(), second.ciphertext);
    assertEquals(client.read(bytes(second.ciphertext)).toHex(), second.payload);
    const ends = [client.split(), server.split()] as const;
    assertEquals(ends.map(({ hash }) => hash.toHex()), Array(2).fill(vector.handshake_hash));
    records.forEach(({ payload, ciphertext }, at) => {
      const [from, to] = at % 2 === 0 ? ends : [ends[1], ends[0]];
      assertEquals(seal(from.send, bytes(payload)).toHex(), ciphertext);
      assertEquals(to.receive.open(bytes(ciphertext))?.toHex(), payload);
    });
  }
});

/** A handshake up to the given messages, with the faults that a test asks for. */
function meet(given: { serverKey?: number; serverPrologue?: string } = {}) {
  const client = new NoiseHandshake("initiator", { psk: key(1), prologue: text("v1") });
  const server = new NoiseHandshake("responder", {
    psk: key(given.serverKey ?? 1),
    prologue: text(given.serverPrologue ?? "v1"),
  });
  return { client, server };
}

Deno.test("another key, another prologue or one changed bit is not let in", () => {
  const { client, server } = meet({ serverKey: 2 });
  assertEquals(kindOf(() => server.read(client.write(text("hello")))), "authentication");
  const other = meet({ serverPrologue: "v2" });
  assertEquals(kindOf(() => other.server.read(other.client.write(text("")))), "authentication");
  for (let at = 0; at < messageOverhead + 5; at++) {
    const changed = meet();
    const message = changed.client.write(text("hello"));
    message[at] = (message[at] ?? 0) ^ 0x10;
    assertEquals(kindOf(() => changed.server.read(message)), "authentication");
  }
});

Deno.test("a changed second message does not let the client in", () => {
  for (const at of [0, 31, 32, messageOverhead]) {
    const { client, server } = meet();
    server.read(client.write(text("")));
    const message = server.write(text("welcome"));
    message[at] = (message[at] ?? 0) ^ 1;
    assertEquals(kindOf(() => client.read(message)), "authentication");
  }
});

Deno.test("a message too short for what every message has is a fault of protocol", () => {
  for (const length of [0, 1, messageOverhead - 1]) {
    assertEquals(kindOf(() => meet().server.read(new Uint8Array(length))), "protocol");
  }
});

Deno.test("a replayed first message meets fresh keys and opens nothing that was recorded", () => {
  const { client, server } = meet();
  const message = client.write(text("hello"));
  server.read(message);
  client.read(server.write(text("welcome")));
  const record = seal(client.split().send, text("resume"));
  const second = meet().server;
  assertEquals(new TextDecoder().decode(second.read(message)), "hello");
  second.write(text("welcome"));
  assertEquals(second.split().receive.open(record), null);
  assertEquals(new TextDecoder().decode(server.split().receive.open(record) ?? text("")), "resume");
});

Deno.test("a point of low order is refused, whatever form it has", () => {
  // RFC 7748, section 6.1: the outcome would be zero whatever this side's key is.
  const points = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ];
  for (const point of points) assertEquals(new EphemeralKey().agree(bytes(point)), null, point);
});

Deno.test("a call out of turn is a bug, and says so", () => {
  const fresh = () => meet();
  assertEquals(kindOf(() => fresh().server.write(text(""))), "unexpected");
  assertEquals(kindOf(() => fresh().client.read(new Uint8Array(64))), "unexpected");
  assertEquals(kindOf(() => fresh().client.split()), "unexpected");
  const { client, server } = meet();
  server.read(client.write(text("")));
  assertEquals(kindOf(() => client.write(text(""))), "unexpected");
  client.read(server.write(text("")));
  client.split();
  assertEquals(kindOf(() => client.split()), "unexpected");
  const short = { psk: new Uint8Array(31), prologue: text("") };
  assertEquals(kindOf(() => new NoiseHandshake("initiator", short)), "unexpected");
});

Deno.test("any payload survives the way, and records open in their order alone", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 2, maxLength: 5 }),
      (payload, records) => {
        const { client, server } = meet();
        assertEquals(server.read(client.write(payload)).toHex(), payload.toHex());
        assertEquals(client.read(server.write(payload)).toHex(), payload.toHex());
        const [near, far] = [client.split(), server.split()];
        const sealed = records.map((record) => seal(near.send, record));
        assertEquals(far.receive.open(sealed[1] ?? payload), null);
        sealed.forEach((record, at) => {
          assertEquals(far.receive.open(record)?.toHex(), records[at]?.toHex());
          assertEquals(far.receive.open(record), null);
        });
        assertEquals(near.receive.records + near.send.records, records.length);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("no garbage opens, and none moves the count of records", () => {
  const cipher = new CipherState(key(3));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (garbage) => {
    assertEquals(cipher.open(garbage), null);
    assertEquals(cipher.records, 0);
  }));
});

Deno.test("sealing in place does not spoil what it reads", () => {
  const place = new Uint8Array(40 + tagBytes);
  place.set(text("0123456789"), 2);
  assertEquals(new CipherState(key(3)).seal(place.subarray(2, 12), place, 2), 10 + tagBytes);
  const opened = new CipherState(key(3)).open(place.subarray(2, 12 + tagBytes));
  assertEquals(new TextDecoder().decode(opened ?? text("")), "0123456789");
});

Deno.test("both sides replace the key after the same record, and the number goes on", () => {
  const at = rekeyEvery - 1;
  const [near, far] = [new CipherState(key(4), at), new CipherState(key(4), at)];
  const last = seal(near, text("last of the old key"));
  const first = seal(near, text("first of the new key"));
  assertEquals(new CipherState(key(4), at + 1).open(first), null, "the old key is of no use");
  assert(far.open(last) !== null);
  assert(far.open(first) !== null);
  assertEquals(far.records, rekeyEvery + 1);
});

Deno.test("the next key is the one that section 4.2 derives", () => {
  const old = new CipherState(key(4), rekeyEvery - 1);
  seal(old, text(""));
  // ENCRYPT(k, 2^64-1, "", zeros), without its tag.
  const nonce = bytes("00000000ffffffffffffffff");
  const cipher = createCipheriv("chacha20-poly1305", key(4), nonce, { authTagLength: 16 });
  const next = new CipherState(cipher.update(new Uint8Array(32)), rekeyEvery);
  cipher.final();
  assertEquals(seal(old, text("x")).toHex(), seal(next, text("x")).toHex());
});

Deno.test("a carrier whose numbers are used up ends, and never uses one twice", () => {
  const cipher = new CipherState(key(5), lastRecord);
  seal(cipher, text("the last"));
  assertEquals(kindOf(() => seal(cipher, text("one more"))), "limit");
  assertEquals(kindOf(() => new CipherState(key(5), lastRecord + 1).open(key(0))), "limit");
});

Deno.test("numbers above 32 bits are told apart", () => {
  const [low, high] = [new CipherState(key(6), 1), new CipherState(key(6), 2 ** 32 + 1)];
  const sealed = seal(high, text("x"));
  assertEquals(low.open(sealed), null);
  assert(new CipherState(key(6), 2 ** 32 + 1).open(sealed) !== null);
});
