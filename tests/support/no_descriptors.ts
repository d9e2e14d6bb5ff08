/**
 * A program that has no descriptor left.
 * @module
 */

/**
 * Runs a module that may use up its descriptors, which are few: `useUp()` is there for it, and gives
 * what holds them.
 *
 * @param module text of it; files of this project by `import.meta.resolve`
 * @returns what it said on standard output
 * @throws what it said on standard error
 */
export async function withFewDescriptors(module: string): Promise<string> {
  const given = `
function useUp() {
  const held = [];
  try {
    for (;;) held.push(Deno.openSync("/dev/null"));
  } catch (thrown) {
    if (!/os error 24/.test(thrown.message)) throw thrown; // EMFILE
  }
  return { [Symbol.dispose]: () => held.forEach((file) => file.close()) };
}
`;
  const url = `data:application/javascript,${encodeURIComponent(module + given)}`;
  const deno = [
    Deno.execPath(),
    "run",
    "-A",
    "--quiet",
    "--no-check",
    "--no-lock",
    "--unstable-net",
    url,
  ];
  const { stdout, stderr, success } = await new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 64; exec "$@"', "sh", ...deno],
    signal: AbortSignal.timeout(10_000),
  }).output();
  if (!success || stderr.length > 0) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
