/** The web server on sessions in memory and virtual time. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import type { Listener } from "../../../lib/core/contract.ts";
import { defaultLimits, type Limits } from "../../../lib/core/limits.ts";
import type { SessionOutcome } from "../../../lib/service/contract.ts";
import type { DriveOptions } from "../../../lib/service/drive.ts";
import { HttpServer } from "../../../lib/service/http_server.ts";
import { makePair, type PairOptions } from "../../support/pair.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const listener = {} as Listener; // the web server does not look at it

interface Setup extends PairOptions {
  readonly limits?: Partial<Limits>;
  readonly bounds?: DriveOptions;
  /** False for a client that takes nothing. */
  readonly reads?: boolean;
  readonly answer?: (request: Request) => Promise<Response>;
}

/** A client of a server; `text` collects what it is answered. */
function open(setup: Setup = {}) {
  const clock = new VirtualClock();
  const context = makeContext({ clock, limits: { ...defaultLimits, ...setup.limits } });
  const answer = setup.answer ?? (async (request: Request) => {
    const body = await request.text();
    const { pathname } = new URL(request.url);
    return new Response(`${request.method} ${pathname} ${body}`);
  });
  const server = new HttpServer(answer, context, setup.bounds);
  const [client, session] = makePair(setup);
  const draining = new AbortController();
  const outcome = server.serve(session, context, { id: 1, listener, draining: draining.signal });
  let text = "";
  const reading = (async () => {
    const buffer = new Uint8Array(65_536);
    while (setup.reads !== false) {
      const count = await client.read(buffer);
      if (count === null) return;
      text += decode(buffer.subarray(0, count));
    }
  })().catch(() => {});
  const until = async (wanted: string | RegExp) => {
    const found = () => typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
    for (let turn = 0; turn < 500 && !found(); turn++) await turned();
    assert(found(), `no ${wanted} in ${JSON.stringify(text)}`);
  };
  return {
    client,
    clock,
    until,
    drain: () => draining.abort(),
    send: (request: string) => client.write(encode(request)),
    text: () => text,
    /** Ends the client, and waits for both. */
    async end(): Promise<SessionOutcome> {
      await client.closeWrite();
      const ended = await outcome;
      await client[Symbol.asyncDispose]();
      await reading;
      server.dispose();
      return ended;
    },
  };
}

/** node:http answers by way of its own queues: promises alone are not enough to let it run. */
const turned = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

