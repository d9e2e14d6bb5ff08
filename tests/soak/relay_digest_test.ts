/**
 * A gigabyte through every kind of relay, one way and both ways at once: `deno task soak`.
 * @module
 */

import { registerDigestTests } from "../support/relay_digest.ts";

registerDigestTests(1024 * 1024 * 1024);
