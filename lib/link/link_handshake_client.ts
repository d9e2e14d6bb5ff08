/**
 * The client's side of the handshake of a carrier.
 * @module
 */

import { concatenate } from "../core/bytes.ts";
import { NetError, quote } from "../core/error.ts";
import { decodeWelcome, encodeHello, type Hello, type Welcome } from "../wire/link_hello.ts";
import {
  decodeRefusal,
  decodeServerPreamble,
  encodeClientPreamble,
  linkVersion,
  type PlainRefusal,
} from "../wire/link_preamble.ts";
import { messageOverhead, NoiseHandshake } from "../wire/noise.ts";
import { Handshake, type HandshakeTable, keyOf, type LinkSecurity } from "./link_handshake.ts";

const table: HandshakeTable = {
  idle: { start: "preamble" },
  preamble: { preamble: "message" },
  message: { message: "in" },
};

/** Says hello and waits for the welcome. */
export class ClientHandshake extends Handshake {
  /** A carrier that broke: it is dialled anew. */
  protected override readonly cutShort = "reset";
  readonly #ephemeral: Uint8Array | undefined;
  #refuses = false;
  #said: Uint8Array | undefined;
  #welcome: Welcome | undefined;

  /** @param ephemeral only for test vectors */
  constructor(security: LinkSecurity, ephemeral?: Uint8Array) {
    super(security, table);
    this.#ephemeral = ephemeral;
  }

  /** What to send first: preamble and message 1. */
  start(hello: Hello): Uint8Array<ArrayBuffer> {
    this.go("start");
    const payload = encodeHello(hello);
    const prologue = encodeClientPreamble(this.security.seals, messageOverhead + payload.length);
    const ephemeral = this.#ephemeral;
    const setup = { psk: keyOf(this.security), prologue, ...(ephemeral ? { ephemeral } : {}) };
    this.noise = new NoiseHandshake("initiator", setup);
    this.#said = this.noise.write(payload);
    return concatenate([prologue, this.#said]);
  }

  /** What the server has answered, proved to come from who has the key; in the state "in". */
  get welcome(): Welcome {
    if (this.#welcome === undefined) throw this.misuse("welcome");
    return this.#welcome;
  }

  protected override preamble(bytes: Uint8Array): number {
    const { version, refuses, length } = decodeServerPreamble(bytes);
    this.#refuses = refuses;
    if (!refuses && version !== linkVersion) {
      const message = `the server answers in version ${version}, this side speaks ${linkVersion}`;
      throw new NetError({ kind: "protocol", op: "link", message, blame: "remote" });
    }
    return length;
  }

  protected override message(bytes: Uint8Array): void {
    // Our own flag of sealing would read as a refusal, and without it as an answer by another key.
    if (
      bytes.length === this.#said?.length && bytes.every((byte, at) => byte === this.#said?.[at])
    ) {
      throw echoed();
    }
    if (this.#refuses) throw refusedBy(decodeRefusal(bytes));
    if (this.noise === undefined) throw this.misuse("message");
    this.#welcome = decodeWelcome(this.noise.read(bytes));
  }
}

/** What answers sends back what it gets. */
function echoed(): NetError {
  const message = "what answers is no link: it only sends back what it gets";
  return new NetError({ kind: "protocol", op: "link", message, blame: "remote" });
}

/** A plain refusal as what it means here. Anyone on the way can forge it: see `LinkClient`. */
function refusedBy({ reason, code, text }: PlainRefusal): NetError {
  const said = text === "" ? "" : `: ${quote(text)}`;
  const init = { op: "link", blame: "remote" } as const;
  switch (reason) {
    case "authentication": {
      const message = "the server could not open our handshake: it has another key";
      return new NetError({ ...init, kind: "authentication", message });
    }
    case "busy":
      return new NetError({ ...init, kind: "limit", message: `the server is busy${said}` });
    case "version":
      return new NetError({
        ...init,
        kind: "protocol",
        message: `the server does not speak version ${linkVersion}${said}`,
      });
    case "sealing":
      return new NetError({
        ...init,
        kind: "protocol",
        message: `one side seals and the other does not${said}`,
        hint: "give --no-seal to both or to none",
      });
    default: {
      const message = `the server refuses (${reason ?? `code ${code}`})${said}`;
      return new NetError({ ...init, kind: "protocol", message });
    }
  }
}
