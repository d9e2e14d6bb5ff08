/**
 * A server at an address that another one of this process has just given up.
 * @module
 */

import { serve } from "../../lib/api/serve.ts";
import type { RunningServer } from "../../lib/api/running.ts";
import { realClock, sleep } from "../../lib/core/clock.ts";
import { NetError } from "../../lib/core/error.ts";

/**
 * Serves there as soon as the address is free. Whatever program another test starts holds every
 * descriptor of this process between its fork and its exec, a listener that was closed included.
 *
 * @throws what `serve` throws; after two seconds that the address is in use, too
 */
export async function serveAgain(service: string, address: string): Promise<RunningServer> {
  for (let attempt = 0;; attempt++) {
    try {
      return await serve(service, address);
    } catch (thrown) {
      const isHeld = thrown instanceof NetError && thrown.kind === "in-use";
      if (!isHeld || attempt === 100) throw thrown;
      await sleep(realClock, 20);
    }
  }
}
