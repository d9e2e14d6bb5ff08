/**
 * A Unix datagram socket with many peers.
 * @module
 */

import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Datagram, Datagrams, Peer } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import { formatPath } from "../address/path.ts";
import { SO_SNDBUF, SOCK_DGRAM, SOL_SOCKET } from "../sys/constants.ts";
import { findDescriptor } from "../sys/descriptor.ts";
import { getIntegerOption } from "../sys/option.ts";
import { sendTo } from "../sys/send_to.ts";
import { encodeSockaddr } from "../wire/sockaddr.ts";

/** The kernel keeps this much of SO_SNDBUF for itself (unix_dgram_sendmsg: "len > sk_sndbuf - 32"). */
const sendOverhead = 32;

/** Where the send buffer cannot be asked: net.core.wmem_default as it is on every machine. */
const usualSendBuffer = 212_992;

/** How long the first and the longest pause before a full queue is tried again, ms. */
const firstRetryMs = 1;
const longestRetryMs = 50;

/** The end that a name of the runtime's stands for; "" for a sender without a name. */
export function unixgramPeer(name: string | null): Peer {
  if (name === null || name === "") return { scheme: "unixgram", text: "" };
  const abstract = name.startsWith("\0");
  const path = abstract ? name.slice(1) : name;
  const address = { scheme: "unixgram", passive: false, options: [], path, abstract } as const;
  return {
    scheme: "unixgram",
    text: `unixgram:${formatPath(address)}`,
    path: abstract ? `@${path}` : path,
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
  /** One byte more than any message: the runtime cuts what does not fit and does not tell. */
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #open = new AbortController();
  #unanswerable = 0;
  #last: Peer = unixgramPeer(null);

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
    this.#buffer = new Uint8Array(Math.max(room, usualSendBuffer) + 1);
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
      const [data, from] = await this.#socket.receive(this.#buffer);
      const peer = this.#peerOf((from as Deno.UnixAddr).path);
      const cut = data.length === this.#buffer.length;
      if (cut || data.length > into.length) throw tooLong(peer, data.length, into.length, cut);
      into.set(data);
      return { data: into.subarray(0, data.length), peer };
    } catch (thrown) {
      if (this.#open.signal.aborted) return null;
      throw toNetError(thrown, "receive", this.local.text, "remote");
    }
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
    if (signal.aborted) throw closedError(peer.text);
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
        throw closedError(peer.text);
      });
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
    this.#socket.close();
    this.#closed?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    // What was sent lies in the receiver's queue already: there is nothing to wait for.
    this.abort();
    return Promise.resolve();
  }

  #dropReply(): void {
    this.#unanswerable++;
    const text = `dropped a reply to a sender without a name on ${this.local.text}`;
    const fields = { address: this.local.text, dropped: this.#unanswerable };
    this.#context.log.write("info", "dropped", text, fields);
  }

  #peerOf(name: string | null): Peer {
    const known = this.#last.path?.replace(/^@/, "\0") ?? "";
    if (known !== (name ?? "")) this.#last = unixgramPeer(name);
    return this.#last;
  }
}

function tooLong(peer: Peer, length: number, room: number, cut: boolean): NetError {
  const size = cut ? `at least ${length}` : String(length);
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

function closedError(text: string): NetError {
  const message = "the socket was closed on this side";
  return new NetError({ kind: "aborted", op: "send", address: text, message });
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
