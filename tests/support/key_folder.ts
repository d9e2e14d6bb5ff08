/**
 * A private folder with a key of a link in it.
 * @module
 */

import { type TestFolder, testFolder } from "./folder.ts";

/** `await using` it, as any {@linkcode TestFolder}. */
export interface KeyFolder extends TestFolder {
  /** The path of a key that a link takes. */
  readonly key: string;
  /** Writes random bytes to a file, as keys are; gives its path. */
  write(name: string, mode: number, size?: number): Promise<string>;
}

/** Makes one. */
export async function keyFolder(): Promise<KeyFolder> {
  const folder = await testFolder();
  const write = async (name: string, mode: number, size = 32) => {
    const path = folder.file(name);
    await Deno.writeFile(path, crypto.getRandomValues(new Uint8Array(size)), { mode });
    return path;
  };
  return { ...folder, write, key: await write("key", 0o600) };
}
