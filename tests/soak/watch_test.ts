/** A watch that runs on: memory and descriptors stay as they are after the first rounds. @module */

import "../support/libc.ts";
import { assert, assertEquals } from "@std/assert";
import { holdings, settle } from "../support/descriptors.ts";
import { startPlumb } from "../support/process.ts";

const targets = 5_000;
const seconds = 60;

Deno.test("two hundred thousand probes leave no memory and no descriptor behind", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-soak-" });
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  try {
    const file = `${folder}/targets.toml`;
    const address = (at: number) => {
      // One in ten is refused: failures must be as free of leftovers as answers.
      const port = at % 10 === 0 ? 1 : listener.addr.port;
      return `[[target]]\naddress = "tcp://127.1.${at >> 8}.${at & 255}:${port}"\n`;
    };
    await Deno.writeTextFile(
      file,
      Array.from({ length: targets }, (_, at) => address(at)).join(""),
    );
    await using plumb = startPlumb(["watch", "--file", file, "--every", "1500ms"], {
      onStdout: () => {},
    });
    await wait(seconds / 2);
    const before = holdings(plumb.pid);
    await wait(seconds);
    const after = await settle(plumb.pid, ({ sockets }) => sockets <= before.sockets);
    const grown = (after.residentBytes - before.residentBytes) / 2 ** 20;
    assert(grown < 20, `${grown} MiB more after ${seconds} s`);
    plumb.signal("SIGUSR2");
    const [, probes] = await plumb.stderrLine(/; (\d+) probes, /);
    assert(Number(probes) > seconds * targets / 2, `${probes} probes`);
    assertEquals((await plumb.stop()).code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function wait(seconds: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, seconds * 1_000));
}
