/**
 * Waiting until sockets of our own can be read or written: one epoll descriptor for each thread of
 * the program, waited for in one of the runtime's helper threads while anybody waits, and by nobody
 * else.
 *
 * node:net takes a descriptor too, and is not used for connections: on TCP it answers a write that
 * waits for room with EPIPE as soon as the peer half-closes, and the rest of a long answer is lost
 * (Deno 2.9.5).
 * @module
 */

import { NetError } from "../core/error.ts";
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  epollCalls,
  EPOLLERR,
  epollEvent,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
} from "./epoll.ts";
import { errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { makeWake, wake } from "./poll.ts";

/** Events that one wait takes. */
const batch = 256;
/** A worker that is terminated goes on until its helper thread has returned: this long at most. */
const longestWaitMs = 500;

/** What is waited for. */
export type Interest = "read" | "write";

/** Who waits for one descriptor. */
interface Watch {
  /**
   * What its events are told by besides the number: one that a helper thread has brought and nobody
   * has looked at yet may be of a descriptor that was closed, and its number is another's by now.
   */
  readonly serial: number;
  read?: PromiseWithResolvers<void>;
  write?: PromiseWithResolvers<void>;
}

/** The sockets that one thread of the program waits for. */
class Readiness {
  readonly #epoll: number;
  readonly #wake: number;
  readonly #events: Deno.PointerObject;
  readonly #view: DataView;
  /** Scratch of epoll_ctl(2). */
  readonly #event = new Uint8Array(epollEvent.size);
  readonly #eventView = new DataView(this.#event.buffer);
  readonly #watches = new Map<number, Watch>();
  #waiting = 0;
  #lastSerial = 0;
  /** The round of waiting that a helper thread is in, or was last. */
  #round: Promise<number> | undefined;
  #isRunning = false;

  constructor() {
    this.#epoll = epollCalls().epoll_create1(EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw errnoError("epoll_create1", errno());
    // libc's memory: an isolate that is ended takes its buffers with it, while the kernel writes.
    const events = epollCalls().calloc(BigInt(batch), BigInt(epollEvent.size));
    if (events === null) throw errnoError("calloc", errno());
    this.#events = events;
    const bytes = Deno.UnsafePointerView.getArrayBuffer(events, batch * epollEvent.size);
    this.#view = new DataView(bytes);
    try {
      this.#wake = makeWake();
    } catch (thrown) {
      // Out of descriptors: who tries again must not lose one more each time.
      epollCalls().free(events);
      libc().close(this.#epoll);
      throw thrown;
    }
    this.#control(EPOLL_CTL_ADD, this.#wake, EPOLLIN, 0);
  }

  /** Resolves when a descriptor is ready, or broken: the next call tells. @throws after `forget` */
  wait(fd: number, interest: Interest): Promise<void> {
    const known = this.#watches.get(fd);
    const watch: Watch = known ?? { serial: this.#nextSerial() };
    const waiter = watch[interest] ?? Promise.withResolvers<void>();
    const events = wanted({ ...watch, [interest]: waiter });
    this.#control(known === undefined ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, events, watch.serial);
    // Only now: where the system refuses, nobody waits, and nothing of it is left.
    if (watch[interest] === undefined) this.#waiting++;
    watch[interest] = waiter;
    this.#watches.set(fd, watch);
    if (!this.#isRunning) void this.#run();
    return waiter.promise;
  }

  /** Ends all waiting for a descriptor; call it before the descriptor is closed. */
  forget(fd: number): void {
    const watch = this.#watches.get(fd);
    if (watch === undefined) return;
    this.#watches.delete(fd);
    this.#control(EPOLL_CTL_DEL, fd, 0, 0);
    for (const waiter of [watch.read, watch.write]) {
      if (waiter === undefined) continue;
      this.#waiting--;
      waiter.reject(closed());
    }
    if (this.#waiting === 0 && this.#isRunning) wake(this.#wake);
  }

  /**
   * Settles once no helper thread waits, where nobody has asked it to. It is the round that is
   * awaited and not the whole run: that goes on for whoever begins to wait meanwhile.
   */
  async idle(): Promise<void> {
    if (this.#waiting === 0) await this.#round;
  }

  /** In 32 bits; none but the wake is 0. */
  #nextSerial(): number {
    return this.#lastSerial = (this.#lastSerial % 0xffff_ffff) + 1;
  }

  /** Runs while anybody waits: a program with nothing to wait for must be able to end. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting > 0) {
      this.#round = epollCalls().epoll_wait(this.#epoll, this.#events, batch, longestWaitMs);
      const count = await this.#round;
      for (let at = 0; at < count; at++) {
        const fd = this.#view.getInt32(at * epollEvent.size + epollEvent.data, true);
        const serial = this.#view.getUint32(at * epollEvent.size + epollEvent.data + 4, true);
        const events = this.#view.getUint32(at * epollEvent.size, true);
        if (fd === this.#wake) epollCalls().eventfd_read(fd, new BigUint64Array(1));
        else this.#notify(fd, serial, events);
      }
    }
    this.#isRunning = false;
  }

  #notify(fd: number, serial: number, events: number): void {
    const watch = this.#watches.get(fd);
    if (watch?.serial !== serial) return;
    const isBroken = (events & (EPOLLERR | EPOLLHUP)) !== 0;
    const { read, write } = watch;
    if (read !== undefined && (isBroken || (events & EPOLLIN) !== 0)) {
      delete watch.read;
      this.#waiting--;
      read.resolve();
    }
    if (write !== undefined && (isBroken || (events & EPOLLOUT) !== 0)) {
      delete watch.write;
      this.#waiting--;
      write.resolve();
    }
    const rest = wanted(watch);
    if ((rest & (EPOLLIN | EPOLLOUT)) !== 0) this.#control(EPOLL_CTL_MOD, fd, rest, serial);
  }

  #control(operation: number, fd: number, events: number, serial: number): void {
    this.#eventView.setUint32(0, events, true);
    this.#eventView.setInt32(epollEvent.data, fd, true);
    this.#eventView.setUint32(epollEvent.data + 4, serial, true);
    if (epollCalls().epoll_ctl(this.#epoll, operation, fd, this.#event) < 0) {
      throw errnoError("epoll_ctl", errno());
    }
  }
}

function wanted({ read, write }: Omit<Watch, "serial">): number {
  return EPOLLONESHOT | (read === undefined ? 0 : EPOLLIN) | (write === undefined ? 0 : EPOLLOUT);
}

function closed(): NetError {
  const message = "the descriptor was closed";
  return new NetError({ kind: "aborted", op: "wait", message, code: "ECANCELED" });
}

let own: Readiness | undefined;

/**
 * Waits until a descriptor can be read or written, or is broken.
 *
 * @throws {NetError} kind "aborted" once it was forgotten
 */
export function whenReady(fd: number, interest: Interest): Promise<void> {
  return (own ??= new Readiness()).wait(fd, interest);
}

/** Ends all waiting for a descriptor; call it before the descriptor is closed. Idempotent. */
export function forgetReadiness(fd: number): void {
  own?.forget(fd);
}

/** Settles once no helper thread waits on account of what was forgotten. */
export async function readinessSettled(): Promise<void> {
  await own?.idle();
}
