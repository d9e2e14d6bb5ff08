/**
 * Errors that carry operation, address, cause and whose fault it is; meaning is never recovered
 * from message text.
 * @module
 */

/** What went wrong, as one word. The exit status follows from it (`cli/exit.ts`). */
export type ErrorKind =
  /* before anything was opened: exit 2 */
  | "usage"
  | "address"
  | "option"
  | "exposure"
  /* could not resolve, connect or listen: exit 3 */
  | "resolve"
  | "refused"
  | "unreachable"
  | "timeout"
  | "in-use"
  | "not-found"
  | "unavailable"
  /* after it was open: exit 4 */
  | "reset"
  | "broken"
  | "aborted"
  | "dead"
  | "idle"
  | "too-large"
  | "limit"
  | "protocol"
  | "local-write"
  /* not allowed: exit 5 */
  | "permission"
  | "authentication"
  /* below what was asked: exit 6 */
  | "result"
  /* what an acceptor survives; never reaches a user as it is */
  | "transient"
  | "exhausted"
  /* ended by a signal: exit 128 + N */
  | "signal"
  /* a bug or something unexpected: exit 1 */
  | "unexpected";

/** One address that was tried in vain. */
export interface Attempt {
  /** `[::1]:5432`, `unix:/run/x`. */
  readonly address: string;
  /** `connection refused (ECONNREFUSED)`. */
  readonly message: string;
  /** Name of the system's error number, where the system refused it. */
  readonly code?: string;
  /** How long it took to fail, in milliseconds. */
  readonly durationMs?: number;
}

/** What `NetError` is made from. */
export interface NetErrorInit {
  /** What callers branch on, and the exit status follows from. */
  readonly kind: ErrorKind;
  /** The operation: `connect`, `listen`, `read`, `resolve` and so on. */
  readonly op: string;
  /** The cause in words, lower case, without a full stop: `connection refused`. */
  readonly message: string;
  /** The endpoint in the address language. */
  readonly address?: string;
  /** Name of the system's error number: `ECONNREFUSED`. */
  readonly code?: string;
  /** What the user can do: follows the cause after a semicolon. */
  readonly hint?: string;
  /** Whose fault it is; default "local". */
  readonly blame?: "local" | "remote";
  /** Every address that was tried before giving up, in order; default none. */
  readonly attempts?: readonly Attempt[];
  /** What was thrown underneath; shown with `-vv` only. */
  readonly cause?: unknown;
}

/**
 * Any failure that plumb foresees. `message` is the whole line without the `plumb: ` before it:
 * operation, address, cause, code, hint.
 */
export class NetError extends Error {
  /** For stack traces; tell errors apart by `kind`. */
  override readonly name: string = "NetError";
  /** What went wrong, as one word. */
  readonly kind: ErrorKind;
  /** The operation that failed: `connect`, `listen`, `read`. */
  readonly op: string;
  /** The endpoint in the address language, where the operation had one. */
  readonly address: string | undefined;
  /** Name of the system's error number (`ECONNREFUSED`), where there was one. */
  readonly code: string | undefined;
  /** What the user can do about it. */
  readonly hint: string | undefined;
  /** Whose fault it is: a retry policy counts only what the peer did. */
  readonly blame: "local" | "remote";
  /** Every address that was tried in vain; empty where it was not about several. */
  readonly attempts: readonly Attempt[];
  /** The cause alone: `connection refused`. */
  readonly reason: string;

  /** Composes `message` from the parts; controls in them are not escaped (see `quote`). */
  constructor(init: NetErrorInit) {
    super(lineOf(init), { cause: init.cause });
    this.kind = init.kind;
    this.op = init.op;
    this.address = init.address;
    this.code = init.code;
    this.hint = init.hint;
    this.blame = init.blame ?? "local";
    this.attempts = init.attempts ?? [];
    this.reason = init.message;
  }
}

function lineOf(init: NetErrorInit): string {
  const subject = init.address ? `${init.op} ${init.address}` : init.op;
  const code = init.code ? ` (${init.code})` : "";
  const hint = init.hint ? `; ${init.hint}` : "";
  return `${subject}: ${init.message}${code}${hint}`;
}

/**
 * What a call on something that was closed or aborted here ends with: kind "aborted".
 *
 * @param cause what `abort` was given
 */
