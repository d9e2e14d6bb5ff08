/** Unix stream sockets: paths, modes, replacing, closing. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { unixTransport } from "../../lib/transport/unix.ts";
import { settle } from "../support/descriptors.ts";
import {
  acceptOne,
  connectWith,
  listenWith,
  readAll,
  readOnce,
  writeText,
} from "../support/open_transport.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "plumb-test-" });
  try {
    await body(folder);
    // Nothing of the staging may stay behind.
    const left = namesIn(folder).filter((name) => name.startsWith(".plumb"));
    assertEquals(left, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const lookAt = (path: string) => Deno.lstatSync(path);
const modeOf = (path: string) => (lookAt(path).mode ?? 0) & 0o7777;
const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name);

/** A socket file that nobody serves: its server ended without removing it. */
async function leaveStale(path: string): Promise<void> {
  const server = new Deno.Command("socat", { args: [`UNIX-LISTEN:${path},unlink-close=0`, "-"] })
    .spawn();
  while (!exists(path)) await new Promise((resolve) => setTimeout(resolve, 5));
  server.kill("SIGKILL");
  await server.status;
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSocket === true;
  } catch {
    return false;
  }
}

Deno.test("unix carries bytes both ways and each end of input", () =>
  inFolder(async (folder) => {
    await using listener = await listenWith(unixTransport, `unix:${folder}/s`);
    assertEquals(listener.local.text, `unix:${folder}/s`);
    await using near = await connectWith(unixTransport, `unix:${folder}/s`);
    await using far = await acceptOne(listener);
    await writeText(near, "question");
    await near.closeWrite();
    assertEquals(await readAll(far), "question");
    await writeText(far, "answer");
    await far.closeWrite();
    assertEquals(await readAll(near), "answer");
    assertEquals(far.remote.credentials?.pid, Deno.pid);
  }));

Deno.test("unix removes its path when it closes", () =>
  inFolder(async (folder) => {
    const listener = await listenWith(unixTransport, `unix:${folder}/s`);
    assert(exists(`${folder}/s`));
    await listener[Symbol.asyncDispose]();
    await listener[Symbol.asyncDispose]();
    assert(!exists(`${folder}/s`));
  }));

Deno.test("unix leaves the path of another server that has bound it since", () =>
  inFolder(async (folder) => {
    const path = `${folder}/s`;
    const first = await listenWith(unixTransport, `unix:${path}`);
    await Deno.remove(path);
    await using second = await listenWith(unixTransport, `unix:${path}`);
    await first[Symbol.asyncDispose]();
    assert(exists(path));
    await using near = await connectWith(unixTransport, `unix:${path}`);
    await using far = await acceptOne(second);
    await writeText(near, "still here");
    assertEquals(await readOnce(far), "still here");
  }));

Deno.test("the kernel's own list names a unix listener with its whole path", () =>
  inFolder(async (folder) => {
    await using listener = await listenWith(unixTransport, `unix:${folder}/s?mode=0600`);
    const names = (await Deno.readTextFile("/proc/net/unix")).split("\n");
    assertEquals(names.filter((line) => line.endsWith(`${folder}/s`)).length, 1);
    await using _near = await connectWith(unixTransport, listener.local.text);
  }));

Deno.test("unix replaces a stale socket file of any name", () =>
  inFolder(async (folder) => {
    for (const name of ["stale", "tmp", ".plumb"]) {
      await leaveStale(`${folder}/${name}`);
      await using listener = await listenWith(unixTransport, `unix:${folder}/${name}`);
      await using _near = await connectWith(unixTransport, listener.local.text);
      await using _far = await acceptOne(listener);
    }
  }));

Deno.test("unix replaces a stale socket file", () =>
  inFolder(async (folder) => {
    await leaveStale(`${folder}/s`);
    await using listener = await listenWith(unixTransport, `unix:${folder}/s`);
    await using near = await connectWith(unixTransport, `unix:${folder}/s`);
    await using _far = await acceptOne(listener);
    await writeText(near, "x");
  }));

