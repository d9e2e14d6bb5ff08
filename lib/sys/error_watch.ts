/**
 * Being told that something went wrong on a socket of the runtime while nothing is sent on it.
 *
 * The runtime waits for input and for room, and never for EPOLLERR alone: an ICMP error that comes
 * after a datagram wakes no `receive` (tried: only the next `send` fails, and for whoever it goes
 * to). One epoll descriptor for all sockets of this thread, waited for in one of the runtime's
 * helper threads, costs nothing while nothing goes wrong. poll(2) would do too, but it holds a
 * reference to each socket while it waits, and so keeps a port busy that was closed.
 * @module
 */

import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  epollCalls,
  EPOLLET,
  epollEvent,
  EPOLLIN,
} from "./epoll.ts";
import { errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { makeWake, wake } from "./poll.ts";

/** Events that one wait takes. */
const batch = 64;
/** The place of the eventfd; sockets count from 1. */
const wakeId = 0;

/** A socket under watch. */
export interface ErrorWatch {
  /**
   * Ends it; call it before the socket is closed. Idempotent.
   *
   * @returns settles once no thread waits on account of it
   */
  close(): Promise<void>;
}

/** All that one thread of the program watches. */
class Watcher {
  readonly #epoll: number;
  readonly #wake: number;
  readonly #told = new Map<number, () => void>();
  readonly #waiting: Promise<void>;
  #lastId = wakeId;

  constructor() {
    this.#epoll = epollCalls().epoll_create1(EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw errnoError("epoll_create1", errno());
    try {
      this.#wake = makeWake();
    } catch (thrown) {
      libc().close(this.#epoll); // who tries again must not lose one more each time
      throw thrown;
    }
    this.#control(EPOLL_CTL_ADD, this.#wake, EPOLLIN, wakeId);
    this.#waiting = this.#wait();
  }

  /** False once it has begun to end: a new one is needed then. */
  get usable(): boolean {
    return this.#lastId === wakeId || this.#told.size > 0;
  }

  watch(fd: number, onError: () => void): ErrorWatch {
    const id = ++this.#lastId;
    try {
      // EPOLLERR is always told and need not be asked for (epoll_ctl(2)).
      this.#control(EPOLL_CTL_ADD, fd, 0, id);
    } catch (thrown) {
      // A helper thread waits by now: for nobody, where this would have been the first.
      if (this.#told.size === 0) wake(this.#wake);
      throw thrown;
    }
    this.#told.set(id, onError);
    const close = () => {
      if (this.#told.delete(id)) {
        this.#control(EPOLL_CTL_DEL, fd, 0, id);
        if (this.#told.size === 0) wake(this.#wake);
      }
      return this.#told.size === 0 ? this.#waiting : Promise.resolve();
    };
    return { close };
  }

  #control(operation: number, fd: number, events: number, id: number): void {
    const event = new DataView(new ArrayBuffer(epollEvent.size));
    event.setUint32(0, (events | EPOLLET) >>> 0, true);
    event.setUint32(epollEvent.data, id, true);
    const status = epollCalls().epoll_ctl(this.#epoll, operation, fd, new Uint8Array(event.buffer));
    if (status < 0) throw errnoError("epoll_ctl", errno());
  }

  /**
   * The memory of the events is libc's and not the isolate's: a worker that is terminated takes its
   * buffers with it, while the kernel still writes to them.
   */
  async #wait(): Promise<void> {
    const { calloc, epoll_wait, free } = epollCalls();
    const events = calloc(BigInt(batch), BigInt(epollEvent.size));
    if (events === null) throw errnoError("calloc", errno());
    const view = new DataView(
      Deno.UnsafePointerView.getArrayBuffer(events, batch * epollEvent.size),
    );
    do {
      // Below zero: a signal came in between.
      const count = await epoll_wait(this.#epoll, events, batch, -1);
      for (let at = 0; at < count; at++) {
        this.#told.get(view.getUint32(at * epollEvent.size + epollEvent.data, true))?.();
      }
    } while (this.#told.size > 0);
    free(events);
    libc().close(this.#epoll);
    libc().close(this.#wake);
  }
}

let watcher: Watcher | undefined;

/**
 * Calls `onError` whenever an error is pending on a socket (SO_ERROR or its error queue). While
 * anything is watched the process stays alive, as it does while a socket waits for input.
 *
 * @param fd borrowed
 * @throws {NetError} kind "unavailable" without FFI permission, "exhausted" without descriptors
 */
export function watchErrors(fd: number, onError: () => void): ErrorWatch {
  if (watcher === undefined || !watcher.usable) watcher = new Watcher();
  return watcher.watch(fd, onError);
}
