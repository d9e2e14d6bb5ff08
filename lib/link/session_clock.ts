/**
 * What a session does when time passes: acknowledgements that have waited, heartbeats, verdicts,
 * datagrams that are too old.
 * @module
 */

import type { SessionParts } from "./session_parts.ts";

/** How often datagrams are looked through for those that are too old, at most. */
const leastSweepMs = 100;

/** The deadlines of a session. */
export class SessionClock {
  readonly #parts: SessionParts;
  #sweepMs = Infinity;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** When `tick` is wanted (monotonic ms); null: not at all. */
  get deadlineMs(): number | null {
    const { standing, acknowledger, pulse } = this.#parts;
    if (standing.isOver) return null;
    let atMs = this.#sweepMs;
    if (standing.state !== "none") atMs = Math.min(atMs, pulse.deadlineMs);
    if (standing.state === "up") atMs = Math.min(atMs, acknowledger.deadlineMs);
    return atMs === Infinity ? null : atMs;
  }

  /** A datagram is about to wait. */
  watchDatagrams(nowMs: number): void {
    if (this.#sweepMs === Infinity) this.#sweepMs = nowMs + this.#parts.settings.datagramExpiryMs;
  }

  /** Time has passed. */
  tick(nowMs: number): void {
    const { standing, acknowledger, pulse, events } = this.#parts;
    if (standing.isOver) return;
    acknowledger.tick(nowMs);
    const verdict = pulse.tick(nowMs);
    if (verdict === "dead") events.put({ kind: "carrier-dead" });
    else if (verdict === "suspect") events.put({ kind: "carrier-suspect" });
    if (nowMs >= this.#sweepMs) this.#sweep(nowMs);
  }

  /** Not one deadline for each: most are sent long before theirs. */
  #sweep(nowMs: number): void {
    const { channels, replay, memory, tally, settings } = this.#parts;
    for (const channel of channels.all()) channel.expire(nowMs);
    replay.expire(nowMs, () => void tally.datagramsExpired++);
    channels.tellWritable();
    const againMs = Math.max(leastSweepMs, settings.datagramExpiryMs / 4);
    this.#sweepMs = memory.used === 0 ? Infinity : nowMs + againMs;
  }
}
