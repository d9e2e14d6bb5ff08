/**
 * Steps machines by hand, for tests of what they put.
 * @module
 */

import type { VirtualClock } from "../../lib/core/clock.ts";
import type { ByteInput, ByteMachine, ByteOutput } from "../../lib/core/machine.ts";
import type { OptionValue } from "../../lib/core/option.ts";
import { services } from "../../lib/service/table.ts";

/** Makes the machine of a service. */
export function machineOf(
  name: string,
  clock: VirtualClock,
  messages = false,
  options: Readonly<Record<string, OptionValue>> = {},
): ByteMachine {
  const row = services[name];
  if (row === undefined) throw new Error(`no service ${name}`);
  return row.make({ clock, messages, options });
}

/** What the inputs made the machine put: bytes joined, and whether it ended. */
export function stepAll(
  machine: ByteMachine,
  inputs: readonly ByteInput[],
): { bytes: Uint8Array; ended: boolean } {
  const bytes: number[] = [];
  let ended = false;
  const put = (out: ByteOutput) => {
    if (ended) throw new Error("put after the end");
    if (out === "end") ended = true;
    else for (const byte of out) bytes.push(byte);
  };
  // Bytes are lent: a machine may change them.
  for (const input of inputs) {
    machine.step(typeof input === "string" ? input : input.slice(), 0, { put });
  }
  return { bytes: Uint8Array.from(bytes), ended };
}

/** Cuts bytes at the given offsets (taken modulo the length). */
export function cutAt(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const cuts = [...new Set(offsets.map((offset) => offset % (bytes.length + 1)))].sort((a, b) =>
    a - b
  );
  const edges = [0, ...cuts, bytes.length];
  return edges.slice(1).map((edge, at) => bytes.subarray(edges[at], edge));
}
