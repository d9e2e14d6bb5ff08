/**
 * Protocols without I/O: time and bytes are arguments, timers are data. The promise face, the
 * datagram face and the reactor's callback face drive the same machine.
 * @module
 */

/** Takes what a machine gives out. Reused from step to step: keep nothing that was put. */
export interface Sink<Out> {
  /** Takes one output; called any number of times in a step, and only within one. */
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
 * What happens to a byte service: the session opened, bytes came, the peer ended its sending, the
 * sink can take more, the machine's deadline came. The bytes are lent for the step: the machine may
 * change them in place and put them, so that `echo` and `upper` need no buffer of their own.
 */
export type ByteInput = Uint8Array | "open" | "end" | "drain" | "deadline";

/**
 * What a byte service does: sends bytes, or ends its sending. Bytes stay as they are until the next
 * step; those put at "open" or "drain" until the next "drain", because input goes on meanwhile.
 */
export type ByteOutput = Uint8Array | "end";

/** A byte service: `echo`, `upper` and the others. One machine serves one session. */
export interface ByteMachine extends Machine<ByteInput, ByteOutput> {
  /** True while the machine has more to send as soon as the sink drains ("drain" is wanted). */
  readonly wantsDrain: boolean;
}
