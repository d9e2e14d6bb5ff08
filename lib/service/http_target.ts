/**
 * Request target (RFC 9112 section 3.2) -> the names below the root that it asks for. The raw text
 * is read, not a parsed URL: a URL parser resolves `..` and turns `\` into `/`, and what it made of
 * a hostile path can no longer be refused.
 * @module
 */

/** Where a request target points, still encoded. */
export interface RequestTarget {
  /** Begins with `/`; percent escapes as the client wrote them. */
  readonly path: string;
  /** With its `?`, or "". */
  readonly query: string;
}

/** The names of a path, or why there are none. */
export type PathNames =
  | { readonly names: readonly string[]; readonly directory: boolean }
  | { readonly refused: "malformed" | "hidden" };

/** RFC 3986 section 3.3, and what browsers send unescaped all the same; no space, no control. */
const printable = /^[\x21-\x7e]+$/;

/**
 * Reads the origin form (`/a?b`) and the absolute form (`http://host/a?b`), which every server must
 * take (RFC 9112 section 3.2.2).
 *
 * @returns null for anything else
 */
export function readTarget(text: string): RequestTarget | null {
  if (!printable.test(text)) return null;
  let origin = text;
  if (!text.startsWith("/")) {
    const [scheme = ""] = /^https?:\/\/[^/?#]+/i.exec(text) ?? [];
    if (scheme === "") return null;
    origin = text.slice(scheme.length);
    if (!origin.startsWith("/")) origin = `/${origin}`;
  }
  // A fragment is never sent by anyone in earnest.
  if (origin.includes("#")) return null;
  const question = origin.indexOf("?");
  if (question < 0) return { path: origin, query: "" };
  return { path: origin.slice(0, question), query: origin.slice(question) };
}

/**
 * Decodes a path once and takes it apart. Refused are: escapes that are none or no UTF-8, NUL and
 * other controls, backslashes, a `/` that was escaped, `.` and `..` in any writing, empty names, and
 * names that begin with a dot. What was escaped twice stays escaped once: a name with `%` in it.
 *
 * @param path as `readTarget` gives it
 */
export function namesOf(path: string): PathNames {
  const parts = path.slice(1).split("/");
  const directory = parts.at(-1) === "";
  if (directory) parts.pop();
  const names: string[] = [];
  for (const part of parts) {
    const name = decoded(part);
    // deno-lint-ignore no-control-regex -- control characters are what is looked for
    if (name === null || name === "" || /[/\\\u0000-\u001f\u007f]/.test(name)) {
      return { refused: "malformed" };
    }
    if (isHidden(name)) return { refused: "hidden" };
    names.push(name);
  }
  return { names, directory };
}

/** True for names that are not shown: `.git`, and with them `.` and `..`. */
export function isHidden(name: string): boolean {
  return name.startsWith(".");
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null; // URIError is the only thing that it throws
  }
}
