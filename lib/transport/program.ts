/**
 * Looking for a program as execvp(3) does, without starting it.
 * @module
 */

/**
 * @param program a name to be looked for in PATH, or a path with a slash in it
 * @returns null where it can be started, else the error that starting it would give
 */
export function findProgram(program: string): Error | null {
  const paths = program.includes("/")
    ? [program]
    : (Deno.env.get("PATH") ?? "/bin:/usr/bin").split(":").map((folder) =>
      `${folder === "" ? "." : folder}/${program}`
    );
  let denied = false;
  for (const path of paths) {
    try {
      const { isFile, mode } = Deno.statSync(path);
      // Any x bit, as root needs; a wrong one of the three is the kernel's to refuse.
      if (isFile && (mode === null || (mode & 0o111) !== 0)) return null;
      denied = true;
    } catch (thrown) {
      if (thrown instanceof Deno.errors.PermissionDenied) denied = true;
    }
  }
  // As execvp(3): EACCES of one folder is told only if no other has the program.
  return denied
    ? new Deno.errors.PermissionDenied("not executable")
    : new Deno.errors.NotFound("no such program");
}
