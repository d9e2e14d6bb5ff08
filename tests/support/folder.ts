/**
 * A private folder for the sockets and files of one test.
 * @module
 */

/** `await using` it: it is removed with all that is in it. */
export interface TestFolder extends AsyncDisposable {
  readonly path: string;
  /** The path of a name in it. */
  file(name: string): string;
}

/** Makes one. The path stays short: that of a Unix socket has at most 107 bytes. */
export async function testFolder(): Promise<TestFolder> {
  const path = await Deno.makeTempDir({ prefix: "plumb-" });
  return {
    path,
    file: (name) => `${path}/${name}`,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** Works in one, as a function: for tests that are nothing else. */
export async function withFolder(work: (path: string) => Promise<void>): Promise<void> {
  await using folder = await testFolder();
  await work(folder.path);
}
