/**
 * `-x`: what passes, as offset, hex and text, with direction and time.
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Direction, Tap } from "./tap.ts";

const width = 16;

/**
 * One line for each 16 bytes: offset within the direction, hex, printable ASCII.
 *
 * @param offset bytes that went this way before
 */
export function hexLines(chunk: Uint8Array, offset: number): string[] {
  const lines: string[] = [];
  for (let start = 0; start < chunk.length; start += width) {
    const row = chunk.subarray(start, start + width);
    let hex = "";
    let text = "";
    for (let at = 0; at < width; at++) {
      const byte = row[at];
      if (at === width / 2) hex += " ";
      hex += byte === undefined ? "   " : `${byte.toString(16).padStart(2, "0")} `;
      if (byte !== undefined) {
        text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
      }
    }
    lines.push(`${(offset + start).toString(16).padStart(8, "0")}  ${hex} |${text}|`);
  }
  return lines;
}

/**
 * A tap that prints every chunk: a head line with direction, size and wall-clock time, then the
 * hex lines.
 *
 * @param print takes whole lines, newline included
 */
export function hexdump(clock: Clock, print: (text: string) => void): Tap {
  const offsets: Record<Direction, number> = { "a-b": 0, "b-a": 0 };
  const arrow: Record<Direction, string> = { "a-b": ">", "b-a": "<" };
  return {
    chunk(direction, chunk) {
      const time = new Date(clock.wall()).toISOString();
      const head = `${arrow[direction]} ${direction} ${chunk.length} bytes ${time}`;
      const lines = hexLines(chunk, offsets[direction]);
      offsets[direction] += chunk.length;
      print(`${[head, ...lines].join("\n")}\n`);
    },
    end(direction) {
      const time = new Date(clock.wall()).toISOString();
      print(`${arrow[direction]} ${direction} end ${time}\n`);
    },
  };
}
