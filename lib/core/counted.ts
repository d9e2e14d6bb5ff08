/**
 * How many of something, in words.
 * @module
 */

/** `1 session`, `2 sessions`. @param noun of one, whose plural takes an s */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
