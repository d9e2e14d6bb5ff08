import { assert, assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../../lib/core/error.ts";
import { createKeyFile, readKeyFile } from "../../../lib/sys/key_file.ts";
import { testFolder } from "../../support/folder.ts";

function failure(act: () => unknown): NetError {
  return assertThrows(act, NetError);
}

function put(path: string, bytes: number, mode = 0o600): void {
  Deno.writeFileSync(path, new Uint8Array(bytes).fill(9));
  Deno.chmodSync(path, mode);
}

Deno.test("a new key file is 32 random bytes that its owner alone can read", async () => {
  await using folder = await testFolder();
  const [one, other] = [folder.file("one"), folder.file("other")];
  createKeyFile(one);
  createKeyFile(other);
  assertEquals(((await Deno.stat(one)).mode ?? 0) & 0o7777, 0o600);
  const key = readKeyFile(one);
  assertEquals(key.length, 32);
  assert(key.some((byte) => byte !== 0));
  assert(key.toHex() !== readKeyFile(other).toHex());
});

Deno.test("no file and no link is replaced by a new key", async () => {
  await using folder = await testFolder();
  const path = folder.file("key");
  put(path, 32);
  const thrown = failure(() => createKeyFile(path));
  assertEquals(
    thrown.message,
    `key file ${path}: there is a file already, and it is kept`,
  );
  const [link, target] = [folder.file("link"), folder.file("target")];
  await Deno.symlink(target, link);
  assertEquals(failure(() => createKeyFile(link)).kind, "in-use");
  assertEquals(failure(() => readKeyFile(target)).kind, "not-found");
  assertEquals(readKeyFile(path)[0], 9, "the old one is untouched");
});

Deno.test("a key file that others can read or write is refused, and the way out is named", async () => {
  await using folder = await testFolder();
  const path = folder.file("key");
  for (const mode of [0o640, 0o604, 0o620, 0o601, 0o666]) {
    put(path, 32, mode);
    const thrown = failure(() => readKeyFile(path));
    assertEquals(thrown.kind, "permission");
    assertEquals(
      thrown.message,
      `key file ${path}: others can read or write it (mode 0${
        mode.toString(8)
      }); chmod 600 ${path}`,
    );
  }
  for (const mode of [0o600, 0o400]) {
    put(path, 32, 0o600);
    await Deno.chmod(path, mode);
    assertEquals(readKeyFile(path).length, 32);
    await Deno.chmod(path, 0o600);
  }
});

Deno.test("a symbolic link is judged by what it leads to", async () => {
  await using folder = await testFolder();
  const [path, link] = [folder.file("key"), folder.file("link")];
  await Deno.symlink(path, link);
  put(path, 32, 0o644);
  assertEquals(failure(() => readKeyFile(link)).kind, "permission");
  await Deno.chmod(path, 0o600);
  assertEquals(readKeyFile(link).length, 32);
});

Deno.test({
  name: "a key file of another user is refused",
  ignore: Deno.uid() !== 0, // only root can give a file away
  async fn() {
    await using folder = await testFolder();
    const path = folder.file("key");
    put(path, 32);
    await Deno.chown(path, 12_345, null);
    const thrown = failure(() => readKeyFile(path));
    assertEquals(thrown.kind, "permission");
    assertEquals(thrown.message, `key file ${path}: it belongs to user 12345, and this is 0`);
  },
});

Deno.test("what is not 32 bytes is no key, and what is no file is not opened", async () => {
  await using folder = await testFolder();
  const path = folder.file("key");
  for (const [bytes, has] of [[0, "0"], [31, "31"], [33, "more than 32"], [9999, "more than 32"]]) {
    put(path, Number(bytes));
    const thrown = failure(() => readKeyFile(path));
    assertEquals(thrown.kind, "usage");
    assertEquals(thrown.reason, `a key is 32 bytes, and the file has ${has}`);
  }
  assertEquals(failure(() => readKeyFile(folder.path)).reason, "not a file");
  assertEquals(failure(() => readKeyFile("/dev/null")).reason, "not a file");
  assertEquals(failure(() => readKeyFile(folder.file("none"))).kind, "not-found");
  assertEquals(failure(() => createKeyFile(folder.file("none/key"))).kind, "not-found");
});
