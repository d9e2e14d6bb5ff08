/** Files below a root, on a real file system with hostile things in it. @module */

import { assert, assertEquals } from "@std/assert";
import { findBelow } from "../../lib/service/static_files.ts";
import { holdings, settle } from "../support/descriptors.ts";

/** A root with things inside and outside of it; removed afterwards. */
async function withRoot(work: (root: string, outside: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "plumb-test-" }));
  const [root, outside] = [`${folder}/root`, `${folder}/outside`];
  try {
    for (const path of [root, outside, `${root}/sub`, `${root}/.git`]) await Deno.mkdir(path);
    await Deno.writeTextFile(`${root}/a.txt`, "inside");
    await Deno.writeTextFile(`${root}/sub/b.txt`, "below");
    await Deno.writeTextFile(`${root}/.git/config`, "hidden");
    await Deno.writeTextFile(`${outside}/secret`, "secret");
    // Its name begins as the root's does.
    await Deno.mkdir(`${root}-other`);
    await Deno.writeTextFile(`${root}-other/secret`, "secret");
    await work(root, outside);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function read(root: string, ...names: string[]): Promise<string | null> {
  const found = findBelow(root, names);
  if (found.kind !== "file") return found.kind === "folder" ? "folder" : null;
  const bytes = new Uint8Array(found.size);
  assertEquals(await found.read(bytes, 0), found.size);
  found.close();
  return new TextDecoder().decode(bytes);
}

Deno.test("files and folders below the root are found", () =>
  withRoot(async (root) => {
    assertEquals(await read(root, "a.txt"), "inside");
    assertEquals(await read(root, "sub", "b.txt"), "below");
    assertEquals(await read(root), "folder");
    assertEquals(await read(root, "sub"), "folder");
    assertEquals(await read(root, "none"), null);
    assertEquals(await read(root, "a.txt", "b"), null);
    assertEquals(await read(root, "x".repeat(300)), null);
  }));

Deno.test("links are followed within the root, and out of it or to hidden files never", () =>
  withRoot(async (root, outside) => {
    const links: [string, string][] = [
      ["in", "a.txt"],
      ["in-folder", "sub"],
      ["out", `${outside}/secret`],
      ["out-folder", outside],
      ["up", "../outside/secret"],
      ["twin", `${root}-other/secret`],
      ["hidden", ".git/config"],
      ["loop", "loop"],
      ["dangling", "none"],
      ["proc", "/proc/self/root/etc/passwd"],
    ];
    for (const [name, target] of links) await Deno.symlink(target, `${root}/${name}`);
    assertEquals(await read(root, "in"), "inside");
    assertEquals(await read(root, "in-folder", "b.txt"), "below");
    for (const name of ["out", "up", "twin", "hidden", "loop", "dangling", "proc"]) {
      assertEquals(await read(root, name), null, name);
    }
    assertEquals(await read(root, "out-folder"), null);
    assertEquals(await read(root, "out-folder", "secret"), null);
  }));

Deno.test("what is no regular file is nothing, and does not hold anybody up", () =>
  withRoot(async (root) => {
    await new Deno.Command("mkfifo", { args: [`${root}/pipe`] }).output();
    using _socket = Deno.listen({ transport: "unix", path: `${root}/socket` });
    await Deno.symlink("/dev/zero", `${root}/zero`);
    for (const name of ["pipe", "socket", "zero"]) assertEquals(await read(root, name), null, name);
  }));

Deno.test("while names are swapped for links, nothing from outside is ever read", () =>
  withRoot(async (root, outside) => {
    await Deno.writeTextFile(`${outside}/b.txt`, "secret");
    const before = holdings().descriptors;
    let isSwapping = true;
    const swap = async () => {
      while (isSwapping) {
        await Deno.rename(`${root}/sub`, `${root}/parked`);
        await Deno.symlink(outside, `${root}/sub`);
        await Deno.remove(`${root}/sub`);
        await Deno.rename(`${root}/parked`, `${root}/sub`);
      }
    };
    const swapping = swap();
    const seen = new Set<string | null>();
    // Swapping goes on in threads; after each look it has its turn to begin the next step.
    for (let round = 0; round < 3_000 && (round < 300 || seen.size < 2); round++) {
      seen.add(await read(root, "sub", "b.txt"));
      await Deno.lstat(root);
    }
    isSwapping = false;
    await swapping;
    assert(!seen.has("secret"));
    assert(seen.has("below"));
    await settle(Deno.pid, ({ descriptors }) => descriptors <= before);
  }));
