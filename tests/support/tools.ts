/**
 * Tests against tools that no one here wrote. A missing tool is a counted skip with its reason; with
 * CI=true it is a failure, because there `.ci/run` has installed them all.
 * @module
 */

/** True when every program is found on PATH. */
export function hasTools(...names: readonly string[]): boolean {
  return names.every((name) => find(name) !== null);
}

/** The path of a program on PATH, or null. */
export function find(name: string): string | null {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      const info = Deno.statSync(`${folder}/${name}`);
      if (info.isFile && ((info.mode ?? 0) & 0o111) !== 0) return `${folder}/${name}`;
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
  }
  return null;
}

/** Registers a test that needs foreign tools. */
export function toolTest(
  tools: string | readonly string[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = [tools].flat().filter((tool) => find(tool) === null);
  if (missing.length === 0) return Deno.test(name, fn);
  const reason = `needs ${missing.join(", ")}, not installed`;
  if (Deno.env.get("CI") === "true") {
    Deno.test(name, () => {
      throw new Error(`${reason}; with CI=true that is a failure`);
    });
  } else {
    Deno.test({ name: `${name} (skipped: ${reason})`, ignore: true, fn });
  }
}

/** Registers a test that a machine may be unable to run; `reason` says why, null means it can. */
export function testUnless(
  reason: string | null,
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  if (reason === null) return Deno.test(name, fn);
  Deno.test({ name: `${name} (skipped: ${reason})`, ignore: true, fn });
}

function isAbsence(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.PermissionDenied;
}
