/**
 * A link session as a machine: no I/O, no promises, time as an argument. It outlives its carriers:
 * what was sent and not acknowledged is kept, and sent again on the next one. Nothing is lost,
 * nothing comes twice, order is kept. `PROTOCOL.md` is the specification.
 * @module
 */

import { NetError } from "../core/error.ts";
import type { Sink } from "../core/machine.ts";
import type { LinkCode } from "../wire/link_code.ts";
import { maximumDataBytes, maximumFrameBytes } from "../wire/link_frame.ts";
import { type ChannelFacts, factsOf } from "./channel_host.ts";
import type { OutgoingRecords } from "./frame_run.ts";
import { SessionClock } from "./session_clock.ts";
import type { ChannelKind, SessionEvent } from "./session_events.ts";
import { failSession, SessionInput } from "./session_input.ts";
import { type LinkSessionOptions, type SessionTally, settingsOf } from "./session_options.ts";
import { SessionOutput } from "./session_output.ts";
import { makeParts, type SessionParts } from "./session_parts.ts";

/**
 * One end of a session. After each call: take the `events`, and `pull` while `hasOutput` and the
 * carrier takes more; call `tick` when `deadlineMs` has come.
 *
 * @example
 * ```ts
 * import { LinkSession } from "@plumb/plumb";
 *
 * const near = new LinkSession({ role: "client" }, 0);
 * const far = new LinkSession({ role: "server" }, 0);
 * const ends = [near.attach(0), far.attach(0)] as const;
 * const record = new Uint8Array(65_519);
 * const carry = () => {
 *   while (near.hasOutput || far.hasOutput) {
 *     far.receive(ends[1], record.subarray(0, near.pull(ends[0], record, 0)), 0);
 *     near.receive(ends[0], record.subarray(0, far.pull(ends[1], record, 0)), 0);
 *   }
 * };
 * const channel = near.open("stream", "tcp://db:5432");
 * carry();
 * far.events({ put: (event) => event.kind === "incoming" && far.accept(event.channel) });
 * carry();
 * near.write(channel, new TextEncoder().encode("hello"));
 * carry();
 * console.log(far.read(channel, record)); // 5
 * ```
 */
export class LinkSession {
  readonly #parts: SessionParts;
  readonly #input: SessionInput;
  readonly #output: SessionOutput;
  readonly #clock: SessionClock;

  /** A session without a carrier. */
  constructor(options: LinkSessionOptions, nowMs: number) {
    this.#parts = makeParts(settingsOf(options), nowMs);
    this.#input = new SessionInput(this.#parts);
    this.#output = new SessionOutput(this.#parts);
    this.#clock = new SessionClock(this.#parts);
  }

  /** Sequenced frames received so far: what RESUME will say. */
  get received(): number {
    return this.#parts.acknowledger.received;
  }

  /** What was done so far; the object is always the same. */
  get tally(): Readonly<SessionTally> {
    const { tally, acknowledger, replay, pulse } = this.#parts;
    tally.framesReceived = acknowledger.received;
    tally.framesAcknowledged = replay.acknowledged;
    tally.roundTripMs = pulse.roundTripMs;
    return tally;
  }

  /** True where `pull` may have something to give: after it gave 0, false. */
  get hasOutput(): boolean {
    return this.#output.hasOutput;
  }

  /** When `tick` is wanted (monotonic ms); null: not at all. */
  get deadlineMs(): number | null {
    return this.#clock.deadlineMs;
  }

  /** True once nothing more will happen: both said goodbye, or the peer broke the protocol. */
  get isOver(): boolean {
    return this.#parts.standing.isOver;
  }

  /** Bytes held of what was written and is not acknowledged yet, control frames included. */
  get replayBytes(): number {
    return this.#parts.memory.used;
  }

