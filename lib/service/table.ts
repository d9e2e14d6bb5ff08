/**
 * Every byte service. Adding one is a file and a line here.
 * @module
 */

import { chargen } from "./chargen.ts";
import type { ServiceRow } from "./contract.ts";
import { daytime } from "./daytime.ts";
import { discard } from "./discard.ts";
import { echo } from "./echo.ts";
import { pingpong } from "./pingpong.ts";
import { time } from "./time.ts";
import { upper } from "./upper.ts";

/**
 * The services by the name that `plumb serve` takes. Without a prototype: `constructor` is no
 * service.
 */
export const services: Readonly<Record<string, ServiceRow>> = Object.freeze(
  Object.assign(Object.create(null), { echo, upper, discard, chargen, daytime, time, pingpong }),
);
