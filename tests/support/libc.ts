/**
 * Opens libc before any test runs. Import it for its effect where sessions may need FFI: libc is
 * opened once and for the life of the process, which the resource sanitizer would hold against
 * whichever test comes first.
 * @module
 */

import { closeDescriptor } from "../../lib/sys/file.ts";
import { hasLibc } from "../../lib/sys/libc.ts";
import { makeWake } from "../../lib/sys/poll.ts";

if (!hasLibc()) throw new Error("the tests need --allow-ffi");
closeDescriptor(makeWake());