const head = (path = "/", more = "") => `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;

Deno.test("requests on one connection are answered in their order, pipelined too", async () => {
  let first = () => {};
  const later = new Promise<void>((resolve) => first = resolve);
  const opened = open({
    answer: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/1") await later;
      return new Response(pathname);
    },
  });
  await opened.send(head("/1") + head("/2") + head("/3"));
  await turned();
  assertEquals(opened.text(), "");
  first();
  await opened.until("/3");
  assertMatch(opened.text(), /\/1[^]*\/2[^]*\/3/);
  assertEquals((await opened.end()).reason, "peer-end");
});

Deno.test("a request in pieces of a byte is answered like a whole one", async () => {
  const opened = open({ readAtMost: 1 });
  const request = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  await opened.send(request);
  await opened.until("POST /a abcde");
  const { reason, bytesIn, bytesOut } = await opened.end();
  const [sent, got] = [request.length, opened.text().length];
  assertEquals([reason, bytesIn, bytesOut], ["peer-end", sent, got]);
});

Deno.test("a client that ends its sending after a request still gets the answer", async () => {
  const opened = open();
  await opened.send("GET /a HTTP/1.0\r\n\r\n");
  const { reason } = await opened.end();
  assertEquals(reason, "peer-end");
  assertStringIncludes(opened.text(), "GET /a");
});

Deno.test("a head that trickles in is cut at the limit header-time with 408", async () => {
  const opened = open();
  for (const byte of "GET / HTT") {
    await opened.send(byte);
    await opened.clock.advance(1_000);
  }
  assertEquals(opened.text(), "");
  await opened.clock.advance(1_000);
  await opened.until("HTTP/1.1 408");
  const { reason, error } = await opened.end();
  assertEquals(reason, "limit");
  assertStringIncludes(error?.message ?? "", "header-time");
});

Deno.test("a connection on which nothing is ever asked ends the same way", async () => {
  const opened = open();
  await opened.clock.advance(10_000);
  await opened.until("HTTP/1.1 408");
  assertEquals((await opened.end()).reason, "limit");
});

Deno.test("a body that trickles in is cut at the limit body-time", async () => {
  const opened = open();
  await opened.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
  for (let second = 0; second < 30; second++) {
    await turned();
    await opened.send("x");
    await opened.clock.advance(1_000);
  }
  await opened.until(/HTTP\/1.1 408[^]*Connection: close/);
  const { reason, error } = await opened.end();
  assertEquals(reason, "limit");
  assertStringIncludes(error?.message ?? "", "body-time");
});

Deno.test("an idle connection is kept for keep-alive, then closed in order", async () => {
  const opened = open();
  await opened.send(head("/1"));
  await opened.until("GET /1");
  await opened.clock.advance(59_000);
  await opened.send(head("/2"));
  await opened.until("GET /2");
  await opened.clock.advance(59_999);
  assert(!opened.client.closed);
  await opened.clock.advance(1);
  await turned();
  const { reason, error } = await opened.end();
  assertEquals([reason, error], ["local-end", undefined]);
});

Deno.test("a client that takes nothing is cut at the limit write-stall", async () => {
  const opened = open({
    reads: false,
    capacity: 1_000,
    answer: () => Promise.resolve(new Response("x".repeat(100_000))),
  });
  await opened.send(head());
  for (let turn = 0; turn < 20; turn++) await turned();
  await opened.clock.advance(60_000);
  const { reason, error } = await opened.end();
  assertEquals(reason, "limit");
  assertStringIncludes(error?.message ?? "", "write-stall");
  assertEquals(opened.clock.pending, 0);
});

Deno.test("drain closes an idle connection at once, a busy one after its answer", async () => {
  const idle = open();
  await idle.send(head("/1"));
  await idle.until("GET /1");
  idle.drain();
  for (let turn = 0; turn < 5; turn++) await turned();
  assertEquals((await idle.end()).reason, "drain");

  let answer = () => {};
  const later = new Promise<void>((resolve) => answer = resolve);
  const busy = open({ answer: () => later.then(() => new Response("done")) });
  await busy.send(head("/1") + head("/2"));
  for (let turn = 0; turn < 5; turn++) await turned();
  busy.drain();
  answer();
  await busy.until(/Connection: close[^]*done/);
  const { reason } = await busy.end();
  assertEquals(reason, "drain");
  assertEquals(busy.text().match(/done/g)?.length, 1);
});

Deno.test("--idle and --lifetime end a session with their own words", async () => {
  const idle = open({ bounds: { idleMs: 500 } });
  await idle.send(head());
  await idle.until("GET /");
  await idle.clock.advance(500);
  assertEquals((await idle.end()).reason, "idle");
  const old = open({ bounds: { lifetimeMs: 500 } });
  await old.send(head());
  await old.until("GET /");
  await old.clock.advance(500);
  assertEquals((await old.end()).reason, "lifetime");
});

Deno.test("what could be read as two requests is refused, and ends the connection", async () => {
  const smuggled = [
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
    "GET / HTTP/1.1\nHost: h\n\n",
    "GET / HTTP/1.1\r\nHost: h\r\nX: a\u0000b\r\n\r\n",
    "nonsense\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n", // no Host
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    "GET nonsense HTTP/1.1\r\nHost: h\r\n\r\n",
  ];
  for (const request of smuggled) {
    const opened = open();
    await opened.send(request);
    await opened.until("HTTP/1.1 400");
    await opened.end();
    assertEquals(opened.text().match(/HTTP\/1\.1 \d/g)?.length, 1, request);
  }
});

Deno.test("a request of HTTP/1.0 with Transfer-Encoding is refused, and nothing behind it is read", async () => {
  const opened = open();
  const fields = "Host: h\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n";
  await opened.send(`POST / HTTP/1.0\r\n${fields}\r\n0\r\n\r\n${head("/hidden")}`);
  await opened.until("HTTP/1.1 400");
  assertEquals((await opened.end()).reason, "local-end");
  assertEquals(opened.text().match(/HTTP\/1\.1 \d/g)?.length, 1, opened.text());
});

Deno.test("methods without meaning here are refused", async () => {
  for (const line of ["TRACE / HTTP/1.1", "CONNECT h:1 HTTP/1.1"]) {
    const opened = open();
    await opened.send(`${line}\r\nHost: h\r\n\r\n`);
    await opened.until(/HTTP\/1\.1 405 [^]*\r\n\r\n/);
    await opened.end();
    assertMatch(opened.text(), /^Allow: GET, HEAD\r$/mi);
    assertMatch(opened.text(), /^Date: .* GMT\r$/m);
  }
});

Deno.test("versions and codings that are not understood are refused by their own status", async () => {
  for (
    const [request, status] of [
      ["GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505],
      ["GET /\r\n\r\n", 505],
      ["POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501],
      ["POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", 400],
      ["POST / HTTP/1.1\r\nHost: [::1]:8\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 200],
    ] as const
  ) {
    const opened = open();
    await opened.send(request);
    await opened.until(`HTTP/1.1 ${status}`);
    await opened.end();
  }
});

Deno.test("a body that the client breaks off is answered at once, not at the limit body-time", async () => {
  for (
    const [framing, part] of [["Content-Length: 9", "abc"], ["Transfer-Encoding: chunked", "9"]]
  ) {
    const opened = open();
    await opened.send(`POST / HTTP/1.1\r\nHost: h\r\n${framing}\r\n\r\n${part}`);
    await turned();
    // The clock stands still: no limit can be what ends it.
    assertEquals((await opened.end()).reason, "peer-end");
    assertMatch(opened.text(), /^HTTP\/1\.1 400 [^]*Connection: close/);
  }
});

Deno.test("headers over the limit are refused with 431, one large one and many small ones", async () => {
  const large = open();
  await large.send(`GET / HTTP/1.1\r\nHost: h\r\nX: ${"a".repeat(17_000)}`);
  await large.until("HTTP/1.1 431");
  await large.end();
  const many = open();
  await many.send(head("/", "a: b\r\n".repeat(3_000)));
  await many.until("HTTP/1.1 431");
  await many.end();
  const endless = open();
  await endless.send("GET / HTTP/1.1\r\nHost: h\r\n");
  for (let sent = 0; sent < 200_000 && !endless.client.closed; sent += 6_000) {
    await endless.send("a: b\r\n".repeat(1_000)).catch(() => {});
    await turned();
  }
  await endless.until("HTTP/1.1 431");
  assertEquals((await endless.end()).reason, "limit");
});

Deno.test("a body that the route refused is not read to its end, and the answer arrives", async () => {
  const opened = open({
    answer: () => Promise.resolve(new Response("too much", { status: 413 })),
  });
  await opened.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nxxxx");
  await opened.until(/413[^]*Connection: close[^]*too much/);
  await opened.end();
});

Deno.test("leave to send a body is given only to a body that is wanted", async () => {
  const expecting =
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  const wanted = open();
  await wanted.send(expecting);
  await wanted.until("HTTP/1.1 100 Continue");
  await wanted.send("abc");
  await wanted.until("POST / abc");
  await wanted.end();
  const refused = open({ answer: () => Promise.resolve(new Response("no", { status: 403 })) });
  await refused.send(expecting);
  await refused.until("HTTP/1.1 403");
  assertEquals(refused.text().includes("100 Continue"), false);
  await refused.end();
});

Deno.test("a client that goes away ends the answer that is being made for it", async () => {
  let cancelled = () => {};
  const gone = new Promise<void>((resolve) => cancelled = resolve);
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
    cancel: () => cancelled(),
  });
  const opened = open({
    reads: false,
    capacity: 1_000,
    answer: () => Promise.resolve(new Response(endless)),
  });
  await opened.send(head());
  for (let turn = 0; turn < 20; turn++) await turned();
  opened.client.abort();
  await gone;
  assertEquals((await opened.end()).reason, "reset");
});

Deno.test("a handler that fails is a 500 that says nothing of it", async () => {
  const opened = open({ answer: () => Promise.reject(new Error("secret")) });
  await opened.send(head());
  await opened.until("HTTP/1.1 500");
  assertEquals(opened.text().includes("secret"), false);
  await opened.end();
});
