/**
 * Round trips by ping-pong with another plumb: `plumb serve pingpong`, or an end that runs
 * `--heartbeat mode=pingpong`. Such an end asks in turn, and gets its answers.
 * @module
 */

import { wallMicroseconds } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import {
  decodeFrameMessage,
  encodeFrame,
  encodeFrameMessage,
  type Frame,
  FrameReader,
  makePreface,
  missingPreface,
} from "../wire/heartbeat_frame.ts";
import type { PeerFacts } from "../wire/peer_facts.ts";
import { decodePing, decodePong, encodePing, pingBytes, roomyPingBytes } from "../wire/pingpong.ts";
import { answerTo, PingPong } from "./pingpong.ts";
import type { ProbeEvents, Prober } from "./prober.ts";
import { SessionProber } from "./session_prober.ts";

/** Longest message that is read: a PONG with all the facts that there may be, and more than UDP's. */
const longestMessage = 65_536;

/** Asks another plumb. */
export class PongProber extends SessionProber implements Prober {
  readonly #exchange = new PingPong();
  readonly #facts: () => PeerFacts;
  readonly #preface = makePreface();
  readonly #reader = new FrameReader(this.#preface);
  /**
   * Messages have no preface to know an echo service by: this stands in their padding. Number and
   * time would not do: two sides that ask each other in one rhythm have the same at times.
   */
  readonly #chance = crypto.getRandomValues(new Uint8Array(8));
  #hasBegun = false;

  /**
   * @param session owned from here on
   * @param facts what is said of ourselves to a peer that asks
   */
  constructor(session: Duplex, facts: () => PeerFacts, events: ProbeEvents, context: Context) {
    super(session, events, context);
    this.#facts = facts;
    this.start();
  }

  protected override async send(sequence: number): Promise<void> {
    const { messages } = this.session.traits;
    const { clock } = this.context;
    if (!messages && !this.#hasBegun) {
      this.#hasBegun = true;
      await this.session.write(this.#preface);
    }
    const ping = this.#exchange.ask(sequence, clock.now(), wallMicroseconds(clock));
    const payload = encodePing(ping, messages ? roomyPingBytes : pingBytes);
    if (messages) payload.set(this.#chance, pingBytes);
    await this.session.write((messages ? encodeFrameMessage : encodeFrame)("ping", payload));
  }

  protected override async receive(): Promise<void> {
    const { messages } = this.session.traits;
    const into = new Uint8Array(longestMessage);
    const sink = { put: (frame: Frame) => this.#frame(frame) };
    for (;;) {
      const count = await this.readOne(into);
      if (count === null) throw this.#reader.hasPreface ? this.peerEnded() : missingPreface();
      if (count === "failed") continue;
      const part = into.subarray(0, count);
      if (messages) this.#message(part);
      else this.#reader.push(part, sink);
    }
  }

  #message(message: Uint8Array): void {
    const frame = decodeFrameMessage(message);
    if (frame !== null) this.#frame(frame);
  }

  protected override farewell(): Uint8Array | null {
    return this.#hasBegun ? encodeFrame("end") : null;
  }

  /** What the codecs say knows no address. */
  protected override end(thrown: unknown): void {
    if (!(thrown instanceof NetError) || thrown.address !== undefined) return super.end(thrown);
    const { kind, reason: message, hint, blame } = thrown;
    const address = this.session.remote.text;
    const named = { kind, op: "ping", address, message, blame, cause: thrown };
    super.end(new NetError(hint === undefined ? named : { ...named, hint }));
  }

  #frame({ type, payload }: Frame): void {
    const { clock } = this.context;
    if (type === "pong") {
      const pong = decodePong(payload);
      const result = this.#exchange.heard(pong, clock.now());
      if (result === null) return this.events.answered(pong.sequence);
      const { peerMs, thereMs, backMs, peer } = result;
      this.events.answered(pong.sequence, { peerMs, thereMs, backMs, clock: result.clock, peer });
    } else if (type === "ping") this.#answer(payload);
    // Data and signs of life are for who keeps the session.
  }

  #answer(payload: Uint8Array): void {
    const { clock } = this.context;
    const receivedUs = wallMicroseconds(clock);
    const ping = decodePing(payload);
    const { messages } = this.session.traits;
    if (messages && this.#isOwn(payload)) throw this.#reflection();
    const wallUs = () => wallMicroseconds(clock);
    const room = messages ? { room: Math.max(payload.length, pingBytes) } : {};
    const answer = answerTo(ping, { receivedUs, wallUs, facts: this.#facts(), ...room });
    this.reply((messages ? encodeFrameMessage : encodeFrame)("pong", answer));
  }

  #isOwn(payload: Uint8Array): boolean {
    return payload.length === roomyPingBytes &&
      this.#chance.every((byte, at) => byte === payload[pingBytes + at]);
  }

  #reflection(): NetError {
    return new NetError({
      kind: "protocol",
      op: "ping",
      address: this.session.remote.text,
      message: "the peer only sends back what it gets",
      hint: "plumb serve pingpong must answer there, or use --mode echo",
      blame: "remote",
    });
  }
}
