/**
 * Frames of a link, as `lib/link/PROTOCOL.md` shows them: the document's bytes are what is read and
 * written.
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import { defaultLimits, type LimitName, limitTable } from "../../../lib/core/limits.ts";
import { linkCodeOf, linkCodes } from "../../../lib/wire/link_code.ts";
import {
  linkFrame,
  type LinkFrameName,
  LinkFrameView,
  maximumDataBytes,
  readLinkFrame,
} from "../../../lib/wire/link_frame.ts";
import * as put from "../../../lib/wire/link_frame_writer.ts";
import { faultOf, frameOf, framesOf, SessionPair, written } from "../../support/session_pair.ts";
import { root } from "../../support/process.ts";

const page = await Deno.readTextFile(`${root}lib/link/PROTOCOL.md`);

/** Lines of a fenced block of the page. */
function block(name: string): string[] {
  return page.split("```" + name + "\n")[1]?.split("\n```")[0]?.split("\n") ?? [];
}

const vectors = new Map(
  block("vectors").map((line) => {
    const [name = "", ...hex] = line.split(/\s+/);
    return [name, Uint8Array.fromHex(hex.join(""))] as const;
  }),
);

/** `notListening` is NOT_LISTENING on the page. */
function pageName(name: LinkFrameName): string {
  return name.replace(/[A-Z]/g, "_$&").toUpperCase();
}

const read = (bytes: Uint8Array, at = 0): LinkFrameView => {
  const frame = new LinkFrameView();
  readLinkFrame(bytes, at, 4096, frame);
  return frame;
};

const { encodeReason: reason, encodeText: text } = put;

/** How each vector is written. */
const writers: Record<LinkFrameName, (into: Uint8Array) => number> = {
  resume: (into) => put.putResume(into, 0, 7, 8 * 1024 * 1024, 2),
  ack: (into) => put.putAck(into, 0, 0x1_0000_0002),
  ping: (into) => put.putPing(into, 0, linkFrame.ping, 42),
  pong: (into) => put.putPing(into, 0, linkFrame.pong, 42),
  open(into) {
    const target = text("tcp://db:5432");
    return put.putOpen(into, 0, { id: 1, datagrams: false, listener: 0, credit: 0x20000, target });
  },
  opened: (into) => put.putAmount(into, 0, linkFrame.opened, 1, 0x20000),
  refused: (into) => put.putRefusal(into, 0, linkFrame.refused, 1, 3, reason("no permit")),
  data(into) {
    into.set(text("hi"), put.putDataHead(into, 0, linkFrame.data, 1, 2));
    return 10;
  },
  message: (into) => put.putDataHead(into, 0, linkFrame.message, 3, 0),
  skip: (into) => put.putAmount(into, 0, linkFrame.skip, 3, 116),
  fin: (into) => put.putId(into, 0, linkFrame.fin, 1),
  reset: (into) => put.putReset(into, 0, 1, 2),
  credit: (into) => put.putAmount(into, 0, linkFrame.credit, 1, 65536),
  listen: (into) => put.putAddress(into, 0, linkFrame.listen, 1, text("listen:tcp://:8080")),
  listening: (into) => put.putAddress(into, 0, linkFrame.listening, 1, text("tcp://[::]:8080")),
  notListening: (into) => put.putRefusal(into, 0, linkFrame.notListening, 1, 8, reason("in use")),
  unlisten: (into) => put.putId(into, 0, linkFrame.unlisten, 1),
  goaway: (into) => put.putGoaway(into, 0, 0, reason("bye")),
};

for (const [name, write] of Object.entries(writers) as [LinkFrameName, typeof writers.ack][]) {
  Deno.test(`${pageName(name)} is written as the page shows it, and read whole only`, () => {
    const vector = vectors.get(pageName(name));
    assert(vector !== undefined);
    assertEquals(written(write).toHex(), vector.toHex());
    const frame = read(vector);
    assertEquals([frame.name, frame.type, frame.end], [name, linkFrame[name], vector.length]);
    for (let length = 1; length < vector.length; length++) {
      assertEquals(faultOf(() => void read(vector.subarray(0, length))), "malformed");
    }
    // What follows is the next frame.
    const two = new Uint8Array([...vector, ...vector]);
    assertEquals([read(two).end, read(two, vector.length).end], [vector.length, two.length]);
    for (const garbage of [[0x02], [0x02, 0, 0, 8, 1]]) {
      const trailing = new Uint8Array([...vector, ...garbage]);
      assertEquals(faultOf(() => void framesOf(trailing)), "malformed");
    }
  });
}

Deno.test("a count of 2^53 frames is malformed, as the page says", () => {
  const ack = (count: bigint) =>
    Uint8Array.fromHex(`02000008${count.toString(16).padStart(16, "0")}`);
  assertEquals(read(ack(2n ** 53n - 1n)).amount, Number.MAX_SAFE_INTEGER);
  for (const count of [2n ** 53n, 2n ** 64n - 1n]) {
    assertEquals(faultOf(() => void read(ack(count))), "malformed");
  }
});

