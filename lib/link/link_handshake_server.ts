/**
 * The server's side of the handshake of a carrier.
 * @module
 */

import { concatenate } from "../core/bytes.ts";
import { NetError, toNetError } from "../core/error.ts";
import { decodeHello, encodeWelcome, type Hello, type Welcome } from "../wire/link_hello.ts";
import {
  decodeClientPreamble,
  encodeRefusal,
  encodeServerPreamble,
  linkVersion,
  type RefusalReason,
} from "../wire/link_preamble.ts";
import { NoiseHandshake } from "../wire/noise.ts";
import { Handshake, type HandshakeTable, keyOf, type LinkSecurity } from "./link_handshake.ts";

const table: HandshakeTable = {
  idle: { start: "preamble" },
  preamble: { preamble: "message" },
  message: { message: "hello" },
  hello: { answer: "in", refuse: "over" },
};

/**
 * Waits for a hello and answers it. The hello may be the replay of another one: nothing is to be
 * made, ended or taken over before the first record was opened, which only a client with the keys
 * of this handshake can have sent.
 */
export class ServerHandshake extends Handshake {
  /** What to send to the client before the carrier is closed, after something was thrown. */
  refusal: Uint8Array | null = null;
  protected override readonly cutShort = "protocol";
  readonly #ephemeral: Uint8Array | undefined;
  #prologue = new Uint8Array(0);
  #hello: Hello | undefined;

  /** @param ephemeral only for test vectors */
  constructor(security: LinkSecurity, ephemeral?: Uint8Array) {
    super(security, table);
    this.#ephemeral = ephemeral;
    this.go("start");
  }

  /** What the client has said; in the state "hello". */
  get hello(): Hello {
    if (this.#hello === undefined) throw this.misuse("hello");
    return this.#hello;
  }

  /** What to send in answer; only `ready` lets the client in. */
  answer(welcome: Welcome): Uint8Array<ArrayBuffer> {
    this.go(welcome.status === "ready" ? "answer" : "refuse");
    if (this.noise === undefined) throw this.misuse("answer");
    const message = this.noise.write(encodeWelcome(welcome));
    return concatenate([encodeServerPreamble(message.length), message]);
  }

  protected override preamble(bytes: Uint8Array): number {
    const { version, sealed, length } = decodeClientPreamble(bytes);
    if (version !== linkVersion) {
      throw this.#refused(
        "version",
        `the client speaks version ${version}, this side ${linkVersion}`,
        `this side speaks version ${linkVersion}`,
      );
    }
    const { seals } = this.security;
    if (sealed !== seals) {
      const [client, own] = seals ? ["nothing", "everything"] : ["everything", "nothing"];
      const message = `the client would seal ${client}, this side seals ${own}`;
      throw this.#refused("sealing", message, `this side seals ${own}`);
    }
    this.#prologue = bytes.slice();
    return length;
  }

  protected override message(bytes: Uint8Array): void {
    const psk = keyOf(this.security);
    const ephemeral = this.#ephemeral;
    const setup = { psk, prologue: this.#prologue, ...(ephemeral ? { ephemeral } : {}) };
    this.noise = new NoiseHandshake("responder", setup);
    let payload: Uint8Array;
    try {
      payload = this.noise.read(bytes);
    } catch (thrown) {
      this.refusal = encodeRefusal("authentication", "");
      throw thrown;
    }
    try {
      this.#hello = decodeHello(payload);
    } catch (thrown) {
      this.refusal = encodeRefusal("malformed", toNetError(thrown, "link").reason);
      throw thrown;
    }
  }

  #refused(reason: RefusalReason, message: string, told: string): NetError {
    this.refusal = encodeRefusal(reason, told);
    return new NetError({ kind: "protocol", op: "link", message, blame: "remote" });
  }
}
