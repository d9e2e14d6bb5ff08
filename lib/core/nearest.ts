/**
 * "Did you mean": the nearest known word, for every error about an unknown name.
 * @module
 */

/** Number of single-character edits between two words, swaps of neighbours counted as one. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(
        (previous[j] ?? 0) + 1,
        (current[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      }
      current.push(least);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/**
 * The known word that is nearest to `word`, or undefined where none is near (more than a third of
 * its letters differ). Hostile words of any length cost nothing: over 64 characters none is near.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of known) {
    const edits = distance(word.toLowerCase(), candidate);
    const prefix = word.length >= 3 && candidate.startsWith(word.toLowerCase());
    const score = prefix ? Math.min(edits, 1) : edits;
    if (score < least && (prefix || edits <= Math.max(1, Math.floor(candidate.length / 3)))) {
      best = candidate;
      least = score;
    }
  }
  return best;
}