export function closedHere(
  what: "session" | "socket",
  op: string,
  address?: string,
  cause?: unknown,
): NetError {
  return new NetError({
    kind: "aborted",
    op,
    message: `the ${what} was closed on this side`,
    ...(address === undefined ? {} : { address }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A text that is no address, with the place where it went wrong. */
export class AddressError extends NetError {
  /** For stack traces; `kind` is "address" or "option". */
  override readonly name: string = "AddressError";
  /** Offset of the fault in the text, in UTF-16 code units. */
  readonly offset: number;

  /**
   * Quotes the text for a terminal: escaped, and cut at 80 characters.
   *
   * @param text the whole of what was read
   * @param offset in it, in UTF-16 code units
   * @param message what is wrong, without the text
   * @param hint what to write instead
   */
  constructor(
    text: string,
    offset: number,
    message: string,
    hint?: string,
    kind: "address" | "option" = "address",
  ) {
    super({ kind, op: "address", address: quote(text), message, ...(hint ? { hint } : {}) });
    this.offset = offset;
  }
}

/** Hostile text goes to a terminal: at most 80 characters, control characters escaped. */
export function quote(text: string): string {
  return escapeControls(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}

/**
 * What a terminal obeys instead of showing: control characters, line separators, marks that turn
 * the direction of text around (CVE-2021-42574), and lone surrogates.
 */
const unshown =
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udfff]/gu;

/** Control characters and their kin as `\xNN` and `\uNNNN`. */
export function escapeControls(text: string): string {
  return text.replace(unshown, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Error numbers that plumb meets, as kind and words. */
const systemErrors: Readonly<Record<string, { kind: ErrorKind; message: string }>> = {
  EACCES: { kind: "permission", message: "permission denied" },
  EPERM: { kind: "permission", message: "operation not permitted" },
  EADDRINUSE: { kind: "in-use", message: "address in use" },
  EADDRNOTAVAIL: { kind: "unavailable", message: "address not available on this machine" },
  EAFNOSUPPORT: { kind: "unavailable", message: "address family not supported" },
  ECONNABORTED: { kind: "reset", message: "connection aborted" },
  ECONNREFUSED: { kind: "refused", message: "connection refused" },
  ECONNRESET: { kind: "reset", message: "connection reset by peer" },
  EDQUOT: { kind: "local-write", message: "disk quota exceeded" },
  EDESTADDRREQ: { kind: "broken", message: "destination address required" },
  EFBIG: { kind: "local-write", message: "file too large for its limit (ulimit -f)" },
  EHOSTUNREACH: { kind: "unreachable", message: "no route to host" },
  EIO: { kind: "broken", message: "input or output error" },
  EISDIR: { kind: "unavailable", message: "is a directory" },
  ELOOP: { kind: "unavailable", message: "too many symbolic links" },
  EMFILE: { kind: "exhausted", message: "too many open files" },
  EMSGSIZE: { kind: "too-large", message: "message too long" },
  ENAMETOOLONG: { kind: "unavailable", message: "file name too long" },
  ENETDOWN: { kind: "unreachable", message: "network is down" },
  ENETUNREACH: { kind: "unreachable", message: "network is unreachable" },
  ENFILE: { kind: "exhausted", message: "too many open files in the system" },
  ENOBUFS: { kind: "exhausted", message: "no buffer space" },
  ENODEV: { kind: "unavailable", message: "no such device" },
  ENOENT: { kind: "not-found", message: "no such file or directory" },
  ENOMEM: { kind: "exhausted", message: "out of memory" },
  ENOSPC: { kind: "local-write", message: "no space left on device" },
  ENOTCONN: { kind: "reset", message: "not connected" },
  ENOTDIR: { kind: "not-found", message: "not a directory" },
  ENXIO: { kind: "unavailable", message: "no such device or address" },
  EPIPE: { kind: "broken", message: "broken pipe" },
  EPROTOTYPE: { kind: "unavailable", message: "wrong socket type for this path" },
  EROFS: { kind: "permission", message: "read-only file system" },
  ETIMEDOUT: { kind: "timeout", message: "connection timed out" },
  ETXTBSY: { kind: "unavailable", message: "text file busy" },
};

/** Names of errors that the runtime throws without a code. */
const runtimeNames: Readonly<Record<string, string>> = {
  AddrInUse: "EADDRINUSE",
  AddrNotAvailable: "EADDRNOTAVAIL",
  BrokenPipe: "EPIPE",
  ConnectionAborted: "ECONNABORTED",
  ConnectionRefused: "ECONNREFUSED",
  ConnectionReset: "ECONNRESET",
  FilesystemLoop: "ELOOP",
  HostUnreachable: "EHOSTUNREACH",
  IsADirectory: "EISDIR",
  NetworkUnreachable: "ENETUNREACH",
  NotADirectory: "ENOTDIR",
  NotConnected: "ENOTCONN",
  NotFound: "ENOENT",
  PermissionDenied: "EACCES",
  TimedOut: "ETIMEDOUT",
};

/** Errors that have neither a code nor a name there, by the number that Rust's std appends. */
const numberedErrors: Readonly<Record<string, string>> = { 27: "EFBIG", 122: "EDQUOT" };

/** The system's name of what was thrown (`ECONNREFUSED`), or undefined. */
export function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const code = (thrown as { code?: unknown }).code;
  if (typeof code === "string" && /^E[A-Z0-9]+$/.test(code)) return code;
  const number = /\(os error (\d+)\)/.exec(thrown.message)?.[1];
  return runtimeNames[thrown.name] ?? numberedErrors[number ?? ""];
}

/**
 * Makes a `NetError` of anything that was thrown; one that is a `NetError` already is kept. What
 * is not known stays "unexpected": a bug never hides behind a friendly word.
 *
 * @param op the operation, for the line
 * @param address the endpoint in the address language, or undefined
 * @param blame whose fault it is where the system's error does not say
 */
export function toNetError(
  thrown: unknown,
  op: string,
  address?: string,
  blame: "local" | "remote" = "local",
): NetError {
  if (thrown instanceof NetError) return thrown;
  const code = systemCode(thrown);
  const known = code === undefined ? undefined : systemErrors[code];
  const init = { op, ...(address === undefined ? {} : { address }), cause: thrown };
  if (known !== undefined && code !== undefined) {
    const remote = ["refused", "reset", "unreachable", "timeout"].includes(known.kind);
    return new NetError({ ...init, ...known, code, blame: remote ? "remote" : blame });
  }
  const message = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  // The runtime's own words name the permission: `Requires net access to ..., run again with ...`.
  if (thrown instanceof Error && thrown.name === "NotCapable") {
    return new NetError({ ...init, kind: "permission", message: lowerFirst(message) });
  }
  return new NetError({ ...init, kind: "unexpected", message, ...(code ? { code } : {}), blame });
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

/** Kind and words of a system error number's name; unknown names stay as they are. */
export function describeCode(code: string): { kind: ErrorKind; message: string } {
  return systemErrors[code] ?? { kind: "unexpected", message: code };
}
