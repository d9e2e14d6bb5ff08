/**
 * Dates of HTTP (RFC 9110 section 5.6.7): the one form that is written, the three that are read.
 * `Date.parse` is not used: it takes many texts that are no such date, and reads some as local time.
 * @module
 */

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const monthNames = months.join("|");
const clockTime = "(\\d\\d):(\\d\\d):(\\d\\d)";
const longDay = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const shortDay = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const fixdate = new RegExp(`^${shortDay}, (\\d\\d) (${monthNames}) (\\d{4}) ${clockTime} GMT$`);
/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const rfc850 = new RegExp(`^${longDay}, (\\d\\d)-(${monthNames})-(\\d\\d) ${clockTime} GMT$`);
/** `Sun Nov  6 08:49:37 1994` */
const asctime = new RegExp(`^${shortDay} (${monthNames}) ([ \\d]\\d) ${clockTime} (\\d{4})$`);

/** A time (ms since 1970) as it is written; fractions of a second are dropped. */
export function formatHttpDate(atMs: number): string {
  return new Date(atMs).toUTCString();
}

/**
 * Reads a date in any of the three forms.
 *
 * @param nowMs the wall clock: two digits of a year that would be more than 50 years ahead of it are
 * of the century before
 * @returns milliseconds since 1970, or null for what is no such date
 */
export function parseHttpDate(text: string, nowMs: number): number | null {
  const modern = fixdate.exec(text);
  if (modern !== null) {
    const [, day, month, year, ...time] = modern;
    return moment(Number(year), month, day, time);
  }
  const old = rfc850.exec(text);
  if (old !== null) {
    const [, day, month, year, ...time] = old;
    return moment(fullYear(Number(year), nowMs), month, day, time);
  }
  const [, month, day, hour, minute, second, year] = asctime.exec(text) ?? [];
  return year === undefined ? null : moment(Number(year), month, day, [hour, minute, second]);
}

function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - thisYear % 100 + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}

function moment(
  year: number,
  month: string | undefined,
  day: string | undefined,
  time: readonly (string | undefined)[],
): number | null {
  const [hour = 0, minute = 0, second = 0] = time.map(Number);
  // 60 is a leap second, which nothing but its own minute knows.
  if (hour > 23 || minute > 59 || second > 60) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, months.indexOf(month ?? ""), Number(day));
  if (date.getUTCDate() !== Number(day)) return null; // 31 February
  return date.setUTCHours(hour, minute, second);
}
