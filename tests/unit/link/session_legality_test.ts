/**
 * Every frame in every state: what is illegal ends the session with the name of the rule, what is
 * legal does not.
 * @module
 */

import { assertEquals } from "@std/assert";
import { linkFrame, type LinkFrameName } from "../../../lib/wire/link_frame.ts";
import { faultOf, frameOf, handMade, type SessionEnd, u32 } from "../../support/session_pair.ts";

/** A body that fits each type, about channel or listener `id`. */
function bodyOf(type: LinkFrameName, id: number): number[] {
  switch (type) {
    case "resume":
      return [...u32(0), ...u32(0), ...u32(1 << 20), ...u32(2)];
    case "ack":
      return [...u32(0), ...u32(0)];
    case "ping":
    case "pong":
      return u32(1);
    case "open":
      return [...u32(id), 0, ...u32(0), ...u32(1000), 0x78];
    case "opened":
    case "credit":
    case "skip":
      return [...u32(id), ...u32(10)];
    case "refused":
    case "reset":
    case "notListening":
      return [...u32(id), 0, 1];
    case "data":
    case "message":
      return [...u32(id), 1, 2, 3];
    case "fin":
    case "unlisten":
      return u32(id);
    case "listen":
    case "listening":
      return [...u32(id), 0x78];
    case "goaway":
      return [0, 0];
  }
}

function send(end: SessionEnd, type: LinkFrameName, id: number): void {
  end.receive(frameOf(linkFrame[type], bodyOf(type, id)));
}

/** Channels that the test's peer opens are odd, those of the server under test even. */
const theirs = 1;
const ours = 2;

/** Ways into each state of a channel, and the frames that are legal there. */
const channelStates: Record<string, { id: number; legal: string; enter(end: SessionEnd): void }> = {
  "never opened, theirs": { id: theirs, legal: "open", enter: () => {} },
  "never opened, ours": { id: ours, legal: "", enter: () => {} },
  "new": {
    id: ours,
    legal: "",
    enter: (end) => void end.session.open("stream", "x"),
  },
  "opening": {
    id: ours,
    legal: "opened refused",
    enter(end) {
      end.session.open("stream", "x");
      end.said();
    },
  },
  "offered": { id: theirs, legal: "reset", enter: (end) => send(end, "open", theirs) },
  "open": { id: theirs, legal: "data credit fin reset", enter: open },
  "finished": {
    id: theirs,
    legal: "data credit fin reset",
    enter(end) {
      open(end);
      end.session.closeWrite(theirs);
      end.said();
    },
  },
  "ended": {
    id: theirs,
    legal: "credit reset",
    enter(end) {
      open(end);
      send(end, "fin", theirs);
    },
  },
  "resetting": {
    id: theirs,
    legal: "opened refused data credit fin reset",
    enter(end) {
      open(end);
      end.session.reset(theirs);
      end.said();
    },
  },
  "reset, our answer is due": {
    id: theirs,
    legal: "",
    enter(end) {
      open(end);
      send(end, "reset", theirs);
    },
  },
  "closed, and not read to its end": {
    id: theirs,
    legal: "credit reset",
    enter(end) {
      open(end);
      send(end, "data", theirs);
      end.session.closeWrite(theirs);
      send(end, "fin", theirs);
      end.said();
    },
  },
  "forgotten": {
    id: theirs,
    legal: "credit reset",
    enter(end) {
      open(end);
      end.session.reset(theirs);
      end.said();
      send(end, "reset", theirs);
    },
  },
};

function open(end: SessionEnd): void {
  send(end, "open", theirs);
  end.session.accept(theirs);
  end.said();
}

const aboutChannels: LinkFrameName[] = [
  ...["open", "opened", "refused", "data", "message", "skip", "fin", "reset", "credit"] as const,
];

