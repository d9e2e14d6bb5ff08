/**
 * Nothing is lost: what `deno task soak` sends by the gigabyte, at a quarter of the size. Serial,
 * because it fills both cores, and timers of other tests would wait for it.
 * @module
 */

import { registerDigestTests } from "../support/relay_digest.ts";

registerDigestTests(256 * 1024 * 1024);
