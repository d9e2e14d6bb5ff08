/**
 * Being told when this machine's own network comes back: an address, a route, a link that has a
 * carrier (rtnetlink(7), multicast groups). One socket for all who ask, open only while anybody
 * does.
 * @module
 */

import { realClock, type Timer } from "../core/clock.ts";
import { NetError } from "../core/error.ts";
import { forgetReadiness, whenReady } from "./readiness.ts";
import { NativeSocket } from "./socket.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;

/** Groups as bits (linux/rtnetlink.h): RTMGRP_LINK, addresses and routes of both families. */
const groups = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

const newLink = 16; // RTM_NEWLINK
const newAddress = 20; // RTM_NEWADDR
const newRoute = 24; // RTM_NEWROUTE
const headerBytes = 16; // struct nlmsghdr
const flagsOffset = headerBytes + 8; // ifi_flags of struct ifinfomsg
const IFF_RUNNING = 0x40;

/** What comes up comes in pieces (link, address, routes), within this time, ms. */
const settleMs = 100;

/** All that this thread of the program is told. */
class Watcher {
  readonly #told = new Set<() => void>();
  readonly #socket: NativeSocket;
  #timer: Timer | undefined;
  #isDeaf = false;

  /** @throws {NetError} where netlink or FFI is not permitted */
  constructor() {
    this.#socket = NativeSocket.open({
      family: AF_NETLINK,
      type: SOCK_RAW,
      protocol: NETLINK_ROUTE,
    });
    try {
      this.#socket.bind(groupName());
    } catch (thrown) {
      this.#socket.close();
      throw thrown;
    }
    void this.#run();
  }

  /** True once it hears of nothing any more. */
  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  add(then: () => void): void {
    this.#told.add(then);
  }

  /** @returns true once nobody is left, and it has ended */
  remove(then: () => void): boolean {
    if (!this.#told.delete(then) || this.#told.size > 0) return false;
    this.#timer?.cancel();
    forgetReadiness(this.#socket.fd);
    this.#socket.close();
    return true;
  }

  async #run(): Promise<void> {
    const buffer = new Uint8Array(8192); // one message; a longer one is cut, its head is enough
    try {
      for (;;) {
        await whenReady(this.#socket.fd, "read");
        while (this.#isGain(buffer)) this.#timer ??= realClock.timer(settleMs, this.#tell);
      }
    } catch {
      // Forgotten, because nobody is left; or there was no descriptor to wait with, and then those
      // who have asked are not told. Who asks from now on gets another one.
      this.#isDeaf = true;
    }
  }

  /** Reads what is there up to a gain. False: nothing more is there. */
  #isGain(buffer: Uint8Array<ArrayBuffer>): boolean {
    for (;;) {
      let count: number | "again";
      try {
        count = this.#socket.receive(buffer);
      } catch (thrown) {
        // ENOBUFS: so much has changed that messages were lost (netlink(7)). A change it is.
        if (thrown instanceof NetError && thrown.code === "ENOBUFS") return true;
        throw thrown;
      }
      if (count === "again") return false;
      if (isGain(buffer.subarray(0, count))) return true;
    }
  }

  readonly #tell = (): void => {
    this.#timer = undefined;
    for (const then of [...this.#told]) then();
  };
}

/** True where the network has got something: what it loses is no reason to try again. */
function isGain(message: Uint8Array): boolean {
  if (message.length < headerBytes) return false;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const type = view.getUint16(4, true); // netlink is in the machine's order
  if (type === newAddress || type === newRoute) return true;
  const isLink = type === newLink && message.length >= flagsOffset + 4;
  return isLink && (view.getUint32(flagsOffset, true) & IFF_RUNNING) !== 0;
}

/** `struct sockaddr_nl`: family, padding, port id (0: the kernel's choice), groups. */
function groupName(): Uint8Array {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  return new Uint8Array(view.buffer);
}

let watcher: Watcher | undefined;

/**
 * Calls `then` a tenth of a second after the machine's network has got an address, a route or a
 * carrier; once for all that came within that time. Where netlink is not permitted it never calls:
 * who waits for the network waits for the next attempt anyway.
 *
 * @returns ends it; while it lasts, the process stays alive
 */
export function onNetworkChange(then: () => void): Disposable {
  const own = () => then(); // the same function may be given twice
  try {
    if (watcher === undefined || watcher.isDeaf) watcher = new Watcher();
  } catch {
    return { [Symbol.dispose]: () => {} };
  }
  const joined = watcher;
  joined.add(own);
  return {
    [Symbol.dispose]() {
      if (joined.remove(own) && watcher === joined) watcher = undefined;
    },
  };
}
