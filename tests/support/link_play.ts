/**
 * A played schedule of a link: two sessions under virtual time, carriers that cut, delay, swallow
 * and overlap, users at both ends. All of it follows from one seed.
 * @module
 */

import type { LinkSessionOptions } from "../../lib/link/session_options.ts";
import { LossyCarrier } from "./link_carrier.ts";
import { LinkPlayer, type PlayedChannel } from "./link_player.ts";
import { SeededBytes } from "./random.ts";

/** What a schedule came to. */
export interface PlayReport {
  readonly carriers: number;
  readonly bytes: number;
  readonly resent: number;
  readonly expired: number;
  readonly channels: number;
  readonly dead: number;
  /** Writes of long frames as they lie. */
  readonly runs: number;
}

/** Plays one schedule. @throws {Error} with the seed, where anything is not as it must be */
export function playLink(seed: number): PlayReport {
  try {
    return new LinkPlay(seed).run();
  } catch (thrown) {
    throw new Error(`PLUMB_SEED=${seed} fails: ${thrown}`, { cause: thrown });
  }
}

const everyMs = 1000;
const misses = 3;

class LinkPlay {
  readonly #random: SeededBytes;
  readonly #client: LinkPlayer;
  readonly #server: LinkPlayer;
  readonly #channels = new Map<number, PlayedChannel>();
  /** All carriers on which bytes may still be under way, oldest first. */
  #carriers: LossyCarrier[] = [];
  /** The one that each end writes to. */
  #clientCarrier: LossyCarrier | null = null;
  #serverCarrier: LossyCarrier | null = null;
  #nowMs = 0;
  #dead = 0;
  #runs = 0;
  /** When each end last heard of the other, by what was delivered. */
  readonly #heardMs: [number, number] = [0, 0];

  constructor(seed: number) {
    // Neighbouring seeds of a xorshift begin alike.
    const random = this.#random = new SeededBytes(Math.imul(seed + 1, 0x9e3779b1));
    for (let turn = 0; turn < 4; turn++) random.below(2);
    const isLarge = random.below(16) === 0;
    const heartbeat = random.below(2) === 0 ? null : { everyMs, misses };
    const options = (role: "client" | "server"): LinkSessionOptions => ({
      role,
      heartbeat,
      windowBytes: isLarge ? 1024 * 1024 : 1024 << random.below(7),
      replayBytes: (128 + (isLarge ? 256 : 64) * random.below(4)) * 1024,
      largeWriteBytes: 1 + random.below(4_000),
      ackDelayMs: random.below(50),
      datagramExpiryMs: 20 + random.below(500),
    });
    const largest = isLarge ? 200_000 : 5_000;
    this.#client = new LinkPlayer(0, options("client"), random, this.#channels, largest);
    this.#server = new LinkPlayer(1, options("server"), random, this.#channels, largest);
  }

  run(): PlayReport {
    const turns = 300 + this.#random.below(900);
    for (let turn = 0; turn < turns; turn++) this.#turn();
    this.#carryOn();
    const { tally } = this.#client.session;
    const other = this.#server.session.tally;
    return {
      carriers: tally.carriers,
      bytes: this.#client.bytes + this.#server.bytes,
      resent: tally.framesResent + other.framesResent,
      expired: tally.datagramsExpired + other.datagramsExpired,
      channels: this.#channels.size,
      dead: this.#dead,
      runs: this.#runs,
    };
  }

  #turn(): void {
    const random = this.#random;
    const dice = random.below(100);
    if (dice < 45) (random.below(2) === 0 ? this.#client : this.#server).act(this.#nowMs);
    else if (dice < 65) this.#write(random.below(2) === 0);
    else if (dice < 88) this.#deliverSome();
    else if (dice < 94) this.#wait(random.below(60));
    else this.#disturb();
  }