  /** Bytes held of what was received and not read. */
  get receiveBytes(): number {
    let sum = 0;
    for (const channel of this.#parts.channels.all()) sum += channel.input.memory;
    return sum;
  }

  /** Channels that are not over at both ends, or not read to their end here. */
  get channelCount(): number {
    return this.#parts.channels.size;
  }

  /** What is known of a channel, for those who look at it; null once it is over. */
  inspect(channel: number): ChannelFacts | null {
    const found = this.#parts.channels.find(channel);
    return found === undefined ? null : factsOf(found);
  }

  /**
   * For the end that is dialled, before `attach`: whether the carrier that begins with this record
   * is newer than the last one. A carrier can be late: its dialler has given it up and is here by
   * another already, which would be lost, and the session with it, were the late one attached.
   *
   * @returns false also for a record that does not begin with a RESUME; the session is not touched
   */
  admits(record: Uint8Array): boolean {
    return this.#input.admits(record);
  }

  /**
   * A carrier is there, and its peer is who it should be. An older one is detached by it: late
   * records of that are dropped unread, for the peer was told what had come before.
   *
   * @returns the carrier's number
   */
  attach(nowMs: number): number {
    const { standing, replay, pulse, tally } = this.#parts;
    replay.rewind();
    standing.state = "attached";
    pulse.attach(nowMs);
    tally.carriers++;
    return ++standing.carrier;
  }

  /** The carrier is lost; all that is not acknowledged is kept. */
  detach(carrier: number): void {
    const { standing, replay, pulse } = this.#parts;
    if (carrier !== standing.carrier || standing.state === "none") return;
    standing.state = "none";
    replay.rewind();
    pulse.detach();
  }

  /**
   * Takes the plain bytes of one record: whole frames, which are not kept.
   *
   * @throws {NetError} kind "protocol", its `code` the name in `linkCodes`. The session is over
   * then: `pull` gives a GOAWAY for the peer, after that drop the carrier
   */
  receive(carrier: number, record: Uint8Array, nowMs: number): void {
    const { standing } = this.#parts;
    if (carrier !== standing.carrier || standing.state === "none" || standing.isOver) return;
    try {
      this.#input.receive(record, nowMs);
    } catch (thrown) {
      if (thrown instanceof NetError) failSession(this.#parts, thrown);
      throw thrown;
    }
  }

  /**
   * Something has come by a carrier, be it a part of a record: a long one takes longer than a
   * heartbeat on a slow network, and a carrier that is dropped within it would never get it across.
   */
  heard(carrier: number, nowMs: number): void {
    const { standing, pulse } = this.#parts;
    if (carrier === standing.carrier && standing.state !== "none") pulse.heard(nowMs);
  }

  /**
   * Fills `into` with whole frames, as many as there are and fit.
   *
   * @param into at least `maximumFrameBytes`
   * @returns bytes; 0: nothing to say now
   */
  pull(carrier: number, into: Uint8Array, nowMs: number): number {
    if (into.length < maximumFrameBytes) throw new RangeError(`${into.length} bytes are too few`);
    const { standing } = this.#parts;
    if (carrier !== standing.carrier || standing.state === "none") return 0;
    return this.#output.pull(into, nowMs);
  }

  /**
   * As `pull`, for a carrier that seals nothing: long frames as records where they lie.
   *
   * @param most how many bytes of records the carrier takes now
   * @returns null where something is to be said that only `pull` gives, or nothing. One that is
   * given is to be told when it was `taken`
   */
  pullRun(carrier: number, most: number, nowMs: number): OutgoingRecords | null {
    const { standing } = this.#parts;
    return carrier === standing.carrier ? this.#output.pullRun(most, nowMs) : null;
  }

  /** Time has passed. */
  tick(nowMs: number): void {
    this.#clock.tick(nowMs);
  }

  /**
   * Asks the peer for a channel.
   *
   * @param target what it should open, as both understand it
   * @param listener the peer's listener that a connection came to, of its "listen"; default none
   * @returns the channel's number; "opened" or "refused" follows
   * @throws {NetError} kind "limit", "too-large", or "broken" once the session ends
   */
  open(kind: ChannelKind, target: string, listener: number | null = null): number {
    this.#checkOpen("open");
    return this.#parts.channels.open(kind, target, listener ?? 0);
  }

  /** Takes an "incoming" channel. Nothing happens where the peer has withdrawn it. */
  accept(channel: number): void {
    this.#parts.channels.find(channel)?.accept();
  }

  /** Turns an "incoming" channel down; of the text, 512 bytes are sent. */
  refuse(channel: number, code: LinkCode, text: string): void {
    this.#parts.channels.find(channel)?.refuse({ code, text });
  }

  /**
   * Writes to a stream.
   *
   * @returns bytes that were taken; where that is not all, "writable" follows
   * @throws {NetError} kind "broken" where the channel is over, or was ended here
   */
  write(channel: number, chunk: Uint8Array): number {
    this.#checkOpen("write");
    return this.#parts.channels.get(channel, "write").write(chunk);
  }

  /**
   * Sends one datagram.
   *
   * @returns false where there is no room: "writable" follows
   * @throws {NetError} kind "too-large"; "broken" as `write`
   */
  send(channel: number, message: Uint8Array, nowMs: number): boolean {
    this.#checkOpen("write");
    if (message.length > maximumDataBytes) {
      throw new NetError({
        kind: "too-large",
        op: "write",
        message: `a message of ${message.length} bytes; a link takes ${maximumDataBytes}`,
      });
    }
    this.#clock.watchDatagrams(nowMs);
    return this.#parts.channels.get(channel, "write").send(message, nowMs);
  }

  /** Ends writing: what was written is still delivered. Idempotent. */
  closeWrite(channel: number): void {
    this.#parts.channels.find(channel)?.closeWrite();
  }

  /** Ends a channel both ways at once, also one that is not open yet. Idempotent. */
  reset(channel: number, code: LinkCode = "cancelled"): void {
    this.#parts.channels.find(channel)?.reset(code);
    this.#parts.channels.tellWritable();
  }

  /**
   * Reads what is there, or one datagram (0 is an empty one).
   *
   * @returns bytes; null: the peer has ended; undefined: nothing is there, "readable" follows
   * @throws {NetError} kind "broken" where the channel is over; "too-large" for a datagram that
   * does not fit, which is lost
   */
  read(channel: number, into: Uint8Array): number | null | undefined {
    return this.#parts.channels.get(channel, "read").read(into);
  }

  /** As `read`, of a stream, without a copy: the memory itself, for `giveBack` of the queue. */
  lend(channel: number): Uint8Array | null | undefined {
    return this.#parts.channels.get(channel, "read").lend();
  }

  /**
   * Asks the peer to listen. "listening" or "listen-refused" follows.
   *
   * @returns the listener's number, which "incoming" will name
   * @throws {NetError} kind "limit", "too-large", or "broken" once the session ends
   */
  listen(address: string): number {
    this.#checkOpen("listen");
    return this.#parts.listeners.listen(address);
  }

  /** Takes it back. Idempotent. */
  unlisten(listener: number): void {
    this.#parts.listeners.unlisten(listener);
  }

  /** Answers "listen": it listens, at this address. @throws {NetError} kind "too-large" */
  listening(listener: number, address: string): void {
    this.#parts.listeners.listening(listener, address);
  }

  /** Answers "listen": it does not, or no longer. */
  refuseListen(listener: number, code: LinkCode, text: string): void {
    this.#parts.listeners.refuse(listener, { code, text });
  }

  /**
   * Ends the session in order, after all that was written so far. "over" follows, if the peer is
   * there to answer. Idempotent.
   */
  goodbye(code: LinkCode, text: string): void {
    this.#parts.standing.leaving ??= { code, text };
  }

  /** Takes out what has happened. */
  events(sink: Sink<SessionEvent>): void {
    this.#parts.events.drain(sink);
  }

  #checkOpen(op: "open" | "write" | "listen"): void {
    if (this.#parts.standing.leaving === null) return;
    throw new NetError({ kind: "broken", op, message: "the link session ends" });
  }
}
