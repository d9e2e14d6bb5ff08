/**
 * Protocols without I/O: time and bytes are arguments, timers are data. The promise face, the
 * datagram face and the reactor's callback face drive the same machine.
 * @module
 */

/** Takes what a machine gives out. Reused from step to step: keep nothing that was put. */
export interface Sink<Out> {
  put(out: Out): void;
}

/** A protocol as a state machine. */
export interface Machine<In, Out> {
  /** Takes one input at a time `nowMs` (monotonic, milliseconds) and puts what follows from it. */
  step(input: In, nowMs: number, out: Sink<Out>): void;
  /** When the machine wants the next input even if nothing happens, or null. */
  readonly deadlineMs: number | null;
}

/**
 * What happens to a byte service: the session opened, bytes came (valid during the step only),
 * the peer ended its sending, the sink can take more, the machine's deadline came.
 */
export type ByteInput = Uint8Array | "open" | "end" | "drain" | "deadline";

/** What a byte service does: sends bytes (its own until the next step) or ends its sending. */
export type ByteOutput = Uint8Array | "end";

/** A byte service: `echo`, `upper` and the others One machine serves one session. */
export interface ByteMachine extends Machine<ByteInput, ByteOutput> {
  /** True while the machine has more to send as soon as the sink drains ("drain" is wanted). */
  readonly wantsDrain: boolean;
}
