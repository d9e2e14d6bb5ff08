/**
 * The version of the program. A constant, not an import of deno.json: reading and parsing that
 * file at each start would cost more than the whole of `plumb version`. A test compares the two.
 * @module
 */

/** Version of plumb, as in deno.json. */
export const version = "0.1.0";
