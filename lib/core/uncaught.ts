/**
 * Calling what the program gave to be told by.
 * @module
 */

/**
 * Calls it. What it throws is the program's own error and is reported as an uncaught one, as with a
 * listener of an EventTarget (HTML, "report an exception"): passed on, it would break whoever tells
 * in the middle of a step; swallowed, nobody would ever know.
 */
export function reportThrown(call: () => void): void {
  try {
    call();
  } catch (thrown) {
    reportError(thrown);
  }
}
