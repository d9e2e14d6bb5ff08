/**
 * What a benchmark is here: contenders measured in turn, round by round, in one run; medians; and
 * claims, ratios of medians with the target that the project set itself. Never part of any test.
 * @module
 */

/** A claim about a benchmark, with what it should be. */
export interface Claim {
  readonly text: string;
  readonly value: number;
  readonly target: { readonly atLeast: number } | { readonly atMost: number };
}

/** The samples of one contender. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly number[];
}

/** What came of a benchmark; without claims when it could not run. */
export interface Row {
  readonly name: string;
  readonly measured: readonly Measured[];
  readonly claims: readonly Claim[];
  /** Why it could not run. */
  readonly skipped?: string;
}

/** A benchmark. */
export interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** Programs it cannot do without. */
  readonly tools: readonly string[];
  /** `work` is a folder of its own, removed afterwards. */
  run(rounds: number, work: string): Promise<Pick<Row, "measured" | "claims">>;
}

/** Something that can be measured once. */
export interface Contender {
  readonly name: string;
  measure(): Promise<number>;
}

/**
 * Measures all contenders once per round, so that what the machine does besides falls on all of
 * them alike. A first round warms caches and just-in-time compilers, and is not counted.
 */
export async function alternate(
  contenders: readonly Contender[],
  rounds: number,
  unit: string,
): Promise<Measured[]> {
  const samples = contenders.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const sample = await contender.measure();
      if (round > 0) samples[index]?.push(sample);
    }
  }
  return contenders.map(({ name }, index) => ({ name, unit, samples: samples[index] ?? [] }));
}

/** The middle sample; of an even number, the mean of the two. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? NaN : (low + high) / 2;
}

/** The ratio of two contenders' medians. */
export function ratio(measured: readonly Measured[], of: string, to: string): number {
  const samples = (name: string) => measured.find((one) => one.name === name)?.samples ?? [];
  return median(samples(of)) / median(samples(to));
}

/** True when the value is within its target. */
export function isMet({ value, target }: Claim): boolean {
  return "atLeast" in target ? value >= target.atLeast : value <= target.atMost;
}

/** A row as text: its medians with their spread, then its claims. */
export function rowText({ name, measured, claims, skipped }: Row): string {
  const lines = [name];
  if (skipped !== undefined) lines.push(`  skipped: ${skipped}`);
  for (const { name, unit, samples } of measured) {
    const spread = `${Math.min(...samples).toFixed(1)} .. ${Math.max(...samples).toFixed(1)}`;
    const middle = median(samples).toFixed(1).padStart(9);
    lines.push(`  ${name.padEnd(28)} ${middle} ${unit.padEnd(9)} (${spread})`);
  }
  for (const claim of claims) {
    const { text, value, target } = claim;
    const wanted = "atLeast" in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`;
    const verdict = isMet(claim) ? "met" : "MISSED";
    lines.push(`  ${text.padEnd(44)} ${value.toFixed(2).padStart(7)}  ${wanted}  ${verdict}`);
  }
  return `${lines.join("\n")}\n`;
}

/** A row as a value for machines. */
export function rowJson(row: Row): unknown {
  return {
    name: row.name,
    ...(row.skipped === undefined ? {} : { skipped: row.skipped }),
    measured: row.measured.map((one) => ({ ...one, median: median(one.samples) })),
    claims: row.claims.map((claim) => ({ ...claim, met: isMet(claim) })),
  };
}
