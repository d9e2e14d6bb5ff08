/**
 * The program: process in, exit status out. Everything else is behind `run`.
 * @module
 */

import { run } from "./lib/cli/run.ts";
import { denoHost } from "./lib/sys/host.ts";

const host = denoHost();
// An explicit exit: standard input that is being read would keep the process alive.
host.exit(await run(Deno.args, host));
