import { assertEquals, assertThrows } from "@std/assert";
import { withUmask } from "../../../lib/sys/umask.ts";

Deno.test("a Unix socket is never wider than asked, and the umask comes back", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const before = Deno.umask();
    const path = `${directory}/socket`;
    using _listener = withUmask(0o177, () => Deno.listen({ transport: "unix", path }));
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    assertEquals(Deno.umask(), before);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("the umask comes back when the work fails", () => {
  const before = Deno.umask();
  assertThrows(() => withUmask(0o777, () => Deno.openSync("/nonexistent/x")), Deno.errors.NotFound);
  assertEquals(Deno.umask(), before);
});
