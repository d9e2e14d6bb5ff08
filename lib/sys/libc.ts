/**
 * The door to libc: opened on first use, so that programs without FFI permission run as long as
 * they need nothing of it.
 *
 * Signatures are the ones that V8 calls without a detour (5 to 12 ns): 32-bit integers, pointers
 * and buffers. `size_t` lengths are `u32`: the upper half of the register is zero on x86-64 and
 * arm64, while the strict `usize` would take a BigInt or a slow path. `open`, `ioctl` and
 * `fcntl` are variadic in C; on both machines the first arguments travel as for any other function.
 * @module
 */

import { NetError } from "../core/error.ts";

const symbols = {
  __errno_location: { parameters: [], result: "pointer" },
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  dup3: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // glibc's and musl's own: access(2) by the effective user, which is whom open(2) asks about.
  eaccess: { parameters: ["buffer", "i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  getpeername: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "pointer", "pointer"], result: "i32" },
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  // glibc's own: what is not there is null, and the rest of this table still opens.
  malloc_trim: { parameters: ["u32"], result: "i32", optional: true },
  mkfifo: { parameters: ["buffer", "u32"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recvfrom: { parameters: ["i32", "buffer", "u32", "i32", "pointer", "pointer"], result: "i32" },
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of libc that this room calls. Each sets `errno` where it fails. */
export type Libc = Deno.DynamicLibrary<typeof symbols>["symbols"];

let opened: { readonly calls: Libc; readonly errno: Int32Array } | undefined;

function open(): { readonly calls: Libc; readonly errno: Int32Array } {
  if (opened !== undefined) return opened;
  if (Deno.build.os !== "linux") throw unavailable(`not made for ${Deno.build.os}`);
  // Asked before opening: an unpermitted dlopen would stop at a prompt in the middle of a session.
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw unavailable("FFI is not permitted", "run with --allow-ffi");
  }
  let library: Deno.DynamicLibrary<typeof symbols>;
  try {
    library = Deno.dlopen("libc.so.6", symbols);
  } catch (cause) {
    throw unavailable("libc.so.6 cannot be opened", undefined, cause);
  }
  const location = library.symbols.__errno_location();
  if (location === null) throw unavailable("errno has no place");
  // errno has one place a thread, and an isolate never leaves its thread: the view stays right.
  const errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  opened = { calls: library.symbols, errno };
  return opened;
}

function unavailable(message: string, hint?: string, cause?: unknown): NetError {
  return new NetError({ kind: "unavailable", op: "libc", message, ...(hint && { hint }), cause });
}

/**
 * The functions of libc.
 *
 * @throws {NetError} kind "unavailable" without FFI permission or on another system
 */
export function libc(): Libc {
  return (opened ?? open()).calls;
}

/** True where `libc` does not throw. */
export function hasLibc(): boolean {
  try {
    open();
    return true;
  } catch (thrown) {
    if (thrown instanceof NetError && thrown.kind === "unavailable") return false;
    throw thrown;
  }
}

/** The error number of the last call that failed; read it before anything else is called. */
export function errno(): number {
  return (opened ?? open()).errno[0] ?? 0;
}
