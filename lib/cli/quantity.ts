/**
 * Quantities for the eye: three digits are enough. What must be read back (options, plans) is
 * printed without loss by address/value.ts instead.
 * @module
 */

const sizeSteps = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `512 B`, `1.5 KiB`, `12.3 MiB`. */
export function approximateSize(bytes: number): string {
  let value = bytes;
  let step = 0;
  // Whole bytes up to 1023, then three digits: 1000 KiB is 0.98 MiB.
  while (value >= 999.5 && step < sizeSteps.length - 1 && (step > 0 || value >= 1024)) {
    value /= 1024;
    step++;
  }
  return `${step === 0 ? Math.round(value) : threeDigits(value)} ${sizeSteps[step]}`;
}

/** `12.3 MiB/s`. @param bytesPerSecond bytes a second */
export function approximateRate(bytesPerSecond: number): string {
  return `${approximateSize(bytesPerSecond)}/s`;
}

/** `0.42ms`, `12.3ms`, `1.23s`, `2m5s`, `3h20m`. */
export function approximateDuration(durationMs: number): string {
  if (durationMs < 999.5) return `${threeDigits(durationMs)}ms`;
  if (durationMs < 59_950) return `${threeDigits(durationMs / 1000)}s`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
