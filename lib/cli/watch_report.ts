/**
 * How `plumb watch` tells what happens: lines, objects, or a table that is drawn on the terminal.
 * @module
 */

import type { Clock, Timer } from "../core/clock.ts";
import { escapeControls } from "../core/error.ts";
import type { Log, LogFields, LogLevel } from "../core/log.ts";
import type { StateChange } from "../link/watch.ts";
import type { CommandContext } from "./command.ts";
import { timestamp } from "./ndjson.ts";
import type { Output } from "./output.ts";
import { approximateDuration } from "./quantity.ts";
import { Screen } from "./screen.ts";
import { countsText, type WatchFigures, watchTable } from "./watch_table.ts";

/** Tells what happens until it is disposed. */
export interface WatchReport extends AsyncDisposable {
  /** Where the rest of the program says things: a terminal that is drawn on takes no lines. */
  readonly log: Log;
  /** A state has changed. @throws {OutputClosed | NetError} where nothing can be written */
  changed(change: StateChange): Promise<void>;
  /** It is over: says how everything stands. @throws as `changed` */
  end(): Promise<void>;
}

/** Lines or objects on standard output, one for each change. */
export class ChangeReport implements WatchReport {
  readonly log: Log;
  readonly #output: Output;
  readonly #figures: WatchFigures;

  constructor({ output, context }: CommandContext, figures: WatchFigures) {
    this.#output = output;
    this.#figures = figures;
    this.log = context.log;
  }

  async changed(change: StateChange): Promise<void> {
    if (this.#output.json) await this.#output.object("state", changeFields(change));
    else await this.#output.text(changeLine(change));
  }

  async end(): Promise<void> {
    const { counts, targets } = this.#figures;
    if (this.#output.json) {
      await this.#output.object("summary", { targets: targets.size, ...counts });
    } else await this.#output.text(countsText(counts, { color: false }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** The fields of a change; keys as everywhere in `--json`. */
function changeFields(change: StateChange): Readonly<Record<string, unknown>> {
  const { name, address, state, previous, reason, roundTripMs, previousMs, timeMs } = change;
  return {
    time: timestamp(timeMs),
    name,
    address,
    state,
    previous,
    reason,
    roundTripMs: roundTripMs === null ? null : Number(roundTripMs.toFixed(3)),
    previousMs: Math.round(previousMs),
  };
}

/** `2026-01-31T12:00:00.000Z  down     db  connection refused (ECONNREFUSED), was up for 3m2s`. */
export function changeLine(change: StateChange): string {
  const { name, state, previous, reason, roundTripMs, previousMs, timeMs } = change;
  const trip = state === "up" && roundTripMs !== null ? approximateDuration(roundTripMs) : "";
  const was = previous === "unknown"
    ? ""
    : `was ${previous} for ${approximateDuration(previousMs)}`;
  const words = [reason, trip, was].filter((part) => part !== "").join(", ");
  return escapeControls(
    `${timestamp(timeMs)}  ${state.padEnd(7)}  ${name}  ${words}`.trimEnd(),
  );
}

/** Between two looks at whether there is something to draw. */
const drawEveryMs = 250;

/** What was said while the terminal was drawn on, for afterwards. */
const keptLines = 100;

/** What a table needs of its command. */
type TableSession = Pick<CommandContext, "host" | "context" | "output">;

/** A table on the whole terminal, drawn a few times a second; the last one stays when it ends. */
export class TableReport implements WatchReport {
  readonly log: Log;
  readonly #session: TableSession;
  readonly #figures: WatchFigures;
  readonly #color: boolean;
  readonly #clock: Clock;
  readonly #screen: Screen;
  readonly #failed: (thrown: unknown) => void;
  /** Entries that standard error would have shown over the table. */
  readonly #held: { level: LogLevel; event: string; text: string; fields: LogFields }[] = [];
  #message = "";
  #timer: Timer | undefined;
  #drawing: Promise<void> = Promise.resolve();
  #isOver = false;
  #isGone = false;

  /**
   * @param heading what is said once at the start, for the last line
   * @param failed told once nothing can be drawn any more
   */
  constructor(
    session: TableSession,
    figures: WatchFigures,
    color: boolean,
    failed: (thrown: unknown) => void,
  ) {
    const { host, context } = session;
    this.#session = session;
    this.#figures = figures;
    this.#color = color;
    this.#clock = context.clock;
    this.#failed = failed;
    this.#screen = new Screen({
      write: (text) => session.output.raw(text),
      size: () => host.terminalSize(),
    });
    this.log = host.errorIsTerminal ? this.#holding(context.log) : context.log;
    this.#arm(0);
  }

  /** The table shows it at its next turn. */
  changed(): Promise<void> {
    return Promise.resolve();
  }

  async end(): Promise<void> {
    await this[Symbol.asyncDispose]();
    await this.#session.output.text(this.#lines(Infinity).join("\n"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#timer?.cancel();
    await this.#drawing;
    // A terminal that has gone has nothing to be brought back.
    await this.#screen[Symbol.asyncDispose]().catch(() => {});
    this.#isGone = true;
    for (const { level, event, text, fields } of this.#held.splice(0)) {
      this.#session.context.log.write(level, event, text, fields);
    }
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.timer(delayMs, () => {
      this.#drawing = this.#draw();
    });
  }

  /** One after the other: a terminal that is slow gets fewer pictures, and not a queue of them. */
  async #draw(): Promise<void> {
    try {
      await this.#screen.show(this.#lines(this.#screen.size.rows));
      if (!this.#isOver) this.#arm(drawEveryMs);
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  /** The last table, for the scrollback, is no longer than a screen either: thousands may be up. */
  #lines(rows: number): string[] {
    const { columns, rows: screenRows } = this.#screen.size;
    return watchTable(this.#figures, {
      columns,
      rows: Math.max(3, Math.min(rows, screenRows)),
      color: this.#color,
      wallMs: this.#clock.wall(),
      message: rows === Infinity ? "" : this.#message,
    });
  }

  /** Shows what is said in the last line of the table, and says it again when the table has gone. */
  #holding(log: Log): Log {
    return {
      enabled: (level) => log.enabled(level),
      write: (level, event, text, fields = {}) => {
        if (!log.enabled(level)) return;
        if (this.#isGone) return log.write(level, event, text, fields);
        this.#message = text;
        this.#held.push({ level, event, text, fields });
        if (this.#held.length > keptLines) this.#held.shift();
      },
    };
  }
}
