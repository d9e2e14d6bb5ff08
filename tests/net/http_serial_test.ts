/** The web server on real sockets. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { serve, type ServeOptions } from "../../lib/api/serve.ts";
import { holdings, settle } from "../support/descriptors.ts";
import "../support/libc.ts";

const encode = (text: string) => new TextEncoder().encode(text);

async function open(options: ServeOptions = {}) {
  const server = await serve("http", "tcp://127.0.0.1:0", options);
  const { port = 0 } = server.addresses[0] ?? {};
  return {
    server,
    origin: `http://127.0.0.1:${port}`,
    dial: () => Deno.connect({ hostname: "127.0.0.1", port }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Reads until the text has so many matches, or the end. */
async function readUntil(conn: Deno.Conn, pattern: RegExp, count: number): Promise<string> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  while ((text.match(pattern)?.length ?? 0) < count) {
    const read = await conn.read(buffer);
    if (read === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, read));
  }
  return text;
}

const echo = (text: string) =>
  `POST /api/echo HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n` +
  `Content-Length: ${text.length}\r\n\r\n${text}`;

Deno.test("a thousand requests go over one connection, one after the other", async () => {
  await using opened = await open();
  using conn = await opened.dial();
  for (let at = 0; at < 1_000; at++) {
    await conn.write(encode(echo(`n${at};`)));
    assertStringIncludes(await readUntil(conn, /n\d+;/g, 1), `n${at};`);
  }
  assertEquals(opened.server.tally().accepted, 1);
});

Deno.test("a thousand requests sent at once are answered in their order", async () => {
  await using opened = await open();
  using conn = await opened.dial();
  const all = Array.from({ length: 1_000 }, (_, at) => echo(`n${at};`)).join("");
  const [text] = await Promise.all([
    readUntil(conn, /n\d+;/g, 1_000),
    (async () => {
      for (let rest = encode(all); rest.length > 0;) rest = rest.subarray(await conn.write(rest));
    })(),
  ]);
  assertEquals(
    [...text.matchAll(/n(\d+);/g)].map(([, at]) => Number(at)),
    Array.from({ length: 1_000 }, (_, at) => at),
  );
});

Deno.test("slow heads do not keep others out, and are cut", async () => {
  await using opened = await open({ limits: { "header-time": 300 } });
  const before = holdings().descriptors;
  const slow = await Promise.all(Array.from({ length: 50 }, () => opened.dial()));
  for (const conn of slow) await conn.write(encode("GET / HTTP/1.1\r\nX: "));
  const response = await fetch(`${opened.origin}/api/time`);
  assertMatch(await response.text(), /^\{"text":"\d{4}-/);
  for (const conn of slow) {
    assertMatch(await readUntil(conn, /never/g, 1), /^HTTP\/1.1 408 /);
    conn.close();
  }
  while (opened.server.open > 1) await new Promise((wake) => setTimeout(wake, 5));
  // The one of fetch is kept, on both sides.
  assert(holdings().descriptors <= before + 2);
});

Deno.test("drain lets an answer end, says that it is the last, and closes idle connections", async () => {
  await using opened = await open();
  using idle = await opened.dial();
  await idle.write(encode(echo("first;")));
  await readUntil(idle, /first;/g, 1);
  using busy = await opened.dial();
  await busy.write(encode(echo("second;").slice(0, -3)));
  await new Promise((wake) => setTimeout(wake, 50));
  const drained = opened.server.drain();
  assertEquals(await readUntil(idle, /never/g, 1), "");
  await busy.write(encode("nd;"));
  const answer = await readUntil(busy, /never/g, 1);
  assertMatch(answer, /Connection: close[^]*second;$/);
  await Promise.all([idle.closeWrite(), busy.closeWrite()]);
  const { ended, cut, failed } = await drained;
  assertEquals([ended, cut, failed], [2, 0, 0]);
});

Deno.test("a client that breaks off in the middle of a file leaves nothing open", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-test-" });
  try {
    await Deno.writeFile(`${folder}/big`, new Uint8Array(20_000_000));
    await using opened = await open({ subject: folder });
    const before = holdings().descriptors;
    for (let round = 0; round < 10; round++) {
      const conn = await opened.dial();
      await conn.write(encode("GET /big HTTP/1.1\r\nHost: h\r\n\r\n"));
      await readUntil(conn, /HTTP/g, 1);
      conn.close();
    }
    while (opened.server.open > 0) await new Promise((wake) => setTimeout(wake, 5));
    await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