for (const [state, { id, legal, enter }] of Object.entries(channelStates)) {
  Deno.test(`a stream that is ${state} takes ${legal || "nothing"}`, () => {
    const taken = aboutChannels.filter((type) => {
      const end = handMade();
      enter(end);
      const fault = faultOf(() => send(end, type, id));
      if (fault === "legal") return true;
      const isKnown = state !== "new" && !state.startsWith("never") && type !== "open";
      const rules = isKnown
        ? ["illegal-frame"]
        : ["illegal-frame", "unknown-channel", "bad-channel"];
      assertEquals(rules.includes(fault), true, `${type}: ${fault}`);
      return false;
    });
    assertEquals(taken.join(" "), sorted(legal));
  });
}

/** In the order of `aboutChannels`. */
function sorted(names: string): string {
  const wanted = names.split(" ");
  return aboutChannels.filter((name) => wanted.includes(name)).join(" ");
}

Deno.test("a channel of datagrams takes messages and skips, and no data", () => {
  const opened = () => {
    const end = handMade();
    end.receive(frameOf(linkFrame.open, [...u32(theirs), 1, ...u32(0), ...u32(1000), 0x78]));
    end.session.accept(theirs);
    end.said();
    return end;
  };
  const fault = (type: LinkFrameName) => {
    const end = opened();
    return faultOf(() => send(end, type, theirs));
  };
  assertEquals([fault("message"), fault("skip"), fault("data")], [
    "legal",
    "legal",
    "illegal-frame",
  ]);
});

/** Listeners: who asked, who is asked. */
const listenerStates: Record<string, { legal: string; enter(end: SessionEnd): void }> = {
  "never asked for": { legal: "listen", enter: () => {} },
  "asked by us": {
    legal: "listen listening notListening",
    enter(end) {
      end.session.listen("x");
      end.said();
    },
  },
  "ours, in effect": {
    legal: "listen notListening",
    enter(end) {
      end.session.listen("x");
      end.said();
      send(end, "listening", 1);
    },
  },
  "ours, taken back": {
    legal: "listen listening notListening",
    enter(end) {
      end.session.unlisten(end.session.listen("x"));
      end.session.unlisten(end.session.listen("y"));
      const id = end.session.listen("z");
      end.said();
      end.session.unlisten(id);
      end.said();
    },
  },
  "asked by them": { legal: "unlisten", enter: (end) => send(end, "listen", 1) },
  "theirs, in effect": {
    legal: "unlisten",
    enter(end) {
      send(end, "listen", 1);
      end.session.listening(1, "y");
      end.said();
    },
  },
  "theirs, refused": {
    legal: "unlisten",
    enter(end) {
      send(end, "listen", 1);
      end.session.refuseListen(1, "in-use", "");
      end.said();
    },
  },
};

for (const [state, { legal, enter }] of Object.entries(listenerStates)) {
  Deno.test(`a listener that is ${state} takes ${legal}`, () => {
    const types = ["listen", "listening", "notListening", "unlisten"] as const;
    const taken = types.filter((type) => {
      const end = handMade();
      enter(end);
      const id = state === "ours, taken back" ? 3 : 1;
      const fault = faultOf(() => send(end, type, id));
      const rules = ["legal", "unknown-listener", "bad-listener"];
      assertEquals(rules.includes(fault), true, `${type}: ${fault}`);
      return fault === "legal";
    });
    assertEquals(taken.join(" "), legal);
  });
}

Deno.test("before its RESUME the peer may say nothing, and afterwards no second one", () => {
  for (const type of Object.keys(linkFrame) as LinkFrameName[]) {
    const fresh = handMade();
    fresh.attach();
    const expected = type === "resume" ? "legal" : "resume-expected";
    assertEquals(faultOf(() => send(fresh, type, theirs)), expected, type);
  }
  assertEquals(faultOf(() => send(handMade(), "resume", 0)), "illegal-frame");
});

Deno.test("after its GOAWAY the peer may say nothing that has a number", () => {
  for (const type of Object.keys(linkFrame) as LinkFrameName[]) {
    if (type === "resume") continue;
    const end = handMade();
    open(end);
    send(end, "goaway", 0);
    const expected = ["ack", "ping", "pong"].includes(type) ? "legal" : "illegal-frame";
    assertEquals(faultOf(() => send(end, type, theirs)), expected, type);
  }
});

