/**
 * A descriptor (pipe, named pipe, stream socket) on the runtime's event loop, by way of node:net:
 * the only API that takes a number. Nothing waits in a thread, and closing ends what waits.
 * @module
 */

import { Socket } from "node:net";
import type { ByteSink, ByteSource } from "./halves.ts";

/** Which ways a descriptor is used. */
export interface NodeSocketUse {
  readonly readable: boolean;
  readonly writable: boolean;
}

/** Owns the descriptor from here on; it is closed when all ways that are used are. */
export class NodeSocket {
  readonly #socket: Socket;
  readonly #use: NodeSocketUse;
  #failure: Error | undefined;
  #ended = false;
  /** What whoever waits for input waits for: one for all of them. */
  #change: PromiseWithResolvers<void> | undefined;
  #gone = Promise.withResolvers<void>();

  /** @throws where the runtime cannot use such a descriptor; the caller still owns it then */
  constructor(fd: number, use: NodeSocketUse) {
    this.#use = use;
    this.#socket = new Socket({ fd, ...use, allowHalfOpen: true });
    const wake = () => {
      this.#change?.resolve();
      this.#change = undefined;
    };
    this.#socket.on("readable", wake);
    this.#socket.on("end", () => {
      this.#ended = true;
      wake();
    });
    this.#socket.on("error", (error) => {
      this.#failure ??= error;
      wake();
    });
    this.#socket.on("close", () => {
      this.#gone.resolve();
      wake();
    });
  }

  /** What comes from it. */
  get source(): ByteSource {
    return {
      read: (into) => this.#read(into),
      readable: () => this.#ready(),
      close: () => this.#socket.destroy(),
    };
  }

  /** Where what is written goes. */
  get sink(): ByteSink {
    return {
      write: (chunk) => this.#write(chunk),
      end: () => this.#end(),
      close: () => this.#socket.destroy(),
    };
  }

  /** True once the descriptor is closed or about to be: its number may be another file's. */
  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  /** Settles when the descriptor is closed. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  async #read(into: Uint8Array): Promise<number | null> {
    await this.#ready();
    const waiting = this.#socket.readableLength;
    if (waiting > 0) {
      const chunk: Uint8Array | null = this.#socket.read(Math.min(waiting, into.length));
      if (chunk !== null) {
        into.set(chunk);
        return chunk.length;
      }
    }
    if (this.#failure !== undefined) throw this.#failure;
    return null;
  }

  async #ready(): Promise<void> {
    while (this.#socket.readableLength === 0 && !this.#isOver()) {
      // Asking for 0 bytes starts reading, and lets the end be noticed.
      this.#socket.read(0);
      this.#change ??= Promise.withResolvers();
      await this.#change.promise;
    }
  }

  #isOver(): boolean {
    return this.#ended || this.#failure !== undefined || this.#socket.destroyed;
  }

  #write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(chunk, (error) => error ? reject(error) : resolve());
    });
  }

  /** A socket is shut down for writing; a pipe is closed, for its reader sees the end only then. */
  async #end(): Promise<void> {
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => this.#socket.end(resolve));
    if (!this.#use.readable) {
      this.#socket.destroy();
      await this.gone;
    }
  }
}
