/**
 * What a gate says: sessions, refusals, limits and drains, as lines and as fields.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { LimitName } from "../core/limits.ts";
import type { Log, LogFields } from "../core/log.ts";
import { type AcceptPolicy, type Arrival, descriptorBound, type Refusal } from "./policy.ts";
import { type EndedSession, peerText, sessionFields, sessionText } from "./session_line.ts";

/** Says what happens at one gate. */
export class GateWords {
  readonly #log: Log;
  readonly #bound: number;
  readonly #boundPerPeer: number;
  /** Where descriptors and not a limit set the bound: how many there are. */
  readonly #descriptors: number | undefined;
  /** What raises each bound: what the policy says wins over the limit. */
  readonly #raise: { readonly sessions: string; readonly perPeer: string };
  readonly #said = new Set<LimitName>();

  /** The bounds are those in force. */
  constructor(policy: AcceptPolicy, context: Context, bound: number, boundPerPeer: number) {
    this.#log = context.log;
    this.#bound = bound;
    this.#boundPerPeer = boundPerPeer;
    const { maximumSessions = context.limits.connections, descriptors } = policy;
    if (descriptorBound(policy, context) < maximumSessions) this.#descriptors = descriptors;
    this.#raise = {
      sessions: policy.maximumSessions === undefined
        ? "--limit connections=N"
        : "--max-connections N",
      perPeer: policy.maximumPerPeer === undefined
        ? "--limit connections-per-peer=N"
        : "--max-per-peer N",
    };
  }

  /** A session was let in. */
  opened(id: number, arrival: Arrival): void {
    if (!this.#log.enabled("debug")) return;
    const text = `session ${id}: ${peerText(arrival.remote)} at ${arrival.local.text}: open`;
    this.#log.write("debug", "open", text, { id, ...namesOf(arrival) });
  }

  /** A session is over: its one line. */
  ended(session: EndedSession): void {
    if (!this.#log.enabled("info")) return;
    this.#log.write("info", "session", sessionText(session), sessionFields(session));
  }

  /** A connection was turned away. */
  refused(arrival: Arrival, why: Refusal, because: string): void {
    if (!this.#log.enabled("info")) return;
    const text = `refused ${peerText(arrival.remote)} at ${arrival.local.text}: ${because}`;
    this.#log.write("info", "refused", text, { ...namesOf(arrival), why });
  }

  /** There is no room; said once. */
  full(consequence: string): void {
    const raise = this.#descriptors === undefined
      ? `raise it with ${this.#raise.sessions}`
      : `${this.#descriptors} descriptors allow no more (ulimit -n)`;
    this.#limit("connections", this.#bound, `${consequence}; ${raise}`);
  }

  /** There is no room for one address; said once. */
  fullForPeer(): void {
    const text = `more from one address are refused; raise it with ${this.#raise.perPeer}`;
    this.#limit("connections-per-peer", this.#boundPerPeer, text);
  }

  /** A drain began, with sessions to wait for. */
  draining(sessions: number, drainMs: number): void {
    if (sessions === 0) return;
    const text = `draining: ${sessions} open, for at most ${drainMs / 1000}s`;
    this.#log.write("notice", "draining", text, { sessions, drainMs });
  }

  /** A drain is over, with how it went (rule 8 of the contract). */
  drained(sessions: number, cut: number): void {
    if (sessions === 0) return;
    const ended = sessions - cut;
    const text = `drained: ${ended} ended by themselves, ${cut} cut`;
    this.#log.write("notice", "drained", text, { ended, cut });
  }

  #limit(limit: LimitName, bound: number, consequence: string): void {
    if (this.#said.has(limit)) return;
    this.#said.add(limit);
    const text = `${bound} ${limit} reached: ${consequence}`;
    this.#log.write("warning", "limit", text, { limit, bound });
  }
}

function namesOf({ remote, local }: Arrival): LogFields {
  const { text: peer, credentials } = remote;
  return { peer, local: local.text, ...(credentials === undefined ? {} : { credentials }) };
}
