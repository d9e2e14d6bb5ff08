import { assertEquals } from "@std/assert";
import { ErrorOutput } from "../../../lib/cli/error_output.ts";
import { progressLine, showProgress } from "../../../lib/cli/progress.ts";
import { approximateDuration, approximateSize } from "../../../lib/cli/quantity.ts";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { fakeHost, type FakeHostOptions } from "../../support/host.ts";

const up = "\u001b[1A\u001b[K";

async function shown(options: FakeHostOptions, wanted: boolean, lastsMs: number): Promise<string> {
  const clock = new VirtualClock();
  const host = fakeHost({ clock, ...options });
  {
    using _ = showProgress(host, new ErrorOutput(host), {
      bytes: () => clock.now() * 1024,
      wanted,
    });
    await clock.advance(lastsMs);
  }
  assertEquals(clock.pending, 0);
  return host.errors();
}

Deno.test("progress replaces its line on a terminal, and leaves the last one", async () => {
  assertEquals(
    await shown({ errorIsTerminal: true }, true, 1600),
    "0.98 MiB, 0.98 MiB/s\n" +
      `${up}1.46 MiB, 0.98 MiB/s\n` +
      `${up}1.56 MiB in 1.60s, 0.98 MiB/s\n`,
  );
});

Deno.test("short work shows nothing", async () => {
  assertEquals(await shown({ errorIsTerminal: true }, true, 900), "");
});

Deno.test("progress shows nothing off a terminal, beside data on it, or unasked", async () => {
  assertEquals(await shown({}, true, 5000), "");
  assertEquals(await shown({ errorIsTerminal: true, outputIsTerminal: true }, true, 5000), "");
  assertEquals(await shown({ errorIsTerminal: true }, false, 5000), "");
});

Deno.test("a line of the log takes the status away and puts it back", () => {
  const host = fakeHost({ errorIsTerminal: true, columns: 10 });
  const errors = new ErrorOutput(host);
  errors.status("1234567890123");
  errors.line("said");
  errors.status("12345678901");
  errors.endStatus();
  errors.line("after");
  // Cut to the terminal: a line that wraps could not be erased.
  assertEquals(host.errors(), `123456789\n${up}said\n123456789\nafter\n`);
});

Deno.test("time left is shown where the end is known", () => {
  assertEquals(progressLine(1024, 512, 2048), "1.00 KiB of 2.00 KiB, 512 B/s, 2.00s left");
  assertEquals(progressLine(1024, 0, 2048), "1.00 KiB of 2.00 KiB, 0 B/s");
  assertEquals(progressLine(1024, 0), "1.00 KiB, 0 B/s");
});

Deno.test("sizes and durations have three digits and never a rounded-up thousand", () => {
  const sizes: ReadonlyArray<readonly [number, string]> = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.00 KiB"],
    [10_239, "10.0 KiB"],
    [1024 * 999, "999 KiB"],
    [1024 * 1023, "1.00 MiB"],
    [5 * 2 ** 40, "5.00 TiB"],
    [5000 * 2 ** 40, "5000 TiB"],
  ];
  for (const [bytes, text] of sizes) assertEquals(approximateSize(bytes), text);
  const durations: ReadonlyArray<readonly [number, string]> = [
    [0, "0.00ms"],
    [0.4242, "0.42ms"],
    [12.34, "12.3ms"],
    [999.4, "999ms"],
    [999.6, "1.00s"],
    [59_949, "59.9s"],
    [59_951, "1m0s"],
    [125_000, "2m5s"],
    [3_599_600, "1h0m"],
    [12_000_000, "3h20m"],
  ];
  for (const [ms, text] of durations) assertEquals(approximateDuration(ms), text);
});
