/**
 * A UDP socket of our own, for options that the kernel wants before bind(2): the runtime's are
 * bound when they are made.
 * @module
 */

import type { Context } from "../core/context.ts";
import { closedHere } from "../core/error.ts";
import { AF_INET, AF_INET6, SOCK_DGRAM } from "../sys/constants.ts";
import { closeDescriptor } from "../sys/file.ts";
import { makeWake, Poller, wake } from "../sys/poll.ts";
import { receiveFrom, SenderName } from "../sys/receive_from.ts";
import { sendTo } from "../sys/send_to.ts";
import { NativeSocket } from "../sys/socket.ts";
import { applySocketOption } from "../sys/socket_options.ts";
import { decodeSockaddr } from "../wire/sockaddr.ts";
import { isMulticast } from "./multicast.ts";
import { hostPort } from "./peer.ts";
import { applySocketSettings, settingsOf } from "./socket_options.ts";
import { inetSockaddr } from "./source_address.ts";
import type { DatagramSocket } from "./udp_descriptor.ts";
import type { UdpSettings } from "./udp_options.ts";

/**
 * Binds a socket with its options, as the runtime's `listenDatagram` does without them.
 *
 * @param hostname numeric, with its zone
 * @throws {NetError} kind "in-use" and others; `SocketOptionError` for an option that cannot be had
 */
export function bindUdp(
  hostname: string,
  port: number,
  settings: UdpSettings,
  context: Context,
): NativeUdp {
  const family = hostname.includes(":") ? AF_INET6 : AF_INET;
  const text = `udp://${hostPort(hostname, port)}`;
  const socket = NativeSocket.open({ family, type: SOCK_DGRAM, address: text });
  try {
    if (settings.reuseaddr ?? isMulticast(hostname)) {
      applySocketOption(socket.fd, "reuseaddr", true);
    }
    applySocketSettings(socket.fd, settingsOf(settings.socket, "bind"), text, context);
    socket.bind(inetSockaddr(hostname, port));
    if (settings.broadcast) applySocketOption(socket.fd, "broadcast", true);
    return new NativeUdp(socket);
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
}

/** What `UdpSocket` uses of the runtime's sockets; owns the native one. */
export class NativeUdp implements DatagramSocket {
  readonly addr: Deno.NetAddr;
  readonly fd: number;
  readonly #socket: NativeSocket;
  readonly #stop = makeWake();
  readonly #sender = new SenderName();
  /** Calls that wait in a helper thread: the descriptor stays open until they have ended. */
  readonly #waits = new Set<Promise<unknown>>();
  #gone: Promise<void> | undefined;

  /** @throws {NetError} where it is not bound to an internet address; the caller owns it then */
  constructor(socket: NativeSocket) {
    const name = decodeSockaddr(socket.localName());
    if (name.family === "unix") throw new TypeError("not an internet socket");
    this.addr = { transport: "udp", hostname: name.host, port: name.port };
    this.fd = socket.fd;
    this.#socket = socket;
  }

  /** One datagram; what does not fit is cut. @throws {NetError} kind "aborted" once closed */
  async receive(into: Uint8Array): Promise<[Uint8Array, Deno.Addr]> {
    for (;;) {
      if (this.#gone !== undefined) throw closedHere("socket", "receive");
      const length = receiveFrom(this.fd, into as Uint8Array<ArrayBuffer>, this.#sender);
      if (length !== "again") return [into.subarray(0, length), this.#from()];
      await this.#ready("read");
    }
  }

  /** @throws {NetError} with the system's code; kind "aborted" once closed */
  async send(data: Uint8Array, to: Deno.Addr): Promise<number> {
    if (!("hostname" in to)) throw new TypeError("not an internet address");
    const { hostname, port } = to;
    const name = inetSockaddr(this.#reachable(hostname), port);
    for (;;) {
      if (this.#gone !== undefined) throw closedHere("socket", "send");
      const text = `udp://${hostPort(hostname, port)}`;
      if (sendTo(this.fd, data, name, text) !== "again") return data.length;
      await this.#ready("write");
    }
  }

  close(): void {
    void this.closed();
  }

  /** Closes. @returns settles once no thread waits for the socket, and the port is free */
  closed(): Promise<void> {
    return this.#gone ??= (async () => {
      wake(this.#stop);
      await Promise.all(this.#waits);
      this.#socket.close();
      closeDescriptor(this.#stop);
    })();
  }

  #from(): Deno.NetAddr {
    const name = decodeSockaddr(this.#sender.bytes.subarray(0, this.#sender.length));
    if (name.family === "unix") throw new TypeError("not an internet address");
    return { transport: "udp", hostname: name.host, port: name.port };
  }

  /** A dual-stack socket takes IPv4 in the IPv6 form (RFC 4291 section 2.5.5.2). */
  #reachable(hostname: string): string {
    const isMapped = this.addr.hostname.includes(":") && !hostname.includes(":");
    return isMapped ? `::ffff:${hostname}` : hostname;
  }

  async #ready(way: "read" | "write"): Promise<void> {
    const poller = way === "read"
      ? new Poller([this.#stop, this.fd])
      : new Poller([this.#stop], [this.fd]);
    const wait = poller.wait().then(() => poller.close());
    this.#waits.add(wait);
    await wait;
    this.#waits.delete(wait);
  }
}