Deno.test("fields are read as they were written", () => {
  const at = (name: string) => read(vectors.get(name) ?? new Uint8Array());
  const resume = at("RESUME");
  assertEquals([resume.amount, resume.second, resume.carrier], [7, 8 * 1024 * 1024, 2]);
  assertEquals(at("ACK").amount, 0x1_0000_0002);
  const open = at("OPEN");
  assertEquals([open.id, open.datagrams, open.second, open.amount], [1, false, 0, 0x20000]);
  assertEquals(open.text, "tcp://db:5432");
  const refused = at("REFUSED");
  assertEquals([refused.id, linkCodeOf(refused.code), refused.text], [
    1,
    "not-permitted",
    "no permit",
  ]);
  const data = at("DATA");
  assertEquals([data.id, data.start, data.end], [1, 8, 10]);
  assertEquals([at("GOAWAY").code, at("GOAWAY").text], [0, "bye"]);
});

/** The text under a heading of the page. */
function section(heading: string): string {
  return page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
}

const units: Readonly<Record<string, number>> = { MiB: 1024 * 1024, min: 60_000, s: 1000 };

Deno.test("the tables of the page are those of the code", () => {
  const rows = (heading: string, pattern: RegExp) => {
    return [...section(heading).matchAll(pattern)].map(([, a, b]) => `${a} ${b}`);
  };
  const frames = Object.entries(linkFrame).map(([name, type]) => {
    return `0x${type.toString(16).padStart(2, "0")} ${pageName(name as LinkFrameName)}`;
  });
  assertEquals(rows("Frames", /^\| (0x\w+) +\| (\w+)/gm), frames);
  const codes = Object.entries(linkCodes).map(([name, code]) => `${code} ${name}`);
  assertEquals(rows("Codes", /^\| (\d+) +\| ([\w-]+)/gm), codes);
  const limits = section("Limits").matchAll(/^\| (link-[\w-]+) +\| ([\d,]+) ?(\w*)/gm);
  const shown = [...limits].map(([, name = "", value = "", unit = ""]) => {
    const number = Number(value.replaceAll(",", "")) * (units[unit] ?? 1);
    assertEquals(defaultLimits[name as LimitName], number, name);
    return name;
  });
  const known = Object.keys(limitTable).filter((name) => name.startsWith("link-"));
  assertEquals(shown.sort(), known.sort());
});

Deno.test("the session of the page is what two machines say", () => {
  const pair = new SessionPair();
  const said: string[] = [];
  const carry = () => {
    for (let any = true; any;) {
      any = false;
      for (
        const [mark, from, to] of [["C", pair.near, pair.far], ["S", pair.far, pair.near]] as const
      ) {
        const record = from.pull();
        if (record === null) continue;
        said.push(`${mark} ${record.toHex()}`);
        to.receive(record);
        any = true;
      }
    }
  };
  carry();
  const channel = pair.near.session.open("stream", "tcp://db:5432");
  carry();
  pair.far.session.accept(channel);
  carry();
  pair.near.write(channel, "hi");
  carry();
  pair.near.session.closeWrite(channel);
  pair.near.pull();
  pair.cut();
  pair.connect();
  carry();
  pair.far.session.closeWrite(channel);
  carry();
  pair.near.session.goodbye("done", "bye");
  carry();
  assertEquals(said, block("session").filter((line) => !line.startsWith("-")));
});

Deno.test("lengths are bounded before anything is taken", () => {
  const faults = [
    frameOf(linkFrame.data, [0, 0, 0]),
    frameOf(linkFrame.fin, [0, 0, 0, 1, 0]),
    frameOf(linkFrame.goaway, new Uint8Array(2 + 513)),
    frameOf(linkFrame.listen, new Uint8Array(4 + 4097)),
    frameOf(linkFrame.listen, [0, 0, 0, 1, 0xff]),
    frameOf(linkFrame.ack, [0, 0x20, 0, 0, 0, 0, 0, 0]),
    Uint8Array.of(linkFrame.data, 0xff, 0xff, 0xff),
  ];
  for (const bytes of faults) assertEquals(faultOf(() => void read(bytes)), "malformed");
});

Deno.test("a reason that is too long is cut at a character", () => {
  const bytes = reason("\u{1F517}".repeat(200));
  assertEquals([bytes.length, new TextDecoder("utf-8", { fatal: true }).decode(bytes).length], [
    512,
    256,
  ]);
});

Deno.test("the longest datagram of UDP fits into a frame", () => {
  assert(maximumDataBytes >= 65_507);
});

Deno.test("no bytes crash the reader: it reads on, or names a rule", () => {
  const known = fc.constantFrom(...Object.values(linkFrame));
  const frame = fc.tuple(fc.oneof(known, fc.nat(255)), fc.uint8Array({ maxLength: 40 }));
  const record = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.array(frame, { maxLength: 5 }).map((frames) => {
      return new Uint8Array(frames.flatMap(([type, body]) => [...frameOf(type, body)]));
    }),
  );
  fc.assert(fc.property(record, (bytes) => {
    const fault = faultOf(() => void framesOf(bytes));
    assert(["legal", "malformed", "unknown-frame"].includes(fault), fault);
  }));
});

Deno.test("text goes through unchanged", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 100 }), (target) => {
    const bytes = written((into) => {
      return put.putAddress(into, 0, linkFrame.listen, 9, text(target));
    });
    assertEquals([read(bytes).text, read(bytes).id], [target, 9]);
  }));
  assertThrows(() => read(new Uint8Array()), NetError);
});
