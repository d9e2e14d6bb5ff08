/**
 * One connection of a web server: what it waits for, how long it may, and how it ends.
 * @module
 */

import { STATUS_CODES } from "node:http";
import { AbortSource, onAbort } from "../core/abort.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import type { Timer } from "../core/clock.ts";
import { NetError } from "../core/error.ts";
import { type LimitName, limitTable } from "../core/limits.ts";
import { TimerWheel } from "../core/wheel.ts";
import type { Reason } from "../core/reason.ts";
import { reasonOfError } from "../stream/relay.ts";
import type { SessionOutcome } from "./contract.ts";
import type { DriveOptions } from "./drive.ts";
import { formatHttpDate } from "./http_date.ts";
import { SessionStream } from "./http_stream.ts";
import { LazyDeadline } from "./lazy_deadline.ts";

/** What a connection waits for: a request, the rest of its head, of its body, our own answer. */
type Phase = "idle" | "head" | "body" | "answer";

/** The limit that bounds each phase. Our own answer may take its time, as long as it is taken. */
const phaseLimit = {
  idle: "keep-alive",
  head: "header-time",
  body: "body-time",
} as const satisfies Partial<Record<Phase, LimitName>>;

/** As many requests of one client may be read ahead of their answers. */
const pipelineBound = 16;

/** Why the rest of a body will not come: it cannot be read, or took too long. */
export type BrokenBody = 400 | 408;

/** What is answered to what is no request. */
export type RefusedHead = 400 | 405 | 408 | 413 | 431;

/** The body of a request, as far as its connection has to know it. */
export interface ComingBody {
  /** True once all of it has come, read or not. */
  readonly complete: boolean;
}

/** One connection. */
export class HttpConnection {
  /** What node:http is given. */
  readonly stream: SessionStream;
  readonly #session: Duplex;
  readonly #context: Context;
  readonly #deadline: LazyDeadline;
  #phase: Phase = "head";
  #isStalled = false;
  /** Bytes since the last whole head; only counted while one is read. */
  #headBytes = 0;
  #unanswered = 0;
  /** Answers are given one after the other, in the order of the requests. */
  #turn: Promise<void> = Promise.resolve();
  /** Wakes the reading, which waits while too many requests are unanswered. */
  #roomy: () => void = () => {};
  #failure: NetError | undefined;
  #isDraining = false;
  /** Nothing that comes can be a request any more. */
  #isLast = false;
  /** Aborts when nothing can be sent any more. */
  readonly #over = new AbortSource();
  /** Tells whoever reads the body of the current request that the rest will not come. */
  #breakBody: (status: BrokenBody) => void = () => {};
  #body: ComingBody | null = null;
  #isOld = false;
  #activeMs: number;
  readonly #bounds: Timer[] = [];

  /** @param bounds what the user allows a session, beside the limits of each request */
  constructor(session: Duplex, context: Context, bounds: DriveOptions = {}) {
    this.#session = session;
    this.#context = context;
    this.#deadline = new LazyDeadline(context.clock, () => this.#expired());
    this.stream = new SessionStream(session, {
      received: (bytes) => this.#received(bytes),
      writing: (isWaiting) => this.#writing(isWaiting),
    });
    this.#activeMs = context.clock.now();
    this.#bound(bounds);
    this.#enter("head");
  }

  /** Aborts when nothing can be sent any more. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** True where the next answer must be the last one. */
  get isLast(): boolean {
    return this.#isLast || this.#isDraining;
  }

