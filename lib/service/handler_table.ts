/**
 * Every handler service. Adding one is a file and a row here; the file itself is loaded when the
 * service is opened, so that `serve echo` does not pay for the packages of `serve http`.
 * @module
 */

import type { HandlerService } from "./handler.ts";

/** The handler services by the name that `plumb serve` takes; without a prototype. */
export const handlerServices: Readonly<Record<string, HandlerService>> = Object.freeze(
  Object.assign(Object.create(null), {}),
);
