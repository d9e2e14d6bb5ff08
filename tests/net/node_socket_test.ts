/**
 * A pipe on the runtime's event loop.
 * @module
 */

import { assertEquals } from "@std/assert";
import { openDescriptor } from "../../lib/sys/file.ts";
import { NodeSocket } from "../../lib/transport/node_socket.ts";
import { O_NONBLOCK, O_RDWR } from "../../lib/sys/constants.ts";
import "../support/libc.ts";
import { within } from "../support/within.ts";

Deno.test("all who wait for input are told of it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-node-socket-" });
  try {
    const path = `${folder}/fifo`;
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const use = { readable: true, writable: true };
    const socket = new NodeSocket(openDescriptor(path, O_RDWR | O_NONBLOCK, path), use);
    const { source, sink } = socket;
    const first = source.readable?.();
    const into = new Uint8Array(8);
    const second = source.read(into);
    await sink.write(new TextEncoder().encode("hello"));
    assertEquals(await second, 5);
    await sink.write(new TextEncoder().encode("again"));
    await within(Promise.resolve(first), () => "the first who waited was forgotten", 2_000);
    source.close();
    await socket.gone;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
