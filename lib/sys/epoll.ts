/**
 * epoll(7) by FFI: what is needed of it, and how its events lie in memory.
 * @module
 */

import { libc } from "./libc.ts";

const symbols = {
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32", nonblocking: true },
  calloc: { parameters: ["usize", "usize"], result: "pointer" },
  free: { parameters: ["pointer"], result: "void" },
  eventfd_read: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

let opened: Deno.DynamicLibrary<typeof symbols>["symbols"] | undefined;

/**
 * The calls; `epoll_wait` waits in one of the runtime's helper threads.
 *
 * @throws {NetError} kind "unavailable" without FFI permission
 */
export function epollCalls(): Deno.DynamicLibrary<typeof symbols>["symbols"] {
  if (opened !== undefined) return opened;
  libc(); // says in words why there is no FFI
  return opened = Deno.dlopen("libc.so.6", symbols).symbols;
}

/** EPOLL_CLOEXEC, the same bit as O_CLOEXEC. */
export const EPOLL_CLOEXEC = 0o2000000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
/** Told once, then silent until asked for again: who waits asks, nobody else is woken. */
export const EPOLLONESHOT = 0x40000000;
/** Told once for each new event: an error that nobody takes must not become a spin. */
export const EPOLLET = 0x80000000;

/** `struct epoll_event` is packed on x86-64 alone (linux/eventpoll.h); bytes. */
export const epollEvent: { readonly size: number; readonly data: number } =
  Deno.build.arch === "x86_64" ? { size: 12, data: 4 } : { size: 16, data: 8 };
