/**
 * Daytime (RFC 867): the date and the time as a line for people.
 * @module
 */

import type { ServiceRow } from "./contract.ts";
import { OnceMachine } from "./once.ts";

// Not Intl: the text of a protocol must not follow the locale or the version of its data.
const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/**
 * The line in the first form that RFC 867 suggests, `Weekday, Month Day, Year Time-Zone`, always in
 * UTC: `Tuesday, February 22, 1982 17:37:43-UTC`.
 *
 * @param wallMs milliseconds since 1970
 */
export function daytimeLine(wallMs: number): string {
  const date = new Date(wallMs);
  const time = date.toISOString().slice(11, 19);
  const weekday = weekdays[date.getUTCDay()];
  const month = months[date.getUTCMonth()];
  return `${weekday}, ${month} ${date.getUTCDate()}, ${date.getUTCFullYear()} ${time}-UTC\r\n`;
}

const encoder = new TextEncoder();

/** The daytime service, RFC 867. */
export const daytime: ServiceRow = {
  name: "daytime",
  summary: "says the date and the time (UTC) in words, then ends",
  rfc: "RFC 867",
  port: 13,
  stream: true,
  datagram: true,
  options: [],
  make: (setup) => new OnceMachine(setup, () => encoder.encode(daytimeLine(setup.clock.wall()))),
};