  /** Runs it to its end, and closes the session. */
  async run(): Promise<SessionOutcome> {
    const { stream } = this;
    const over = () => this.#over.abort();
    stream.once("finish", over);
    stream.once("close", over);
    // Told when all that came before it was parsed.
    stream.once("end", () => this.#peerEnded());
    await new Promise<void>((ended) => onAbort(this.over, ended));
    this.#deadline.cancel();
    for (const timer of this.#bounds) timer.cancel();
    // Asked before lingering: a peer that ends because we did has not ended it.
    const { peerEnded } = stream;
    // A client that still sends, say a body that was refused, would lose the answer to the reset
    // that closing sends then (RFC 9112 section 9.6).
    if (!stream.destroyed && !peerEnded) await this.#linger();
    stream.destroy();
    await this.#session[Symbol.asyncDispose]();
    await stream.discard();
    await this.#turn;
    const error = this.#failure ?? stream.failure;
    const { bytesIn, bytesOut } = stream;
    if (error !== undefined) return { reason: reasonOfError(error), error, bytesIn, bytesOut };
    return { reason: this.#orderlyReason(peerEnded), bytesIn, bytesOut };
  }

  #orderlyReason(peerEnded: boolean): Reason {
    if (this.#isOld) return "lifetime";
    if (this.#isDraining) return "drain";
    return peerEnded ? "peer-end" : "local-end";
  }

  /** The server wants to end: at once where nothing was asked, else after the current request. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    if (this.#phase === "idle") this.stream.end();
  }

  /**
   * A request has its head: answers it when those before it are answered.
   *
   * @param body still to come, or null; `bodyEnded` says when it was read
   * @param answer must not throw; is told where the rest of the body will not come
   */
  request(body: ComingBody | null, answer: (broken: Promise<BrokenBody>) => Promise<void>): void {
    this.#unanswered++;
    this.#headBytes = 0;
    this.#body = body;
    this.#enter(body === null ? "answer" : "body");
    const broken = new Promise<BrokenBody>((resolve) => this.#breakBody = resolve);
    this.#turn = this.#turn.then(async () => {
      if (!this.over.aborted) await answer(broken);
      this.#answered();
    });
  }

  /** The body of the request came to its end. */
  bodyEnded(): void {
    if (this.#phase === "body") this.#enter("answer");
  }

  /** Answers what is no request, as far as that is possible, and ends. Idempotent. */
  refuse(status: RefusedHead): void {
    this.#failure ??= this.#faultOf(status);
    const { stream } = this;
    if (this.#unanswered > 0) {
      // Its place is behind the answers that are under way: they are the last ones.
      this.#isLast = true;
      this.#breakBody(400);
      this.#enter("answer");
      return void stream.discard();
    }
    if (stream.writableEnded || stream.destroyed) return;
    const lines = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      // What an answer must have (RFC 9110 sections 6.6.1 and 15.5.6).
      `Date: ${formatHttpDate(this.#context.clock.wall())}`,
      ...(status === 405 ? ["Allow: GET, HEAD"] : []),
      "Connection: close",
      "Content-Length: 0",
    ];
    stream.end(`${lines.join("\r\n")}\r\n\r\n`);
    void stream.discard();
  }

  #bound({ idleMs, lifetimeMs }: DriveOptions): void {
    const wheel = TimerWheel.of(this.#context.clock);
    if (idleMs !== undefined) {
      const expire = () => this.#idled(`nothing moved for ${idleMs} ms`);
      const watched = { lastActivityMs: () => this.#activeMs, expire };
      this.#bounds.push(wheel.watch(idleMs, watched));
    }
    if (lifetimeMs === undefined) return;
    this.#bounds.push(wheel.timer(lifetimeMs, () => {
      this.#isOld = true;
      this.stream.destroy();
    }));
  }

  #received(bytes: number): Promise<void> | void {
    this.#activeMs = this.#context.clock.now();
    if (this.#phase === "idle") this.#enter("head");
    if (this.#phase === "head") {
      this.#headBytes += bytes;
      // The parser bounds one field; this bounds all of them. One read may hold a body's start too.
      const bound = this.#context.limits.header;
      if (this.#headBytes > 2 * bound + 64 * 1024) this.refuse(431);
    }
    if (this.#unanswered <= pipelineBound) return;
    return new Promise((roomy) => this.#roomy = roomy);
  }

  /** Deno's parser does not say that an end of input cuts a body off; the time for it need not run. */
  #peerEnded(): void {
    if (this.#phase !== "body" || this.#body?.complete !== false) return;
    this.#enter("answer");
    this.#breakBody(400);
  }

  #answered(): void {
    this.#unanswered--;
    if (this.#unanswered <= pipelineBound) this.#roomy();
    if (this.#unanswered > 0) return;
    if (this.#phase === "answer" || this.#phase === "body") this.#enter("idle");
    if (this.isLast) this.stream.end();
  }

  #writing(isWaiting: boolean): void {
    this.#activeMs = this.#context.clock.now();
    this.#isStalled = isWaiting;
    if (this.over.aborted) return;
    if (isWaiting) this.#deadline.set(this.#context.limits["write-stall"]);
    else this.#enter(this.#phase);
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    if (this.#isStalled || this.over.aborted) return;
    const delayMs = phase === "answer" ? Infinity : this.#context.limits[phaseLimit[phase]];
    this.#deadline.set(delayMs);
  }

  #expired(): void {
    if (this.#isStalled) {
      this.#failure ??= this.#limitError("write-stall");
      return void this.stream.destroy(this.#failure);
    }
    switch (this.#phase) {
      case "idle":
        return void this.stream.end();
      case "head":
        return this.refuse(408);
      case "body":
        // Whoever reads the body answers with 408; the connection ends with that answer.
        this.#failure ??= this.#limitError("body-time");
        this.#isLast = true;
        this.#enter("answer");
        return this.#breakBody(408);
    }
  }

  async #linger(): Promise<void> {
    const { clock, limits } = this.#context;
    const late = Promise.withResolvers<void>();
    const timer = TimerWheel.of(clock).timer(limits["close-linger"], late.resolve);
    await Promise.race([this.stream.discard(), late.promise]);
    timer.cancel();
  }

  #idled(message: string): void {
    const address = this.#session.remote.text;
    this.#failure ??= new NetError({
      kind: "idle",
      op: "serve",
      address,
      message,
      blame: "remote",
    });
    this.stream.destroy(this.#failure);
  }

  #faultOf(status: RefusedHead): NetError {
    if (status === 408) return this.#limitError("header-time");
    if (status === 431) return this.#limitError("header");
    const address = this.#session.remote.text;
    const message = "what came is no HTTP request that is served here";
    return new NetError({ kind: "protocol", op: "serve", address, message, blame: "remote" });
  }

  #limitError(limit: LimitName): NetError {
    const { unit } = limitTable[limit];
    return new NetError({
      kind: "limit",
      op: "serve",
      address: this.#session.remote.text,
      message: `over the limit ${limit} (${this.#context.limits[limit]} ${unit})`,
      hint: `raise it with --limit ${limit}=VALUE`,
      blame: "remote",
    });
  }
}
