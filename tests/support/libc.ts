/**
 * Opens libc before any test runs. Import it for its effect where sessions may need FFI: libc is
 * opened once and for the life of the process, which the resource sanitizer would hold against
 * whichever test comes first.
 * @module
 */

import { closeDescriptor } from "../../lib/sys/file.ts";
import { watchErrors } from "../../lib/sys/error_watch.ts";
import { hasLibc } from "../../lib/sys/libc.ts";
import { makeWake, wake } from "../../lib/sys/poll.ts";
import { forgetReadiness, whenReady } from "../../lib/sys/readiness.ts";

if (!hasLibc()) throw new Error("the tests need --allow-ffi");
const wakeable = makeWake();
await watchErrors(wakeable, () => {}).close();
wake(wakeable);
await whenReady(wakeable, "read");
forgetReadiness(wakeable);
closeDescriptor(wakeable);
