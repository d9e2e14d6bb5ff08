/**
 * Waiting for descriptors without stopping the runtime: poll(2) in one of its helper threads.
 *
 * The runtime can wait only for sockets that it made itself. A non-blocking call into libc costs
 * about 30 us and a thread that sleeps; an epoll descriptor inside the runtime would be cheaper,
 * but nothing public takes one.
 * @module
 */

import { errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";

const symbols = {
  poll: { parameters: ["pointer", "u64", "i32"], result: "i32", nonblocking: true },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
  calloc: { parameters: ["usize", "usize"], result: "pointer" },
  free: { parameters: ["pointer"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

let opened: Deno.DynamicLibrary<typeof symbols>["symbols"] | undefined;

function calls(): Deno.DynamicLibrary<typeof symbols>["symbols"] {
  if (opened !== undefined) return opened;
  libc(); // says in words why there is no FFI
  return opened = Deno.dlopen("libc.so.6", symbols).symbols;
}

/** poll(2): there is something to read, or accept. */
const POLLIN = 0x1;
/** poll(2): there is room to write, or connecting is over. */
const POLLOUT = 0x4;
/** sizeof(struct pollfd): int fd, short events, short revents. */
const entryBytes = 8;
/** EFD_CLOEXEC and EFD_NONBLOCK (eventfd(2)): the same bits as O_CLOEXEC and O_NONBLOCK. */
const eventFlags = 0o2004000;

/** An eventfd(2): wakes who polls it, from any thread of the process. The caller closes it. */
export function makeWake(): number {
  const fd = calls().eventfd(0, eventFlags);
  if (fd < 0) throw errnoError("eventfd", errno());
  return fd;
}

/** Wakes whoever polls it, now and from now on. */
export function wake(fd: number): void {
  calls().eventfd_write(fd, 1n);
}

/**
 * Waits until one of several descriptors can be read, or written.
 *
 * Its memory is libc's and not the isolate's: a worker that is terminated takes its buffers with
 * it, while the kernel still writes to them. What such a worker leaves is some bytes of memory.
 */
export class Poller {
  readonly #entries: Deno.PointerObject;
  readonly #view: DataView;
  readonly #count: number;
  #polling: Promise<void> | undefined;
  #isFreed = false;

  /**
   * Borrows the descriptors: they are neither changed nor closed here.
   *
   * @param readable waited for until they can be read
   * @param writable waited for until they can be written; their places follow those of the others
   */
  constructor(readable: readonly number[], writable: readonly number[] = []) {
    const { calloc } = calls();
    const descriptors = [...readable, ...writable];
    const entries = calloc(BigInt(descriptors.length), BigInt(entryBytes));
    if (entries === null) throw errnoError("calloc", errno());
    this.#entries = entries;
    this.#count = descriptors.length;
    const bytes = Deno.UnsafePointerView.getArrayBuffer(entries, this.#count * entryBytes);
    this.#view = new DataView(bytes);
    descriptors.forEach((fd, at) => {
      this.#view.setInt32(at * entryBytes, fd, true);
      this.#view.setInt16(at * entryBytes + 4, at < readable.length ? POLLIN : POLLOUT, true);
    });
  }

  /**
   * Waits without end. @returns the places of those that are ready (or broken: their next call
   * tells), in the order as given; none where a signal came in between
   */
  async wait(): Promise<readonly number[]> {
    if (this.#isFreed) return [];
    let ready = 0;
    this.#polling = calls().poll(this.#entries, BigInt(this.#count), -1).then((n) => {
      ready = n;
    });
    await this.#polling;
    this.#polling = undefined;
    if (ready <= 0) return [];
    return Array.from({ length: this.#count }, (_, at) => at).filter((at) => {
      return this.#view.getInt16(at * entryBytes + 6, true) !== 0;
    });
  }

  /** Frees the memory, once a `wait` that goes on has been woken. Idempotent. */
  async close(): Promise<void> {
    if (this.#isFreed) return;
    this.#isFreed = true;
    await this.#polling;
    calls().free(this.#entries);
  }
}
