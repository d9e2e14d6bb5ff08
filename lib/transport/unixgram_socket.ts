/**
 * A Unix datagram socket with many peers.
 *
 * The socket is one of the runtime's. Where its descriptor can be had, it is received from and sent
 * to by system calls of our own: the runtime's receive discards who the sender is, and its send
 * fails with "busy" while a receive waits.
 * @module
 */

import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Credentials, Datagram, Datagrams, Peer } from "../core/contract.ts";
import { closedHere, NetError, toNetError } from "../core/error.ts";
import { formatPath } from "../address/path.ts";
import { SO_SNDBUF, SOCK_DGRAM, SOL_SOCKET } from "../sys/constants.ts";
import { findDescriptor } from "../sys/descriptor.ts";
import { getIntegerOption } from "../sys/option.ts";
import { forgetReadiness, readinessSettled, whenReady } from "../sys/readiness.ts";
import { receiveFromUnix, UnixSender, wantCredentials } from "../sys/receive_credentials.ts";
import { sendTo } from "../sys/send_to.ts";
import { decodeSockaddr, encodeSockaddr } from "../wire/sockaddr.ts";

/** The kernel keeps this much of SO_SNDBUF for itself (unix_dgram_sendmsg: "len > sk_sndbuf - 32"). */
const sendOverhead = 32;

/** Where the send buffer cannot be asked: net.core.wmem_default as it is on every machine. */
const usualSendBuffer = 212_992;

/** How long the first and the longest pause before a full queue is tried again, ms. */
const firstRetryMs = 1;
const longestRetryMs = 50;

/** Datagrams in a row that are taken without a turn of the event loop: timers and signals wait. */
const burst = 64;

/** The end that a name of the kernel's stands for; "" for a sender without a name. */
export function unixgramPeer(name: string, credentials: Credentials | null = null): Peer {
  const who = credentials === null ? {} : { credentials };
  if (name === "") return { scheme: "unixgram", text: "", ...who };
  const abstract = name.startsWith("\0");
  const path = abstract ? name.slice(1) : name;
  const address = { scheme: "unixgram", passive: false, options: [], path, abstract } as const;
  return {
    scheme: "unixgram",
    text: `unixgram:${formatPath(address)}`,
    path: abstract ? `@${path}` : path,
    ...who,
  };
}

/** A datagram socket over one of the runtime's; owns it. */
export class UnixDatagramSocket implements Datagrams {
  readonly local: Peer;
  readonly maximumMessage: number;
  readonly #socket: Deno.DatagramConn;
  readonly #context: Context;
  readonly #closed?: () => void;
  /** Null without FFI: then nothing can be sent while a receive waits, which is always. */
  readonly #fd: number | null;
  #sender: UnixSender | undefined;
  /** For the runtime's receive only: one byte more than any message, for it cuts without a word. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  readonly #open = new AbortController();
  #inARow = 0;
  #unanswerable = 0;
  /** Who sent the last datagram: the next is mostly of the same one. */
  #last = { name: "", peer: unixgramPeer("") };

