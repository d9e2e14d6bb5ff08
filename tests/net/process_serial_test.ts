/** exec: and sh: as sessions. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { execTransport, shTransport } from "../../lib/transport/process.ts";
import { holdings, isAlive, settle } from "../support/descriptors.ts";
import { connectWith, noStreams, readAll, readOnce, writeText } from "../support/open_transport.ts";

Deno.test("exec gives its input to a child and reads its output", async () => {
  await using session = await connectWith(execTransport, "exec:tr a-z A-Z");
  await writeText(session, "some text");
  await session.closeWrite();
  assertEquals(await readAll(session), "SOME TEXT");
  assertEquals((await session.child)?.code, 0);
});

Deno.test("exec splits words by quotes and expands nothing", async () => {
  await using session = await connectWith(execTransport, `exec:printf '%s|' 'a b' "c" $HOME *`);
  assertEquals(await readAll(session), "a b|c|$HOME|*|");
});

Deno.test("sh hands the text to the shell", async () => {
  await using session = await connectWith(shTransport, "sh:echo $((6 * 7)); exit 3");
  assertEquals(await readAll(session), "42\n");
  const status = await session.child;
  assertEquals([status?.code, status?.signal], [3, null]);
});

Deno.test("a child that a signal ended has the code of a shell", async () => {
  await using session = await connectWith(shTransport, "sh:kill -9 $$");
  assertEquals(await readAll(session), "");
  const status = await session.child;
  assertEquals([status?.code, status?.signal], [137, "SIGKILL"]);
});

Deno.test("writing to a child that has finished is no error", async () => {
  await using session = await connectWith(execTransport, "exec:true");
  await session.child;
  await writeText(session, "into nothing");
  await writeText(session, "x".repeat(200_000));
  await session.closeWrite();
  assertEquals(await readAll(session), "");
});

Deno.test("a child that closes its input early does not break the session", async () => {
  await using session = await connectWith(shTransport, "sh:head -1; exec <&-; sleep 0.05; echo on");
  await writeText(session, `first\n${"x".repeat(300_000)}`);
  assertEquals(await readAll(session), "first\non\n");
});

Deno.test("reading ends when the pipe ended and the child exited, not before", async () => {
  await using closed = await connectWith(shTransport, "sh:echo a; exec >&-; sleep 0.2; exit 5");
  const started = performance.now();
  assertEquals(await readAll(closed), "a\n");
  assert(performance.now() - started > 150);
  assertEquals((await closed.child)?.code, 5);
  // The other way round: the child is gone, a grandchild still writes.
  await using left = await connectWith(shTransport, "sh:(sleep 0.2; echo late) & exit 0");
  await left.child;
  assertEquals(await readAll(left), "late\n");
});

Deno.test("exec reports a missing program, folder and permission", async () => {
  const missing = await assertRejects(
    () => connectWith(execTransport, "exec:plumb-no-such-program"),
    NetError,
  );
  assertEquals([missing.kind, missing.code], ["not-found", "ENOENT"]);
  assertStringIncludes(missing.message, "exec:plumb-no-such-program");
  const merged = await assertRejects(
    () => connectWith(execTransport, "exec:?stderr=merge plumb-no-such-program"),
    NetError,
  );
  assertEquals([merged.kind, merged.code], ["not-found", "ENOENT"]);
  const denied = await assertRejects(
    () => connectWith(execTransport, "exec:/etc/passwd"),
    NetError,
  );
  assertEquals(denied.kind, "permission");
  const folder = await assertRejects(
    () => connectWith(execTransport, "exec:?cwd=/no/such/folder true"),
    NetError,
  );
  assertEquals(folder.kind, "not-found");
  assertStringIncludes(folder.message, "/no/such/folder");
});

Deno.test("stderr can be merged, in order, or thrown away", async () => {
  const text = "echo 1; echo 2 >&2; echo 3; echo 4 >&2";
  await using merged = await connectWith(shTransport, `sh:?stderr=merge ${text}`);
  assertEquals(await readAll(merged), "1\n2\n3\n4\n");
  await using dropped = await connectWith(shTransport, `sh:?stderr=null ${text}`);
  assertEquals(await readAll(dropped), "1\n3\n");
});

Deno.test("a child gets the folder and the variables that it is given", async () => {
  const environment = { PLUMB_SESSION: "7", PLUMB_PEER: "tcp://192.0.2.1:5" };
  await using session = await connectWith(
    shTransport,
    'sh:?cwd=/usr pwd; echo $PLUMB_SESSION $PLUMB_PEER; test -n "$PATH"',
    { ports: { stdio: noStreams, environment } },
  );
  assertEquals(await readAll(session), "/usr\n7 tcp://192.0.2.1:5\n");
  assertEquals((await session.child)?.code, 0);
});

/** Reads one line of process ids. */
async function pidsOf(session: Parameters<typeof readOnce>[0]): Promise<number[]> {
  return (await readOnce(session) ?? "").trim().split(" ").map(Number);
}

