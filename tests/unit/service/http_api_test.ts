/** The routes of /api. @module */

import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { apiRoutes } from "../../../lib/service/http_api.ts";
import { HttpError } from "../../../lib/service/http_error.ts";

/** Sends a body of one byte. @returns the status, and whether the body was asked for */
async function post(headers: Record<string, string>): Promise<[number, boolean]> {
  const routes = apiRoutes(new VirtualClock(), defaultLimits);
  routes.onError((thrown) => {
    throw thrown;
  });
  let isWanted = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      isWanted = true;
      controller.enqueue(Uint8Array.of(97));
      controller.close();
    },
  }, { highWaterMark: 0 });
  const request = new Request("http://localhost/echo", { method: "POST", headers, body });
  try {
    return [(await routes.fetch(request)).status, isWanted];
  } catch (thrown) {
    if (!(thrown instanceof HttpError)) throw thrown;
    return [thrown.status, isWanted];
  }
}

Deno.test("a body is asked for only where its type and coding are read, and an answer is taken", async () => {
  const type = { "Content-Type": "text/plain" };
  assertEquals(await post(type), [200, true]);
  const identity = { ...type, "Content-Encoding": "Identity" }; // RFC 9110 section 8.4.1: any case
  assertEquals(await post(identity), [200, true]);
  assertEquals(await post({ "Content-Type": "image/png" }), [415, false]);
  assertEquals(await post({}), [415, false]);
  assertEquals(await post({ ...type, "Content-Encoding": "gzip" }), [415, false]);
  assertEquals(await post({ ...type, "Accept": "image/png" }), [406, false]);
  assertEquals(await post({ ...type, "Content-Length": "9999999" }), [413, false]);
});
