/**
 * Announcing: one message after another, in a fixed rhythm, to whoever listens (discovery, tests of
 * multicast). It asks nothing and reads no answers.
 * @module
 */

import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";

/** What stands in the place of `{host}` and the others. */
export interface AnnounceFacts {
  readonly host: string;
  readonly pid: number;
}

/** What is announced, and how often. */
export interface AnnounceOptions {
  /** Time between two messages, in milliseconds; default 1,000. */
  readonly everyMs?: number;
  /** The message; `{host} {pid} {seq} {time}` are replaced. Default `host={host} n={seq}`. */
  readonly text?: string;
  /** Ends after so many messages; default: without end. */
  readonly count?: number;
  /** Told of each message that was sent. */
  readonly onSent?: () => void;
}

/** Defaults of `AnnounceOptions`. */
export const announceDefaults = { everyMs: 1_000, text: "host={host} n={seq}" } as const;

const placeholders = ["host", "pid", "seq", "time"] as const;

/** A message with its places filled in. Braces around anything else stay: JSON has them, too. */
export type Template = (values: Readonly<Record<typeof placeholders[number], string>>) => string;

/** Reads a template. @throws {NetError} kind "usage" for a word in braces that is no place */
export function readTemplate(text: string): Template {
  const parts = text.split(/\{([a-z]+)\}/);
  const isKnown = (name: string): name is typeof placeholders[number] =>
    placeholders.some((known) => known === name);
  const unknown = parts.find((part, at) => at % 2 === 1 && !isKnown(part));
  if (unknown !== undefined) {
    const hint = `there are ${placeholders.map((name) => `{${name}}`).join(" ")}`;
    const message = `--text: nothing is known as {${unknown}}`;
    throw new NetError({ kind: "usage", op: "announce", message, hint });
  }
  return (values) =>
    parts.map((part, at) => at % 2 === 1 && isKnown(part) ? values[part] : part).join("");
}

/**
 * Announces until the context's signal aborts, or `count` messages are sent. The rhythm does not
 * drift: a message that was late is left out, and its number with it is not.
 *
 * Datagrams that nobody wants are announced on: who listens may come later. It is said once.
 *
 * @returns how many messages were sent
 * @throws {NetError} what sending says: kind "too-large", "usage" for a broadcast that was not
 * asked for
 */
export async function announce(
  session: Duplex,
  options: AnnounceOptions,
  facts: AnnounceFacts,
  context: Context,
): Promise<number> {
  const { everyMs = announceDefaults.everyMs, text = announceDefaults.text, count } = options;
  const { onSent } = options;
  const { clock, signal } = context;
  const fill = readTemplate(text);
  const encoder = new TextEncoder();
  const listening = ignoreAnswers(session, context);
  let sent = 0;
  let dueMs = clock.now();
  try {
    while (!signal.aborted && (count === undefined || sent < count)) {
      const time = new Date(clock.wall()).toISOString();
      const { host, pid } = facts;
      const message = fill({ host, pid: String(pid), seq: String(sent + 1), time });
      await session.write(encoder.encode(message));
      sent++;
      onSent?.();
      if (sent === count) break;
      dueMs += everyMs * Math.max(1, Math.ceil((clock.now() - dueMs) / everyMs));
      // The signal ends the wait, and is what the loop looks at next.
      await sleep(clock, dueMs - clock.now(), signal).catch(() => {});
    }
  } finally {
    await session[Symbol.asyncDispose]();
    await listening;
  }
  return sent;
}

/** Reads until the session is closed: answers nobody asked for, and what the network says. */
async function ignoreAnswers(session: Duplex, { log }: Context): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  let isSaid = false;
  for (;;) {
    try {
      if (await session.read(buffer) === null) return;
    } catch (thrown) {
      const error = toNetError(thrown, "announce", session.remote.text);
      const goesOn = error.kind === "refused" || error.kind === "unreachable" ||
        error.kind === "too-large";
      if (!goesOn) return; // closed: writing tells the rest
      const { address, code } = error;
      if (!isSaid) log.write("info", "unheard", error.message, { address, code });
      isSaid = true;
    }
  }
}
