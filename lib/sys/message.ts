/**
 * `struct msghdr` of sendmsg(2) and recvmsg(2), with all that it points to, and the control
 * messages in it (cmsg(3)).
 *
 * Layouts on 64-bit Linux, the same on x86-64 and arm64: `struct msghdr` is 56 bytes (name 0,
 * namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48), `struct iovec` 16 (base 0,
 * len 8), `struct cmsghdr` 16 (len 0, level 8, type 12) with its data behind it, padded to 8.
 * @module
 */

/** sizeof(struct cmsghdr); bytes. */
const controlHeadBytes = 16;

/** Room of one control message with so many bytes of data (CMSG_SPACE). */
export function controlSpace(dataBytes: number): number {
  return align(controlHeadBytes + dataBytes);
}

function align(bytes: number): number {
  return Math.ceil(bytes / 8) * 8; // CMSG_ALIGN
}

/** A message and its buffers. Made once, it serves any number of calls: none of them is garbage. */
export class Message {
  /** For the call itself. */
  readonly header: Uint8Array<ArrayBuffer> = new Uint8Array(56);
  /** Where the peer's raw sockaddr is written; valid up to `nameLength`, until the next call. */
  readonly name: Uint8Array<ArrayBuffer>;
  readonly #header = new DataView(this.header.buffer);
  readonly #vector = new Uint8Array(16);
  readonly #vectorView = new DataView(this.#vector.buffer);
  readonly #controlBytes: Uint8Array<ArrayBuffer>;
  readonly #control: DataView;
  /** The kernel has its address only: it must live as long as the call. */
  #payload: Uint8Array<ArrayBuffer> | undefined;

  /** @param room bytes for the peer's name and for control messages; default none */
  constructor(room: { readonly name?: number; readonly control?: number }) {
    this.name = new Uint8Array(room.name ?? 0);
    this.#controlBytes = new Uint8Array(room.control ?? 0);
    this.#control = new DataView(this.#controlBytes.buffer);
    this.#header.setBigUint64(0, addressOf(this.name), true);
    this.#header.setBigUint64(16, addressOf(this.#vector), true);
    this.#header.setBigUint64(24, 1n, true);
    this.#header.setBigUint64(32, addressOf(this.#controlBytes), true);
  }

  /** Before each call: the kernel has written lengths over those of the call before. */
  prepare(payload: Uint8Array<ArrayBuffer>): void {
    if (this.#payload !== payload) {
      this.#payload = payload;
      this.#vectorView.setBigUint64(0, addressOf(payload), true);
      this.#vectorView.setBigUint64(8, BigInt(payload.length), true);
    }
    this.#header.setUint32(8, this.name.length, true);
    this.#header.setBigUint64(40, BigInt(this.#controlBytes.length), true);
    this.#header.setUint32(48, 0, true);
  }

  /** Writes the only control message of what is sent next: 32-bit numbers. */
  putControl(level: number, type: number, numbers: readonly number[]): void {
    this.#control.setBigUint64(0, BigInt(controlHeadBytes + 4 * numbers.length), true);
    this.#control.setInt32(8, level, true);
    this.#control.setInt32(12, type, true);
    numbers.forEach((one, at) => this.#control.setInt32(controlHeadBytes + 4 * at, one, true));
  }

  /** Bytes of the peer's name; 0 for a sender without one. */
  get nameLength(): number {
    return Math.min(this.#header.getUint32(8, true), this.name.length);
  }

  /** MSG_TRUNC, MSG_CTRUNC and others, as recvmsg(2) has set them. */
  get flags(): number {
    return this.#header.getInt32(48, true);
  }

  /**
   * The data of the first control message of a kind, in a view that the next call overwrites;
   * null where none came.
   */
  control(level: number, type: number): DataView | null {
    const end = Math.min(Number(this.#header.getBigUint64(40, true)), this.#control.byteLength);
    for (let at = 0; at + controlHeadBytes <= end;) {
      const length = Number(this.#control.getBigUint64(at, true));
      if (length < controlHeadBytes) return null;
      if (
        this.#control.getInt32(at + 8, true) === level &&
        this.#control.getInt32(at + 12, true) === type
      ) {
        const data = Math.min(length, end - at) - controlHeadBytes;
        return new DataView(this.#control.buffer, at + controlHeadBytes, data);
      }
      at += align(length);
    }
    return null;
  }
}

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  // V8 has small arrays in its own heap, where they move, until somebody asks for their buffer.
  void bytes.buffer;
  const pointer = Deno.UnsafePointer.of(bytes); // null for an empty one
  return pointer === null ? 0n : BigInt(Deno.UnsafePointer.value(pointer));
}