Deno.test("unix refuses a path that a live server has and names it", () =>
  inFolder(async (folder) => {
    await using listener = await listenWith(unixTransport, `unix:${folder}/s`);
    const before = lookAt(`${folder}/s`).ino;
    const error = await assertRejects(
      () => listenWith(unixTransport, `unix:${folder}/s`),
      NetError,
    );
    assertEquals(error.kind, "in-use");
    assertEquals(error.code, "EADDRINUSE");
    assertStringIncludes(error.message, `[${Deno.pid}]`);
    assertEquals(lookAt(`${folder}/s`).ino, before);
    await (await acceptOne(listener))[Symbol.asyncDispose]();
  }));

Deno.test("unix refuses the path of a live datagram socket", () =>
  inFolder(async (folder) => {
    const socket = Deno.listenDatagram({ transport: "unixpacket", path: `${folder}/s` });
    try {
      const error = await assertRejects(
        () => listenWith(unixTransport, `unix:${folder}/s`),
        NetError,
      );
      assertEquals(error.kind, "in-use");
      assert(exists(`${folder}/s`));
    } finally {
      socket.close();
    }
  }));

for (
  const [what, make] of [
    ["a plain file", (path: string) => Deno.writeTextFile(path, "precious")],
    ["a folder", (path: string) => Deno.mkdir(path)],
    ["a symbolic link", (path: string) => Deno.symlink("nowhere", path)],
  ] as const
) {
  Deno.test(`unix never touches ${what} at its path`, () =>
    inFolder(async (folder) => {
      await make(`${folder}/s`);
      const before = await Deno.lstat(`${folder}/s`);
      const error = await assertRejects(
        () => listenWith(unixTransport, `unix:${folder}/s`),
        NetError,
      );
      assertEquals(error.kind, "in-use");
      assertStringIncludes(error.message, what);
      const after = await Deno.lstat(`${folder}/s`);
      assertEquals([after.ino, after.mtime], [before.ino, before.mtime]);
    }));
}

Deno.test("unix gives the file the asked mode, else what the umask leaves", () =>
  inFolder(async (folder) => {
    await using _asked = await listenWith(unixTransport, `unix:${folder}/a?mode=0640`);
    assertEquals(modeOf(`${folder}/a`), 0o640);
    await using _left = await listenWith(unixTransport, `unix:${folder}/b`);
    assertEquals(modeOf(`${folder}/b`), 0o777 & ~Deno.umask());
  }));

Deno.test({
  name: "unix gives the file the asked owner and group",
  ignore: Deno.uid() !== 0, // chown(2) is root's alone
  fn: () =>
    inFolder(async (folder) => {
      await using _listener = await listenWith(
        unixTransport,
        `unix:${folder}/s?user=nobody&group=12345&mode=0600`,
      );
      const { uid, gid } = lookAt(`${folder}/s`);
      assertEquals([uid, gid], [65534, 12345]);
      assertEquals(modeOf(`${folder}/s`), 0o600);
    }),
});

Deno.test("unix refuses a user that does not exist and leaves nothing", () =>
  inFolder(async (folder) => {
    const error = await assertRejects(
      () => listenWith(unixTransport, `unix:${folder}/s?user=no-such-user`),
      NetError,
    );
    assertEquals(error.kind, "option");
    assertEquals(namesIn(folder).length, 0);
  }));

Deno.test("unix listens at a path of the full length, and at a relative one", () =>
  inFolder(async (folder) => {
    const long = `${folder}/${"x".repeat(107 - folder.length - 1)}`;
    await using listener = await listenWith(unixTransport, `unix:${long}`);
    await using _near = await connectWith(unixTransport, `unix:${long}`);
    await using far = await acceptOne(listener);
    assertEquals(far.remote.credentials?.pid, Deno.pid);
    const before = Deno.cwd();
    Deno.chdir(folder);
    const relative = await listenWith(unixTransport, "unix:rel").finally(() => Deno.chdir(before));
    assert(exists(`${folder}/rel`));
    await relative[Symbol.asyncDispose]();
    assert(!exists(`${folder}/rel`));
  }));

