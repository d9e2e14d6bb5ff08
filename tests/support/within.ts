/**
 * A bound on waiting: a test that waits for what never comes fails by itself, and cleans up.
 * @module
 */

/**
 * The result of `work`, if it comes in time.
 *
 * @param complaint what to say where it does not; asked then
 * @param timeoutMs default 20,000: no test waits so long for anything that comes at all
 * @throws Error with the complaint
 */
export async function within<T>(
  work: Promise<T>,
  complaint: () => string,
  timeoutMs = 20_000,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`within ${timeoutMs} ms: ${complaint()}`));
  }, timeoutMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