  /** @param name as the runtime and the kernel have it: abstract ones begin with NUL */
  constructor(socket: Deno.DatagramConn, name: string, context: Context, closed?: () => void) {
    this.#socket = socket;
    this.#context = context;
    if (closed !== undefined) this.#closed = closed;
    this.local = unixgramPeer(name);
    this.#fd = findDescriptor(encodeSockaddr({ family: "unix", path: name }), null, SOCK_DGRAM);
    const room = this.#fd === null
      ? usualSendBuffer
      : getIntegerOption(this.#fd, SOL_SOCKET, SO_SNDBUF);
    this.maximumMessage = room - sendOverhead;
    if (this.#fd !== null) wantCredentials(this.#fd);
  }

  /**
   * Contract: `Datagrams.receive`.
   *
   * @throws {NetError} kind "too-large" for a datagram longer than `into`, which is lost then; the
   * socket stays usable
   */
  async receive(into: Uint8Array): Promise<Datagram | null> {
    if (this.#open.signal.aborted) return null;
    try {
      return this.#fd === null
        ? await this.#receiveByRuntime(into)
        : await this.#receiveFrom(this.#fd, into);
    } catch (thrown) {
      if (this.#open.signal.aborted) return null;
      throw toNetError(thrown, "receive", this.local.text, "remote");
    }
  }

  async #receiveFrom(fd: number, into: Uint8Array): Promise<Datagram | null> {
    const sender = this.#sender ??= new UnixSender();
    while (!this.#open.signal.aborted) {
      if (this.#inARow++ < burst) {
        // The contract's buffers are never of shared memory.
        const length = receiveFromUnix(fd, into as Uint8Array<ArrayBuffer>, sender);
        if (length !== "again") {
          return whole(this.#peerOf(pathOf(sender.name), sender.credentials), into, length);
        }
      }
      // After a burst, too: what is there already makes it settle at once.
      await whenReady(fd, "read");
      this.#inARow = 0;
    }
    return null;
  }

  async #receiveByRuntime(into: Uint8Array): Promise<Datagram> {
    this.#buffer ??= new Uint8Array(usualSendBuffer + 1);
    const [data, from] = await this.#socket.receive(this.#buffer);
    const peer = this.#peerOf((from as Deno.UnixAddr).path ?? "", null);
    if (data.length === this.#buffer.length) {
      throw tooLong(peer, `at least ${data.length}`, into.length);
    }
    if (data.length <= into.length) into.set(data);
    return whole(peer, into, data.length);
  }

  /**
   * Contract: `Datagrams.send`. The descriptor is used directly: the runtime's own send fails with
   * "busy" while a receive waits, and a second socket would send from a name that nobody can
   * answer to. While the receiver's queue is full it waits; nothing tells a sender that is not
   * connected when there is room, so it asks again.
   *
   * A sender without a name cannot be answered: what is sent to one is dropped and counted.
   *
   * @throws {NetError} kind "too-large" naming both sizes, "refused", "not-found"; "dead" when the
   * queue stays full for the limit `write-stall`; "aborted" once closed
   */
  async send({ data, peer }: Datagram): Promise<void> {
    const { signal } = this.#open;
    if (signal.aborted) throw closedHere("socket", "send", peer.text);
    if (peer.path === undefined) return this.#dropReply();
    if (this.#fd === null) throw noDescriptor(peer.text);
    if (data.length > this.maximumMessage) throw tooLongToSend(peer, data, this.maximumMessage);
    const path = peer.path.startsWith("@") ? `\0${peer.path.slice(1)}` : peer.path;
    const name = encodeSockaddr({ family: "unix", path });
    const { clock, limits } = this.#context;
    const untilMs = clock.now() + limits["write-stall"];
    let waitMs = firstRetryMs;
    while (sendTo(this.#fd, data, name, peer.text) === "again") {
      if (clock.now() >= untilMs) throw stalledError(peer.text, limits["write-stall"]);
      await sleep(clock, waitMs, signal).catch(() => {
        throw closedHere("socket", "send", peer.text);
      });
      // Closed since the wait was over: the number is another's.
      if (signal.aborted) throw closedHere("socket", "send", peer.text);
      waitMs = Math.min(2 * waitMs, longestRetryMs);
    }
  }

  /** Replies that had nowhere to go. */
  unanswerable(): number {
    return this.#unanswerable;
  }

  abort(): void {
    if (this.#open.signal.aborted) return;
    this.#open.abort();
    if (this.#fd !== null) forgetReadiness(this.#fd);
    this.#socket.close();
    this.#closed?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What was sent lies in the receiver's queue already: it needs no waiting for.
    this.abort();
    await readinessSettled();
  }

  #dropReply(): void {
    this.#unanswerable++;
    const text = `dropped a reply to a sender without a name on ${this.local.text}`;
    const fields = { address: this.local.text, dropped: this.#unanswerable };
    this.#context.log.write("info", "dropped", text, fields);
  }

  #peerOf(name: string, credentials: Credentials | null): Peer {
    const { peer } = this.#last;
    if (this.#last.name === name && sameCredentials(peer.credentials ?? null, credentials)) {
      return peer;
    }
    this.#last = { name, peer: unixgramPeer(name, credentials) };
    return this.#last.peer;
  }
}

/** A sender that was never bound has no name at all. */
function pathOf(sockaddr: Uint8Array): string {
  const name = sockaddr.length === 0 ? null : decodeSockaddr(sockaddr);
  return name?.family === "unix" ? name.path : "";
}

function sameCredentials(a: Credentials | null, b: Credentials | null): boolean {
  if (a === null || b === null) return a === b;
  return a.pid === b.pid && a.uid === b.uid && a.gid === b.gid;
}

/** The datagram, where it has all of its bytes in the caller's buffer. */
function whole(peer: Peer, into: Uint8Array, length: number): Datagram {
  if (length > into.length) throw tooLong(peer, String(length), into.length);
  return { data: into.subarray(0, length), peer };
}

function tooLong(peer: Peer, size: string, room: number): NetError {
  return new NetError({
    kind: "too-large",
    op: "receive",
    address: peer.text,
    message: `a datagram of ${size} bytes came, at most ${room} are taken here`,
    blame: "remote",
  });
}

function tooLongToSend(peer: Peer, data: Uint8Array, most: number): NetError {
  const message = `${data.length} bytes do not fit in one datagram of at most ${most}`;
  return new NetError({ kind: "too-large", op: "send", address: peer.text, message });
}

function stalledError(address: string, stallMs: number): NetError {
  return new NetError({
    kind: "dead",
    op: "send",
    address,
    message: `its queue was full for ${stallMs} ms: nobody reads there`,
    hint: "change it with --limit write-stall=D",
    blame: "remote",
  });
}

function noDescriptor(address: string): NetError {
  return new NetError({
    kind: "unavailable",
    op: "send",
    address,
    message: "Unix datagrams cannot be sent without FFI",
    hint: "run with --allow-ffi",
  });
}
