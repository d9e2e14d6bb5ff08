import { assertEquals, assertRejects } from "@std/assert";
import { memoryPair } from "../../../lib/transport/memory_session.ts";
import { NetError } from "../../../lib/core/error.ts";
import { SocketListener } from "../../../lib/transport/listener.ts";

const local = { scheme: "tcp", text: "tcp://127.0.0.1:1" };

function listener(accept: () => Promise<string>) {
  return new SocketListener<string>({ accept, close: () => {} }, {
    local,
    session: () => memoryPair(local, local, 1024)[0],
  });
}

function failing(name: string) {
  return listener(() => Promise.reject(Object.assign(new Error(name), { code: name })));
}

Deno.test("what concerns one lost client is transient", async () => {
  for (const code of ["ENOTCONN", "ECONNABORTED", "ECONNRESET", "EINTR"]) {
    const error = await assertRejects(() => failing(code).accept(), NetError);
    assertEquals([error.kind, error.code, error.blame], ["transient", code, "remote"]);
  }
});

Deno.test("a machine without descriptors or memory is exhausted", async () => {
  for (const code of ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]) {
    const error = await assertRejects(() => failing(code).accept(), NetError);
    assertEquals([error.kind, error.code, error.blame], ["exhausted", code, "local"]);
  }
});

Deno.test("what is not known stays unexpected", async () => {
  const error = await assertRejects(() => failing("ESTRANGE").accept(), NetError);
  assertEquals(error.kind, "unexpected");
});

Deno.test("an accept that fails because of closing is the end", async () => {
  let fail = (_: Error) => {};
  const closing = listener(() => new Promise((_, reject) => fail = reject));
  const accepted = closing.accept();
  await closing[Symbol.asyncDispose]();
  fail(new Deno.errors.BadResource("Listener has been closed"));
  assertEquals(await accepted, null);
  assertEquals(await closing.accept(), null);
});
