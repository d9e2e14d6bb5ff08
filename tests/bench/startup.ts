/**
 * How long `plumb version` takes from the checkout, against the runtime with an empty file.
 * @module
 */

import { root, run } from "../support/process.ts";
import { alternate, type Benchmark, type Contender, ratio } from "./harness.ts";

/** Named after what it does. */
export const startup: Benchmark = {
  name: "startup",
  about: "plumb version from the checkout, against deno run of an empty file",
  tools: [],
  async run(rounds, work) {
    await Deno.writeTextFile(`${work}/empty.ts`, "");
    const timed = (...args: string[]) => async (): Promise<number> => {
      const began = performance.now();
      const { code, stderr } = await run([Deno.execPath(), "run", "--allow-all", ...args]);
      if (code !== 0) throw new Error(stderr);
      return performance.now() - began;
    };
    const contenders: Contender[] = [
      { name: "plumb version", measure: timed(`${root}main.ts`, "version") },
      { name: "deno run empty.ts", measure: timed(`${work}/empty.ts`) },
    ];
    // Short samples are noisy and cheap: ten times as many.
    const measured = await alternate(contenders, rounds * 10, "ms");
    return {
      measured,
      claims: [{
        text: "plumb version / deno run empty.ts",
        value: ratio(measured, "plumb version", "deno run empty.ts"),
        target: { atMost: 3.5 },
      }],
    };
  },
};
