import { assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../../lib/core/error.ts";
import {
  type FarMessage,
  farToJson,
  type NearMessage,
  readFarMessage,
  readNearMessage,
} from "../../../lib/service/control.ts";

const remote = { scheme: "tcp", text: "tcp://127.0.0.1:9", host: "127.0.0.1", port: 9 };
const unix = {
  scheme: "unix",
  text: "unix:@x",
  path: "@x",
  credentials: { pid: 1, uid: 2, gid: 3 },
};

Deno.test("what the far side says arrives as it was said", () => {
  const said: FarMessage[] = [
    { type: "ready" },
    { type: "pong" },
    {
      type: "flows",
      flows: [{ key: 1, bytesIn: 2, bytesOut: 3 }, { key: 4, bytesIn: 0, bytesOut: 5 }],
    },
    { type: "closed" },
    { type: "accepted", key: 1, at: 0, remote },
    { type: "accepted", key: 2, at: 1, remote: unix, connection: { descriptor: 9, cookie: "77" } },
    { type: "ended", key: 1, report: { reason: "peer-end", bytesIn: 1, bytesOut: 2 } },
    {
      type: "ended",
      key: 1,
      report: {
        reason: "drain",
        bytesIn: 1,
        bytesOut: 2,
        child: { pid: 5, code: 137, signal: "SIGKILL" },
      },
    },
    { type: "log", level: "info", event: "x", text: "a line", fields: { n: 1 } },
    { type: "text", text: "00000000" },
  ];
  for (const message of said) {
    assertEquals(readFarMessage(JSON.parse(JSON.stringify(farToJson(message)))), message);
  }
});

Deno.test("an error arrives with its words, kind, code and blame", () => {
  const error = new NetError({
    kind: "reset",
    op: "read",
    address: "tcp://h:1",
    message: "connection reset by peer",
    code: "ECONNRESET",
    blame: "remote",
  });
  const message: FarMessage = { type: "failed", error };
  const read = readFarMessage(JSON.parse(JSON.stringify(farToJson(message))));
  if (read.type !== "failed") throw new Error(read.type);
  const { kind, op, address, code, blame, message: line } = read.error;
  assertEquals([kind, op, address, code, blame, line], [
    error.kind,
    error.op,
    error.address,
    error.code,
    error.blame,
    error.message,
  ]);
});

Deno.test("what the server says arrives as it was said", () => {
  const said: NearMessage[] = [
    { type: "start", task: { schema: 1 }, sockets: [{ descriptor: 7, local: remote }] },
    {
      type: "start",
      task: {},
      sockets: [{ descriptor: 8, local: remote, uninherited: [{ name: "priority", value: 5 }] }],
    },
    { type: "permit" },
    { type: "serve", key: 1, id: 2, open: 3 },
    { type: "refuse", key: 1, how: "busy" },
    { type: "cut", reason: "drain" },
    { type: "close" },
    { type: "ping", open: 3 },
  ];
  for (const message of said) {
    assertEquals(readNearMessage(JSON.parse(JSON.stringify(message))), message);
  }
});

Deno.test("what is no message is an error of protocol, and never trusted", () => {
  const broken: unknown[] = [
    null,
    7,
    "ready",
    [],
    {},
    { type: "no-such" },
    { type: "accepted", key: -1, at: 0, remote },
    { type: "accepted", key: 1.5, at: 0, remote },
    { type: "accepted", key: 1, at: 0, remote: null },
    { type: "ended", key: 1, report: { reason: "bored", bytesIn: 0, bytesOut: 0 } },
    { type: "ended", key: 1, report: { reason: "idle", bytesIn: "0", bytesOut: 0 } },
    { type: "flows", flows: {} },
    { type: "flows", flows: [{ key: 1, bytesIn: -1, bytesOut: 0 }] },
    { type: "log", level: "shout", event: "x", text: "y", fields: {} },
  ];
  for (const value of broken) {
    assertEquals(assertThrows(() => readFarMessage(value), NetError).kind, "protocol");
  }
  const others: unknown[] = [{ type: "serve", key: 1, open: 1 }, { type: "ping" }, {
    type: "refuse",
    key: 1,
    how: "rudely",
  }];
  for (const value of others) {
    assertEquals(assertThrows(() => readNearMessage(value), NetError).kind, "protocol");
  }
});