Deno.test("after our GOAWAY all that was under way is counted and dropped", () => {
  for (const type of aboutChannels) {
    const end = handMade();
    open(end);
    end.session.goodbye("shutting-down", "");
    assertEquals(end.said(), ["goaway"]);
    end.told();
    const { received } = end.session;
    send(end, type, theirs);
    assertEquals([end.session.received, end.told()], [received + 1, []], type);
  }
});

Deno.test("unknown frames are skipped from 0x80 on, without a number; others are an error", () => {
  for (let type = 0; type < 256; type++) {
    if (Object.values(linkFrame).includes(type as never)) continue;
    const end = handMade();
    const fault = faultOf(() => end.receive(frameOf(type, [1, 2, 3])));
    assertEquals(fault, type < 0x80 ? "unknown-frame" : "legal", `type ${type}`);
    assertEquals(end.session.received, 0);
  }
});

/** What breaks a rule that is not about states. */
const faults: Record<string, { fault: string; send(end: SessionEnd): void }> = {
  "more data than credit": {
    fault: "credit-exceeded",
    send: (end) => {
      open(end);
      for (let sent = 0; sent <= 128 * 1024; sent += 60_000) {
        end.receive(frameOf(linkFrame.data, new Uint8Array([...u32(theirs), ...Array(60_000)])));
      }
    },
  },
  "more credit than 2^31": {
    fault: "credit-overflow",
    send: (end) => {
      open(end);
      end.receive(frameOf(linkFrame.credit, [...u32(theirs), ...u32(0x7fff_ffff)]));
    },
  },
  "an open with more credit than 2^31": {
    fault: "credit-overflow",
    send: (end) => {
      end.receive(frameOf(linkFrame.open, [...u32(1), 0, ...u32(0), ...u32(0x8000_0000)]));
    },
  },
  "credit of nothing": {
    fault: "malformed",
    send: (end) => {
      open(end);
      end.receive(frameOf(linkFrame.credit, [...u32(theirs), ...u32(0)]));
    },
  },
  "data of nothing": {
    fault: "malformed",
    send: (end) => {
      open(end);
      end.receive(frameOf(linkFrame.data, u32(theirs)));
    },
  },
  "an acknowledgement of what was not sent": {
    fault: "bad-ack",
    send: (end) => end.receive(frameOf(linkFrame.ack, [...u32(0), ...u32(1)])),
  },
  "a resume of what was not sent": {
    fault: "bad-resume",
    send: (end) => {
      end.attach();
      end.receive(frameOf(linkFrame.resume, [...u32(0), ...u32(1), ...u32(0), ...u32(2)]));
    },
  },
  "a channel of the other side's numbers": {
    fault: "bad-channel",
    send: (end) => send(end, "open", 2),
  },
  "a channel number that goes back": {
    fault: "bad-channel",
    send: (end) => {
      send(end, "open", 5);
      send(end, "open", 3);
    },
  },
  "an open for a listener that we never asked for": {
    fault: "unknown-listener",
    send: (end) => {
      end.receive(frameOf(linkFrame.open, [...u32(1), 0, ...u32(1), ...u32(1000)]));
    },
  },
  "an open of a third kind": {
    fault: "malformed",
    send: (end) => {
      end.receive(frameOf(linkFrame.open, [...u32(1), 2, ...u32(0), ...u32(1000)]));
    },
  },
};

for (const [what, { fault, send }] of Object.entries(faults)) {
  Deno.test(`${what} is ${fault}; the peer is told, and the session is over`, () => {
    const end = handMade();
    assertEquals(faultOf(() => send(end)), fault);
    assertEquals(end.said().at(-1), "goaway");
    assertEquals([end.session.isOver, end.session.hasOutput], [true, false]);
    assertEquals([end.session.replayBytes, end.session.receiveBytes], [0, 0]);
    assertEquals(end.session.deadlineMs, null);
  });
}
