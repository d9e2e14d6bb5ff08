/**
 * The four classic cases of SO_REUSEADDR and SO_REUSEPORT (socket(7)), as they are on this kernel.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { listen, type Listening } from "../../lib/api/listen.ts";
import { NetError } from "../../lib/core/error.ts";
import "../support/libc.ts";
import { freeTcpPort } from "../support/ports.ts";

/** Serves one client on a port and closes first: its end of the connection goes to TIME_WAIT. */
async function closeFirst(options: string): Promise<number> {
  // Below the ephemeral range: there a client of another test could leave its port in TIME_WAIT.
  const port = freeTcpPort();
  const server = await listen(`tcp://127.0.0.1:${port}${options}`);
  await using client = await connect(`tcp://127.0.0.1:${port}`);
  const session = await server.accept();
  await session?.closeWrite();
  assertEquals(await client.read(new Uint8Array(1)), null);
  await client.closeWrite();
  assertEquals(await session?.read(new Uint8Array(1)), null);
  await session?.[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  return port;
}

/** A port with a listener. */
async function occupied(options: string): Promise<[number, Listening]> {
  const server = await listen(`tcp://127.0.0.1:0${options}`);
  return [server.addresses[0]?.port ?? 0, server];
}

async function binds(port: number, options: string): Promise<true | NetError> {
  try {
    await using _server = await listen(`tcp://127.0.0.1:${port}${options}`);
    return true;
  } catch (thrown) {
    if (thrown instanceof NetError) return thrown;
    throw thrown;
  }
}

for (
  const [first, second, succeeds] of [
    ["", "", true],
    // Linux asks for the option on both sockets: the second bind alone would not do.
    ["?reuseaddr=no", "?reuseaddr=no", false],
  ] as const
) {
  const name = succeeds ? "is bound again at once" : "is refused, and said to be in TIME_WAIT";
  Deno.test(`case 1, a port in TIME_WAIT: ${second || "reuseaddr (default)"} ${name}`, async () => {
    const result = await binds(await closeFirst(first), second);
    assertEquals(result === true, succeeds, String(result));
    if (result !== true) {
      assertEquals(result.kind, "in-use");
      assert(result.hint?.includes("1 in TIME_WAIT"), result.message);
    }
  });
}

for (
  const [first, second, succeeds] of [
    ["", "", false],
    ["?reuseport", "", false],
    ["", "?reuseport", false],
    ["?reuseport", "?reuseport", true],
    ["?reuseport&reuseaddr=no", "?reuseport&reuseaddr=no", true],
  ] as const
) {
  const name = `${first || "?reuseaddr"} then ${second || "?reuseaddr"}`;
  const outcome = succeeds ? "share it" : "do not share it";
  Deno.test(`case 2, a port with a listener: ${name} ${outcome}`, async () => {
    const [port, server] = await occupied(first);
    await using _server = server;
    const result = await binds(port, second);
    assertEquals(result === true, succeeds, String(result));
    if (result !== true) assert(result.hint?.includes(`[${Deno.pid}]`), result.message);
  });
}

Deno.test("case 3, one address of a port whose other address is taken: bound with any option", async () => {
  for (const options of ["", "?reuseaddr=no"]) {
    const [port, server] = await occupied(options);
    await using _server = server;
    await using other = await listen(`tcp://127.0.0.2:${port}${options}`);
    assertEquals(other.addresses[0]?.text, `tcp://127.0.0.2:${port}`);
  }
});

Deno.test("case 4, every address of a port with one of them taken: refused, SO_REUSEADDR or not", async () => {
  // BSD would allow it with SO_REUSEADDR; Linux refuses while the other one listens.
  for (const options of ["", "?reuseaddr=no"]) {
    const [port, server] = await occupied(options);
    await using _server = server;
    const error = await assertRejects(() => listen(`tcp://:${port}${options}`), NetError);
    assertEquals([error.kind, error.code], ["in-use", "EADDRINUSE"]);
  }
});

Deno.test("a Unix path that is held says by whom", async () => {
  const path = `${await Deno.makeTempDir({ prefix: "plumb-held-" })}/s`;
  try {
    await using _server = await listen(`unix:${path}`);
    const error = await assertRejects(() => listen(`unix:${path}`), NetError);
    assert(error.hint?.startsWith("held by ") && error.hint.includes(`[${Deno.pid}]`), error.hint);
  } finally {
    await Deno.remove(path.slice(0, -2), { recursive: true });
  }
});
