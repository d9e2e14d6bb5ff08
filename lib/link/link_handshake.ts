/**
 * What both sides of the handshake of a link's carrier have in common: machines without time and
 * sockets, bytes in, bytes out. `PROTOCOL.md`, "Handshake".
 *
 * States are a table; what the state does not name is a bug of the caller. A machine that has
 * thrown is over, and holds nothing but what the peer is still to be told.
 * @module
 */

import { type ErrorKind, NetError } from "../core/error.ts";
import { keyBytes } from "../wire/noise_cipher.ts";
import type { NoiseHandshake } from "../wire/noise.ts";
import { checkMagic, preambleBytes } from "../wire/link_preamble.ts";
import { Gathered } from "./gathered.ts";
import { RecordReader, RecordWriter } from "./link_records.ts";

/** What both sides of a carrier must have the same. */
export interface LinkSecurity {
  /** The shared key, 32 bytes; null stands for 32 zeros, where nothing is to be kept secret. */
  readonly key: Uint8Array | null;
  /** True where every record is sealed; false only where nobody else can listen. */
  readonly seals: boolean;
}

/** The shared key as Noise wants it. */
export function keyOf({ key }: LinkSecurity): Uint8Array {
  return key ?? new Uint8Array(keyBytes);
}

/** What a handshake gives: the two directions of the carrier. */
export interface CarrierRecords {
  readonly writer: RecordWriter;
  readonly reader: RecordReader;
}

/** Where a handshake is. */
export type HandshakeState =
  | /** Nothing was sent or received. */ "idle"
  | /** The peer's preamble is awaited. */ "preamble"
  | /** The peer's message, or refusal, is awaited. */ "message"
  | /** The server has the hello and is to answer. */ "hello"
  | /** Records follow. */ "in"
  | /** Refused or failed. */ "over";

/** What happens to a handshake. */
export type HandshakeAct = "start" | "preamble" | "message" | "answer" | "refuse";

/** What may happen where, and where it leads. */
export type HandshakeTable = Readonly<
  Partial<Record<HandshakeState, Partial<Record<HandshakeAct, HandshakeState>>>>
>;

/** One side of one handshake. */
export abstract class Handshake {
  /** What it is that the peer stopped within its part. */
  protected abstract readonly cutShort: ErrorKind;
  /** Key and sealing of this side. */
  protected readonly security: LinkSecurity;
  /** Made with the first message. */
  protected noise: NoiseHandshake | undefined;
  readonly #table: HandshakeTable;
  #state: HandshakeState = "idle";
  #gathered = new Gathered(preambleBytes);

  /** @param table of the side */
  constructor(security: LinkSecurity, table: HandshakeTable) {
    this.security = security;
    this.#table = table;
  }

  /** Where it is. */
  get state(): HandshakeState {
    return this.#state;
  }

  /** Bytes of the peer that are missing now: reading no more than that leaves none over. */
  get wanted(): number {
    return this.#isReading ? this.#gathered.missing : 0;
  }

  get #isReading(): boolean {
    return this.#state === "preamble" || this.#state === "message";
  }

  /**
   * Takes what the peer has sent.
   *
   * @returns how many bytes of it belong to the handshake; the rest are records
   * @throws {NetError} kind "authentication", "protocol" or "limit": the carrier is over
   */
  receive(chunk: Uint8Array): number {
    let taken = 0;
    while (this.#isReading) {
      taken += this.#gathered.take(chunk.subarray(taken));
      this.#guard(() => this.#look());
      if (taken === chunk.length && this.#gathered.missing > 0) break;
    }
    return taken;
  }

  /**
   * Says that the peer sends no more.
   *
   * @throws {NetError} kind "reset" where it has said nothing, else as the side takes it
   */
  end(): never {
    const saidNothing = this.#state === "preamble" && this.#gathered.bytes.length === 0;
    this.#state = "over";
    throw new NetError({
      kind: saidNothing ? "reset" : this.cutShort,
      op: "link",
      message: saidNothing
        ? "the peer closed the carrier before it said anything"
        : "the handshake of the peer was cut short",
      blame: "remote",
    });
  }

  /** The records that follow. Once, in the state "in". */
  records(): CarrierRecords {
    if (this.#state !== "in" || this.noise === undefined) throw this.misuse("records");
    const { send, receive } = this.noise.split();
    const { seals } = this.security;
    return { writer: new RecordWriter(send, seals), reader: new RecordReader(receive, seals) };
  }

  /** The peer's preamble has come. @returns the length of the message that follows */
  protected abstract preamble(bytes: Uint8Array): number;
  /** The peer's message has come. */
  protected abstract message(bytes: Uint8Array): void;

  #look(): void {
    const { bytes, missing } = this.#gathered;
    if (this.#state === "preamble") checkMagic(bytes);
    if (missing > 0) return;
    if (this.#state === "preamble") {
      const length = this.preamble(bytes);
      this.go("preamble");
      this.#gathered = new Gathered(length);
    } else {
      this.message(bytes);
      this.go("message");
    }
  }

  /** Whatever is thrown ends the handshake. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#state = "over";
      throw thrown;
    }
  }

  /** Takes the step that the table names. */
  protected go(act: HandshakeAct): void {
    const next = this.#table[this.#state]?.[act];
    if (next === undefined) throw this.misuse(act);
    this.#state = next;
  }

  /** The fault of a caller that does what the state does not name. */
  protected misuse(act: string): NetError {
    const message = `link handshake: ${act} in the state ${this.#state}`;
    return new NetError({ kind: "unexpected", op: "link", message });
  }
}
