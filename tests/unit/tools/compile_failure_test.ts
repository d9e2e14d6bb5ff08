/**
 * Which failure of the compiler is which.
 * @module
 */

import { assertEquals } from "@std/assert";
import { compileFailure } from "../../../tools/compile_failure.ts";

const unreachable = `Compile main.ts to dist/plumb
Download https://dl.deno.land/release/v2.9.5/denort-x86_64-unknown-linux-gnu.zip
error: Writing deno compile executable to temporary file 'dist/plumb.tmp-e5a1803695229c19'

Caused by:
    0: Setting up base binary.
    1: error sending request for url (https://dl.deno.land/release/v2.9.5/denort.zip): client error
    2: dns error
    3: failed to lookup address information: Name or service not known

Stack backtrace:
   0: <unknown>
`;

Deno.test("a runtime part that cannot be fetched is said in one line, exit status 3", () => {
  assertEquals(compileFailure("x86_64-unknown-linux-gnu", unreachable), {
    status: 3,
    text: "compile x86_64-unknown-linux-gnu: the runtime part cannot be fetched: " +
      "https://dl.deno.land/release/v2.9.5/denort-x86_64-unknown-linux-gnu.zip: " +
      "failed to lookup address information: Name or service not known",
  });
});

Deno.test("an error of the program is shown whole, exit status 1", () => {
  const said = "Check main.ts\nTS2304 [ERROR]: Cannot find name 'x'.\n";
  assertEquals(compileFailure("t", said), {
    status: 1,
    text: `compile t failed:\n${said.trimEnd()}`,
  });
});
