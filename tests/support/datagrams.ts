/**
 * A datagram socket in memory that a test feeds by hand.
 * @module
 */

import type { Datagram, Datagrams, Peer } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";

/** A UDP peer by host and port. */
export function udpPeer(port: number, host = "192.0.2.1"): Peer {
  return { scheme: "udp", text: `udp://${host}:${port}`, host, port };
}

/** What was pushed is received; what is sent is kept. */
export class FedDatagrams implements Datagrams {
  readonly local: Peer = { scheme: "udp", text: "udp://192.0.2.9:5007", port: 5007 };
  readonly maximumMessage = 65_507;
  readonly sent: { to: string; data: number[] }[] = [];
  closed = false;
  readonly #queue: (Datagram | NetError)[] = [];
  #wake = () => {};

  /** A datagram comes from `peer`. */
  push(peer: Peer, data: Uint8Array | string): void {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    this.#queue.push({ data: bytes, peer });
    this.#wake();
  }

  /** The next `receive` throws this. */
  fail(error: NetError): void {
    this.#queue.push(error);
    this.#wake();
  }

  /** Datagrams that were not received yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  async receive(into: Uint8Array): Promise<Datagram | null> {
    for (;;) {
      if (this.closed) return null;
      const next = this.#queue.shift();
      if (next instanceof NetError) throw next;
      if (next !== undefined) {
        into.set(next.data);
        return { data: into.subarray(0, next.data.length), peer: next.peer };
      }
      await new Promise<void>((wake) => this.#wake = wake);
    }
  }

  send({ data, peer }: Datagram): Promise<void> {
    this.sent.push({ to: peer.text, data: [...data] });
    return Promise.resolve();
  }

  abort(): void {
    this.closed = true;
    this.#wake();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    return Promise.resolve();
  }
}
