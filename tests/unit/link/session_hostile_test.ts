/**
 * A peer that holds the key and means ill: what it sends costs bounded memory, and never crashes.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { NetError } from "../../../lib/core/error.ts";
import { controlReserveBytes } from "../../../lib/link/session_output.ts";
import { linkFrame, maximumFrameBytes } from "../../../lib/wire/link_frame.ts";
import { faultOf, frameOf, handMade, type SessionEnd, u32 } from "../../support/session_pair.ts";

const few = {
  limits: { ...defaultLimits, "link-channels": 8, "link-listeners": 4, "link-text": 64 },
};

function openFrame(id: number, kind = 0, credit = 100_000): Uint8Array {
  return frameOf(linkFrame.open, [...u32(id), kind, ...u32(0), ...u32(credit), 0x78]);
}

Deno.test("channels beyond the limit are refused; who opens on without listening is cut off", () => {
  const end = handMade(few);
  for (let id = 1; id < 2 * 8; id += 2) end.receive(openFrame(id));
  assertEquals(end.session.channelCount, 8);
  end.receive(openFrame(17));
  assertEquals([end.session.channelCount, end.said()], [8, ["ack", "refused"]]);
  const opens = Array.from({ length: 9 }, (_, at) => () => end.receive(openFrame(19 + 2 * at)));
  assertEquals(opens.map((open) => faultOf(open)).filter((fault) => fault !== "legal"), [
    "too-many",
  ]);
});

Deno.test("listeners beyond the limit are refused; who asks on without listening is cut off", () => {
  const end = handMade(few);
  const listen = (id: number) => end.receive(frameOf(linkFrame.listen, [...u32(id), 0x78]));
  for (let id = 1; id <= 4; id++) listen(id);
  assertEquals(end.told().length, 4);
  listen(5);
  assertEquals([end.told(), end.said()], [[], ["ack", "notListening"]]);
  const faults = [6, 7, 8, 9, 10].map((id) => faultOf(() => listen(id)));
  assertEquals(faults, ["legal", "legal", "legal", "legal", "too-many"]);
});

Deno.test("refused listeners count until the peer was told", () => {
  const end = handMade(few);
  for (let id = 1; id <= 4; id++) {
    end.receive(frameOf(linkFrame.listen, [...u32(id), 0x78]));
    end.session.refuseListen(id, "not-permitted", "");
  }
  end.told();
  end.receive(frameOf(linkFrame.listen, [...u32(5), 0x78]));
  assertEquals(end.told(), [], "refused by the session itself");
});

/** Opens and closes channels for ever, and never acknowledges. */
function churn(end: SessionEnd, rounds: number): void {
  for (let id = 1; id < 2 * rounds; id += 2) {
    const fault = faultOf(() => end.receive(openFrame(id)));
    if (fault !== "legal") return assertEquals(fault, "too-many");
    end.session.refuse(id, "not-permitted", "x".repeat(512));
    end.told();
    end.said();
  }
}

Deno.test("a peer that never acknowledges stops its session, not the memory", () => {
  const end = handMade({ ...few, replayBytes: 128 * 1024 });
  churn(end, 20_000);
  assert(end.session.replayBytes <= 128 * 1024 + controlReserveBytes + 64 * 1024);
  assert(!end.session.hasOutput || end.session.isOver, "nothing to say, and no spinning");
});

Deno.test("a flood of pings is answered once, a flood of credit makes no frames", () => {
  const end = handMade();
  for (let sequence = 0; sequence < 1000; sequence++) {
    end.receive(frameOf(linkFrame.ping, u32(sequence)));
  }
  assertEquals(end.pull()?.toHex(), "04000004" + "000003e7");
  end.receive(openFrame(1));
  end.session.accept(1);
  end.said();
  end.told();
  for (let turn = 0; turn < 1000; turn++) {
    end.receive(frameOf(linkFrame.credit, [...u32(1), ...u32(1)]));
  }
  assertEquals(end.told(), []);
});

Deno.test("what was written to a peer that goes away is bounded, and so is what it left unread", () => {
  const end = handMade({ replayBytes: 256 * 1024 });
  end.receive(openFrame(1, 0, 0x7fff_ffff));
  end.session.accept(1);
  end.said();
  let taken = 0;
  for (let turn = 0; turn < 100; turn++) taken += end.session.write(1, new Uint8Array(65_536));
  assert(taken <= 256 * 1024 && end.session.replayBytes <= 256 * 1024);
  // Bytes one by one: pieces are shared, so that they cost no more than others.
  const byte = frameOf(linkFrame.data, [...u32(1), 7]);
  for (let turn = 0; turn < 20_000; turn++) end.receive(byte);
  assert(end.session.receiveBytes <= 20_000 + 66 * 1024);
});

Deno.test("empty datagrams cost credit, too", () => {
  const end = handMade();
  end.receive(openFrame(1, 1));
  end.session.accept(1);
  end.said();
  const empty = frameOf(linkFrame.message, u32(1));
  let count = 0;
  while (faultOf(() => end.receive(empty)) === "legal") count++;
  assertEquals(count, 128 * 1024 / 16);
});

Deno.test("random frames in random order never crash, and cost bounded memory", () => {
  const small = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5), fc.nat(0xffff));
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.tuple(small, fc.oneof(fc.uint8Array({ maxLength: 20 }), small.map((n) => u32(n)))).map(
      ([id, rest]) => Uint8Array.from([...u32(id), ...rest]),
    ),
  );
  const type = fc.oneof(fc.constantFrom(...Object.values(linkFrame)), fc.nat(255));
  const act = fc.oneof(
    fc.tuple(type, body).map(([type, body]) => (end: SessionEnd) => {
      end.receive(frameOf(type, body));
    }),
    fc.nat(4).map((id) => (end: SessionEnd) => end.session.accept(id)),
    fc.nat(4).map((id) => (end: SessionEnd) => end.session.reset(id)),
    fc.nat(4).map((id) => (end: SessionEnd) => end.session.closeWrite(id)),
    fc.nat(4).map((id) => (end: SessionEnd) => end.session.listening(id, "x")),
    fc.constant((end: SessionEnd) => void end.said()),
    fc.constant((end: SessionEnd) => end.attach()),
    fc.constant((end: SessionEnd) => {
      if (!end.session.isOver) end.session.open("stream", "x");
    }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const end = handMade(few);
      for (const act of acts) {
        try {
          act(end);
        } catch (thrown) {
          assert(thrown instanceof NetError, String(thrown));
          assert(["protocol", "limit", "broken"].includes(thrown.kind), thrown.message);
          if (thrown.kind === "protocol") assertEquals(end.session.isOver, true);
        }
        end.told();
        assert(end.session.replayBytes < 1024 * 1024 && end.session.channelCount <= 8);
      }
      // Whatever has happened, it comes to rest.
      const into = new Uint8Array(maximumFrameBytes);
      for (let turn = 0; end.session.hasOutput; turn++) {
        assert(turn < 100);
        end.session.pull(end.carrier, into, 0);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("random records never crash, and only ever break the protocol", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (record) => {
      const fault = faultOf(() => handMade().receive(record));
      assert(fault === "legal" || fault !== "error", fault);
    }),
    { numRuns: 1000 },
  );
});
