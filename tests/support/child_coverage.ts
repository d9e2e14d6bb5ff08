/**
 * Which of the programs that tests start tell what they have covered. Each that does costs a hundred
 * files and half as much time again, so only the first few of a test file do; what those do not
 * reach, the tests of the parts reach in this process.
 * @module
 */

const variable = "DENO_COVERAGE_DIR";

/** Programs of a test file that are counted. */
const most = 5;

// The runtime sets it for whatever is started from here, also by what is tested.
const folder = Deno.env.get(variable) ?? Deno.env.get(`PLUMB_TEST_${variable}`);
if (folder !== undefined) {
  Deno.env.set(`PLUMB_TEST_${variable}`, folder);
  Deno.env.delete(variable);
}

let counted = 0;

/** What to add to the environment of one program. */
export function childCoverage(): Record<string, string> {
  return folder === undefined || ++counted > most ? {} : { [variable]: folder };
}
