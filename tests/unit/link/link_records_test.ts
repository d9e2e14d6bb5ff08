import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import { maximumBodyBytes, RecordReader, RecordWriter } from "../../../lib/link/link_records.ts";
import { CipherState } from "../../../lib/wire/noise_cipher.ts";

const key = new Uint8Array(32).fill(1);

function pair(seals: boolean): { writer: RecordWriter; reader: RecordReader } {
  return {
    writer: new RecordWriter(new CipherState(key), seals),
    reader: new RecordReader(new CipherState(key), seals),
  };
}

const fillWith = (bytes: Uint8Array) => (into: Uint8Array): number => {
  into.set(bytes);
  return bytes.length;
};

Deno.test("records come out as they were put, however the carrier cuts them", () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 8 });
  fc.assert(
    fc.property(bodies, fc.boolean(), fc.integer({ min: 1, max: 90 }), (put, seals, cut) => {
      const { writer, reader } = pair(seals);
      const batch = new Uint8Array(2000);
      let end = 0;
      for (const body of put) end = writer.put(batch, end, fillWith(body));
      const got: string[] = [];
      let at = 0;
      for (let come = 0; come < end;) {
        come = Math.min(end, come + cut);
        for (;;) {
          const plain = reader.next(batch, at, come);
          if (plain === null) break;
          got.push(plain.toHex());
          at = reader.end;
        }
      }
      assertEquals(got, put.map((body) => body.toHex()));
    }),
  );
});

Deno.test("a record is filled to the last byte that it can hold, sealed or not", () => {
  for (const seals of [true, false]) {
    const { writer, reader } = pair(seals);
    const batch = new Uint8Array(200_000);
    const first = writer.put(batch, 0, (into) => into.length);
    assertEquals(reader.next(batch, 0, first)?.length, maximumBodyBytes - 16);
    const second = writer.put(batch, first, (into) => into.length);
    assertEquals(reader.next(batch, first, second)?.length, maximumBodyBytes - 16);
  }
});

Deno.test("where there is no room, or nothing to say, no record is made and no number used", () => {
  const { writer, reader } = pair(true);
  for (const size of [0, 1, 2, 17, 18]) {
    assertEquals(writer.put(new Uint8Array(size), 0, () => 1), 0);
  }
  const batch = new Uint8Array(19);
  assertEquals(writer.put(batch, 0, () => 0), 0);
  assertEquals(writer.put(batch, 0, fillWith(Uint8Array.of(42))), 19);
  assertEquals(reader.next(batch, 0, 19)?.toHex(), "2a");
});

Deno.test("an empty record, sealed or not, is a fault", () => {
  for (const [seals, length] of [[true, 0], [true, 16], [false, 0]] as const) {
    const { reader } = pair(seals);
    const bytes = Uint8Array.of(0, length, ...new Uint8Array(length));
    assertEquals(
      assertThrows(() => reader.next(bytes, 0, bytes.length), NetError).kind,
      "protocol",
    );
  }
});

Deno.test("a changed, a repeated and a skipped record are faults", () => {
  const { writer } = pair(true);
  const batch = new Uint8Array(200);
  const first = writer.put(batch, 0, fillWith(Uint8Array.of(1, 2, 3)));
  const second = writer.put(batch, first, fillWith(Uint8Array.of(4, 5, 6)));
  const fault = (act: () => unknown) => assertThrows(act, NetError).message;
  const message = "link: a record cannot be opened: it was changed on the way";
  assertEquals(fault(() => pair(true).reader.next(batch, first, second)), message);
  const { reader } = pair(true);
  reader.next(batch, 0, second);
  assertEquals(fault(() => reader.next(batch, 0, second)), message);
  batch[first + 5] = 0xff ^ (batch[first + 5] ?? 0);
  assertEquals(fault(() => reader.next(batch, first, second)), message);
});