  #disturb(): void {
    const random = this.#random;
    const carrier = this.#clientCarrier;
    // Without a carrier, or beside one that lives.
    if (carrier === null || random.below(6) === 0) return this.#connect();
    const dice = random.below(5);
    if (dice === 0) carrier.swallow();
    else if (dice === 1) {
      carrier.cut(random.below(carrier.toServer.size + 1), random.below(carrier.toClient.size + 1));
    } else if (dice === 2) this.#lose("client");
    else if (dice === 3) this.#lose("server");
    else this.#wait(random.below(4 * everyMs));
  }

  #connect(): void {
    const carrier = new LossyCarrier(this.#client.session.attach(this.#nowMs));
    this.#heardMs[0] = this.#nowMs;
    this.#client.isCarrierDead = false;
    this.#carriers.push(carrier);
    this.#clientCarrier = carrier;
    this.#client.takeEvents();
  }

  /** One end gives its carrier up; the other does not know yet. */
  #lose(end: "client" | "server"): void {
    if (end === "client" && this.#clientCarrier !== null) {
      this.#client.session.detach(this.#clientCarrier.client);
      this.#clientCarrier = null;
    } else if (end === "server" && this.#serverCarrier?.server) {
      this.#server.session.detach(this.#serverCarrier.server);
      this.#serverCarrier = null;
    }
  }

  /** An end writes what its carrier takes. @returns true where it had something to say */
  #write(isClient: boolean): boolean {
    const { session } = isClient ? this.#client : this.#server;
    const carrier = isClient ? this.#clientCarrier : this.#serverCarrier;
    const pipe = isClient ? carrier?.toServer : carrier?.toClient;
    const number = isClient ? carrier?.client : carrier?.server;
    if (carrier === null || pipe === undefined || !number || !pipe.hasRoom) return false;
    if (!session.hasOutput) return false;
    // A carrier that seals nothing may take long frames as they lie, or not.
    const run = this.#random.below(2) === 0
      ? session.pullRun(number, pipe.room, this.#nowMs)
      : null;
    if (run !== null) pipe.putRecords(run.bytes);
    const length = run?.bytes.length ?? pipe.put((into) => session.pull(number, into, this.#nowMs));
    run?.taken();
    this.#runs += run === null ? 0 : 1;
    if (length === 0 && session.hasOutput) throw new Error("output that is never given");
    (isClient ? this.#client : this.#server).takeEvents();
    return length > 0;
  }

  #deliverSome(): void {
    const carrier = this.#carriers[this.#random.below(Math.max(1, this.#carriers.length))];
    if (carrier === undefined) return;
    const sizes = [1, 7, 100, 3_000, 70_000];
    const most = 1 + this.#random.below(sizes[this.#random.below(sizes.length)] ?? 1);
    this.#deliver(carrier, this.#random.below(2) === 0, most);
  }

  #deliver(carrier: LossyCarrier, toServer: boolean, most: number): void {
    const pipe = toServer ? carrier.toServer : carrier.toClient;
    pipe.deliver(most, (record) => {
      if (toServer) this.#arriveAtServer(carrier, record);
      else {
        if (carrier === this.#clientCarrier) this.#heardMs[0] = this.#nowMs;
        this.#client.session.receive(carrier.client, record, this.#nowMs);
        this.#client.takeEvents();
      }
    });
    if (!pipe.hasEnded) return;
    if (toServer && carrier === this.#serverCarrier) this.#lose("server");
    if (!toServer && carrier === this.#clientCarrier) this.#lose("client");
  }

  /** The first record proves who it is: only then the carrier is the session's. */
  #arriveAtServer(carrier: LossyCarrier, record: Uint8Array): void {
    if (carrier.isRefused) return;
    if (carrier.server === null) {
      if (!this.#server.session.admits(record)) {
        carrier.isRefused = true;
        return carrier.cut(0, 0);
      }
      carrier.server = this.#server.session.attach(this.#nowMs);
      this.#server.isCarrierDead = false;
      this.#serverCarrier = carrier;
    }
    if (carrier === this.#serverCarrier) this.#heardMs[1] = this.#nowMs;
    this.#server.session.receive(carrier.server, record, this.#nowMs);
    this.#server.takeEvents();
  }

  /** Time passes, deadline after deadline. */
  #wait(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (;;) {
      const deadlines = [this.#client, this.#server].map(({ session }) => session.deadlineMs);
      const next = Math.min(...deadlines.map((ms) => ms ?? Infinity));
      if (next > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next);
      for (const [side, player] of [this.#client, this.#server].entries()) {
        this.#tick(player, this.#heardMs[side] ?? 0);
      }
    }
    this.#nowMs = endMs;
  }

  #tick(player: LinkPlayer, heardMs: number): void {
    const { session } = player;
    session.tick(this.#nowMs);
    player.takeEvents();
    if ((session.deadlineMs ?? Infinity) <= this.#nowMs) throw new Error("a deadline stands still");
    if (!player.isCarrierDead) return;
    player.isCarrierDead = false;
    this.#dead++;
    const silentMs = this.#nowMs - heardMs;
    if (silentMs !== everyMs * misses) throw new Error(`called dead after ${silentMs} ms`);
    this.#lose(player === this.#client ? "client" : "server");
  }

  /** A carrier that holds: all must come to its end. */
  #carryOn(): void {
    for (const carrier of this.#carriers) carrier.release();
    this.#carriers = [];
    this.#clientCarrier = this.#serverCarrier = null;
    this.#connect();
    this.#settle("to carry on");
    this.#checkLacking();
    this.#checkCredit();
    this.#rest();
    this.#client.finishAll();
    this.#server.finishAll();
    this.#settle("to end all channels");
    this.#checkEnd();
    this.#leave();
    for (const { session, hasSaidOver } of [this.#client, this.#server]) {
      if (!session.isOver || !hasSaidOver) throw new Error("the session is not over");
      if (session.deadlineMs !== null) throw new Error("a deadline after the end");
    }
    for (const carrier of this.#carriers) carrier.release();
  }

  /** Nobody says anything but heartbeats: none is called dead. */
  #rest(): void {
    const dead = this.#dead;
    for (let turn = 0; turn < 20; turn++) {
      this.#wait(everyMs / 2);
      for (const isClient of [true, false]) while (this.#write(isClient));
      for (const carrier of this.#carriers) {
        for (const toServer of [true, false]) this.#deliver(carrier, toServer, Infinity);
      }
    }
    if (this.#dead > dead) throw new Error("a carrier that holds is called dead");
  }

  /** What is written before a goodbye arrives. */
  #leave(): void {
    const [first, other] = this.#random.below(2) === 0
      ? [this.#client, this.#server]
      : [this.#server, this.#client];
    const id = first.openLast();
    this.#settle("to open a last channel");
    const channel = this.#channels.get(id);
    const isRefused = channel?.isBroken;
    first.leave(id, this.#nowMs);
    this.#settle("to say goodbye");
    if (other.open.includes(id)) throw new Error("the last channel has no end");
    for (const flow of channel?.flows ?? []) {
      if (flow.read !== flow.written && !isRefused) throw new Error("the last bytes fail");
    }
  }

  #checkLacking(): void {
    for (const { lacking } of [this.#client, this.#server]) {
      if (lacking.length > 0) throw new Error(`channels ${lacking} wait for ever`);
    }
  }

  /** Until nothing moves, and no acknowledgement is waited for. */
  #settle(what: string): void {
    let quiet = 0;
    for (let round = 0; quiet < 3; round++) {
      if (round > 5_000) throw new Error(`no end: ${what}`);
      let moved = false;
      for (const isClient of [true, false]) while (this.#write(isClient)) moved = true;
      for (const carrier of this.#carriers) {
        for (const toServer of [true, false]) {
          if ((toServer ? carrier.toServer : carrier.toClient).size > 0) moved = true;
          this.#deliver(carrier, toServer, Infinity);
        }
      }
      if (this.#client.drain(this.#nowMs)) moved = true;
      if (this.#server.drain(this.#nowMs)) moved = true;
      quiet = moved ? 0 : quiet + 1;
      if (!moved) this.#wait(60);
    }
  }

  #checkCredit(): void {
    const ends = [this.#client.session, this.#server.session] as const;
    for (const id of this.#channels.keys()) {
      for (const [sender, receiver] of [ends, [ends[1], ends[0]]] as const) {
        const from = sender.inspect(id);
        const to = receiver.inspect(id);
        if (from === null || to === null) continue;
        // Who has sent its end needs no credit, and gets none.
        if (from.state === "finished" || from.state === "closed") continue;
        const sum = to.receiveCredit + to.unread + to.consumed;
        if (from.sendCredit !== to.receiveCredit || sum !== to.window) {
          throw new Error(`channel ${id}: credit ${JSON.stringify({ from, to })}`);
        }
      }
    }
  }

  #checkEnd(): void {
    for (const { session, unfinished } of [this.#client, this.#server]) {
      if (unfinished.length > 0) throw new Error(`channels ${unfinished} have no end`);
      if (session.channelCount > 0) throw new Error(`${session.channelCount} channels are kept`);
      if (session.replayBytes > 0) throw new Error(`${session.replayBytes} bytes are kept`);
      if (session.receiveBytes > 0) throw new Error(`${session.receiveBytes} bytes are unread`);
    }
    let lost = 0;
    for (const { kind, flows, isBroken } of this.#channels.values()) {
      for (const flow of flows) {
        if (isBroken) continue;
        if (kind === "datagrams") lost += flow.written - flow.arrived;
        else if (flow.read !== flow.written) throw new Error(`${flow.written - flow.read} lost`);
      }
    }
    const [near, far] = [this.#client.session.tally, this.#server.session.tally];
    const expired = near.datagramsExpired + far.datagramsExpired;
    if (lost > expired) throw new Error(`${lost} datagrams lost, ${expired} expired`);
    if (near.framesSent !== far.framesReceived || far.framesSent !== near.framesReceived) {
      throw new Error("frames that came twice, or never");
    }
  }
}