Deno.test("unix connects to an abstract name, which only one may have", async () => {
  const name = `unix:@plumb-${crypto.randomUUID()}`;
  await using listener = await listenWith(unixTransport, name);
  await using near = await connectWith(unixTransport, name);
  await using far = await acceptOne(listener);
  assertEquals(far.remote.credentials?.pid, Deno.pid);
  await writeText(near, "hi");
  assertEquals(await readOnce(far), "hi");
  const error = await assertRejects(() => listenWith(unixTransport, name), NetError);
  assertEquals(error.kind, "in-use");
  const mode = await assertRejects(
    () => listenWith(unixTransport, `${name}2?mode=0600`),
    NetError,
  );
  assertEquals(mode.kind, "option");
});

Deno.test("unix says what is wrong with a path that nobody serves", () =>
  inFolder(async (folder) => {
    const missing = await assertRejects(
      () => connectWith(unixTransport, `unix:${folder}/none`),
      NetError,
    );
    assertEquals([missing.kind, missing.code], ["not-found", "ENOENT"]);
    await leaveStale(`${folder}/s`);
    const stale = await assertRejects(
      () => connectWith(unixTransport, `unix:${folder}/s`),
      NetError,
    );
    assertEquals([stale.kind, stale.blame], ["refused", "remote"]);
    const noFolder = await assertRejects(
      () => listenWith(unixTransport, `unix:${folder}/none/s`),
      NetError,
    );
    assertEquals(noFolder.kind, "not-found");
  }));

Deno.test("unix with unread input tells the peer a reset when it is aborted", () =>
  inFolder(async (folder) => {
    await using listener = await listenWith(unixTransport, `unix:${folder}/s`);
    await using near = await connectWith(unixTransport, `unix:${folder}/s`);
    const far = await acceptOne(listener);
    await writeText(near, "unread");
    far.abort();
    const error = await assertRejects(() => readOnce(near), NetError);
    assertEquals(error.kind, "reset");
    await far[Symbol.asyncDispose]();
  }));

Deno.test("unix stops accepting when it is closed", () =>
  inFolder(async (folder) => {
    const listener = await listenWith(unixTransport, `unix:${folder}/s`);
    const accepting = listener.accept();
    await listener[Symbol.asyncDispose]();
    assertEquals(await accepting, null);
    assertEquals(await listener.accept(), null);
  }));

Deno.test("unix sets the backlog and treats a full one as live", () =>
  inFolder(async (folder) => {
    const path = `${folder}/s`;
    await using listener = await listenWith(unixTransport, `unix:${path}?backlog=1`);
    const first = await connectWith(unixTransport, `unix:${path}`);
    const second = await connectWith(unixTransport, `unix:${path}`);
    const error = await assertRejects(() => listenWith(unixTransport, `unix:${path}`), NetError);
    assertEquals(error.kind, "in-use");
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
    await (await acceptOne(listener))[Symbol.asyncDispose]();
    await (await acceptOne(listener))[Symbol.asyncDispose]();
  }));

Deno.test("unix listeners that race for a stale path have one winner, which is reached", () =>
  inFolder(async (folder) => {
    const path = `${folder}/s`;
    for (let round = 0; round < 5; round++) {
      await leaveStale(path);
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, () => listenWith(unixTransport, `unix:${path}`)),
      );
      const won = results.filter((result) => result.status === "fulfilled");
      const lost = results.filter((result) => result.status === "rejected");
      assertEquals(won.length, 1);
      assert(lost.every(({ reason }) => reason instanceof NetError && reason.kind === "in-use"));
      await using near = await connectWith(unixTransport, `unix:${path}`);
      await writeText(near, "x");
      await won[0]?.value[Symbol.asyncDispose]();
      assert(!exists(path));
    }
  }));

Deno.test("unix leaves no descriptor after failed listens and connects", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/s`, "");
    const run = async () => {
      await connectWith(unixTransport, `unix:${folder}/none`).catch(() => {});
      await listenWith(unixTransport, `unix:${folder}/s`).catch(() => {});
    };
    await run();
    const before = (await settle(Deno.pid, () => true)).descriptors;
    for (let i = 0; i < 50; i++) await run();
    await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
  }));
