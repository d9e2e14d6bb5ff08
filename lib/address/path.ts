/**
 * Endpoints that are named by a path: `unix unixgram file fifo`.
 * @module
 */

import type { PathAddress } from "../core/address.ts";
import { quote } from "../core/error.ts";
import { decodeText, encodePath } from "./percent.ts";
import { readQuery } from "./query.ts";
import { type Body, byteLength, type Source, write } from "./source.ts";

/** sun_path has 108 bytes: a path ends in NUL, an abstract name begins with it (unix(7)). */
const longestSocketName = 107;

/**
 * Reads a path and its options. `scheme:///path` is `scheme:/path`; a host between the slashes is
 * refused, and `unix://rel` with it, for nobody can tell which of two paths it means.
 *
 * @throws {AddressError}
 */
export function readPath(scheme: PathAddress["scheme"], body: Body): PathAddress {
  const { source, passive } = body;
  const end = source.find("?", body.start, source.text.length);
  const start = skipAuthority(scheme, source, body.start, end);
  const socket = scheme === "unix" || scheme === "unixgram";
  // Only a raw @ marks an abstract name: "%40x" is the file of that name, as "./@x" is.
  const abstract = socket && source.text.charAt(start) === "@";
  const first = abstract ? start + 1 : start;
  const path = decodeText(source, first, end);
  if (path === "") {
    throw source.error(
      first,
      abstract ? "no name" : "no path",
      write(
        `${source.text.slice(0, first)}${abstract ? "NAME" : "PATH"}`,
      ),
    );
  }
  if (socket) checkLength(source, first, path, abstract);
  const options = readQuery(source, end + 1, source.text.length);
  return { scheme, passive, path, ...(abstract ? { abstract } : {}), options };
}

function skipAuthority(scheme: string, source: Source, start: number, end: number): number {
  if (!source.text.startsWith("//", start)) return start;
  if (source.text.charAt(start + 2) === "/") return start + 2;
  const rest = source.text.slice(start + 2, end);
  const prefix = source.text.slice(0, start);
  const hint = `${write(`${prefix}${rest}`)} or ${quote(`${prefix}/${rest}`)}`;
  throw source.error(start, `${scheme}:// is followed by an absolute path`, hint);
}

function checkLength(source: Source, at: number, path: string, abstract: boolean): void {
  const bytes = byteLength(path);
  if (bytes <= longestSocketName) return;
  const what = abstract ? "an abstract name" : "a Unix socket path";
  throw source.error(
    at,
    `${what} of ${bytes} bytes, over ${longestSocketName}`,
    abstract ? undefined : "use a shorter or a relative path",
  );
}

/** Prints the path, so that the same path is read again. */
export function formatPath({ path, abstract }: PathAddress): string {
  const text = encodePath(path);
  if (abstract === true) return `@${text}`;
  if (text.startsWith("@")) return `%40${text.slice(1)}`;
  // "//x" after the scheme's colon would begin a host: the long form keeps both slashes.
  return text.startsWith("//") ? `//${text}` : text;
}