Deno.test("abort ends a whole pipeline", async () => {
  await using session = await connectWith(shTransport, "sh:sleep 60 & echo $$ $!; sleep 60 | cat");
  const pids = await pidsOf(session);
  assertEquals(pids.length, 2);
  assert(pids.every(isAlive));
  session.abort();
  assertEquals((await session.child)?.signal, "SIGTERM");
  await settle(Deno.pid, () => !pids.some(isAlive));
  await assertRejects(() => session.read(new Uint8Array(1)), NetError, "closed on this side");
});

Deno.test("abort kills who ignores SIGTERM, after a grace", async () => {
  const session = await connectWith(
    shTransport,
    "sh:trap '' TERM; echo $$; while :; do sleep 1; done",
  );
  const pids = await pidsOf(session);
  const started = performance.now();
  session.abort();
  await session[Symbol.asyncDispose]();
  assert(performance.now() - started > 900);
  assertEquals((await session.child)?.signal, "SIGKILL");
  assert(!pids.some(isAlive));
});

Deno.test("disposing lets a child see the end of its input and finish", async () => {
  const file = await Deno.makeTempFile();
  try {
    const text = `sh:cat >${file}; head -c 300000 /dev/zero; echo done >>${file}`;
    const session = await connectWith(shTransport, text);
    await writeText(session, "x".repeat(300_000));
    await session[Symbol.asyncDispose]();
    assertEquals((await session.child)?.code, 0);
    assertEquals((await Deno.stat(file)).size, 300_005);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("disposing ends a child that ignores the end of its input", async () => {
  const session = await connectWith(execTransport, "exec:sleep 60");
  await session[Symbol.asyncDispose]();
  assertEquals((await session.child)?.signal, "SIGTERM");
});

Deno.test("a child that never reads makes the writer wait, and abort ends the wait", async () => {
  await using session = await connectWith(execTransport, "exec:sleep 60");
  const writing = writeText(session, "x".repeat(1_000_000));
  const waited = await Promise.race([
    writing.then(() => false, () => false),
    new Promise((resolve) => setTimeout(() => resolve(true), 100)),
  ]);
  assert(waited);
  session.abort();
  const error = await assertRejects(() => writing, NetError);
  assertEquals(error.kind, "aborted");
});

Deno.test("disposing while a write waits ends the child", async () => {
  const session = await connectWith(execTransport, "exec:sleep 60");
  const writing = assertRejects(() => writeText(session, "x".repeat(1_000_000)), NetError);
  await session[Symbol.asyncDispose]();
  await writing;
  assertEquals((await session.child)?.signal, "SIGTERM");
});

Deno.test("readable waits without losing what comes", async () => {
  await using session = await connectWith(execTransport, "exec:cat");
  const waiting = session.readable?.();
  await writeText(session, "x".repeat(10_000));
  await waiting;
  await session.closeWrite();
  assertEquals((await readAll(session, 100)).length, 10_000);
});

Deno.test("many children leave no zombie and no descriptor", async () => {
  await (await connectWith(execTransport, "exec:true"))[Symbol.asyncDispose]();
  const before = holdings();
  for (let i = 0; i < 20; i++) {
    const session = await connectWith(execTransport, i % 2 === 0 ? "exec:true" : "exec:cat");
    if (i % 3 === 0) session.abort();
    await session[Symbol.asyncDispose]();
    await connectWith(execTransport, "exec:plumb-no-such-program").catch(() => {});
  }
  await settle(
    Deno.pid,
    (now) => now.descriptors <= before.descriptors && now.children <= before.children,
  );
});
