/**
 * `deno task compile [FOLDER]`: one executable for each kind of server, into `dist/`. Exit status:
 * 0 made; 3 the runtime part that goes into every executable cannot be fetched; 1 anything else.
 * @module
 */

import { compileFailure } from "./compile_failure.ts";
import { root, say } from "./stage.ts";

const targets = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/**
 * What the program may do is fixed in the executable. All of it, because a part would not do: the
 * runtime lets nobody read /proc and /sys, nor open libc, with less than everything allowed.
 */
const permissions = ["--allow-all"];

const folder = Deno.args[0] ?? `${root}dist`;
await Deno.mkdir(folder, { recursive: true });
for (const target of targets) {
  const output = `${folder}/plumb-${target.replace("-unknown-linux-gnu", "")}`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "--frozen",
      ...permissions,
      "--target",
      target,
      "--output",
      output,
      "main.ts",
    ],
    cwd: root,
    env: { NO_COLOR: "1", RUST_BACKTRACE: "0", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "inherit",
    stderr: "piped",
  }).output();
  if (success) {
    const { size } = await Deno.stat(output);
    say(`${output} ${(size / 1e6).toFixed(1)} MB\n`);
    continue;
  }
  const { status, text } = compileFailure(target, new TextDecoder().decode(stderr));
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
  Deno.exit(status);
}
