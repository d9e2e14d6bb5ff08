/**
 * A row of numbers as a line of blocks.
 * @module
 */

/** The lower blocks of an eighth to a whole (Unicode "Block Elements"). */
const lowestBlock = 0x2581;
const blocks = 8;

/** A probe that was not answered: no bar at all would look like a fast one. */
const miss = "\u00d7";

/**
 * Draws the last values, the largest as a whole block, in exactly so many columns: missing ones are
 * blanks on the left.
 *
 * @param values null for what was not measured
 */
export function sparkLine(values: readonly (number | null)[], columns: number): string {
  const shown = columns > 0 ? values.slice(-columns) : [];
  const measured = shown.filter((value) => value !== null);
  const most = Math.max(...measured, Number.MIN_VALUE);
  const bars = shown.map((value) => {
    if (value === null) return miss;
    const height = Math.max(1, Math.ceil(value / most * blocks));
    return String.fromCodePoint(lowestBlock + Math.min(blocks, height) - 1);
  });
  return bars.join("").padStart(columns);
}
