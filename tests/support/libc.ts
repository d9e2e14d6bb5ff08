/**
 * Opens libc before any test runs. Import it for its effect where sessions may need FFI: libc is
 * opened once and for the life of the process, which the resource sanitizer would hold against
 * whichever test comes first.
 * @module
 */

import { hasLibc } from "../../lib/sys/libc.ts";

if (!hasLibc()) throw new Error("the tests need --allow-ffi");
