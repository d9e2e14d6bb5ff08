/**
 * A log that keeps what was said.
 * @module
 */

import type { Log, LogFields, LogLevel } from "../../lib/core/log.ts";

/** One thing said. */
export interface Said {
  readonly level: LogLevel;
  readonly event: string;
  readonly text: string;
  readonly fields: LogFields;
}

/** Keeps every entry of every level. */
export class MemoryLog implements Log {
  readonly entries: Said[] = [];

  write(level: LogLevel, event: string, text: string, fields: LogFields = {}): void {
    this.entries.push({ level, event, text, fields });
  }

  enabled(): boolean {
    return true;
  }

  /** The entries of one event. */
  of(event: string): readonly Said[] {
    return this.entries.filter((entry) => entry.event === event);
  }
}
