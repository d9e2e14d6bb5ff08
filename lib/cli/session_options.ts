/**
 * Session flags -> RelayOptions and taps.
 * @module
 */

import { equip, type Equipment } from "../api/equipment.ts";
import type { Duplex } from "../core/contract.ts";
import type { Framing } from "../stream/frame.ts";
import type { Buffering } from "../stream/pump.ts";
import type { RelayOptions } from "../stream/relay.ts";
import type { Direction } from "../stream/tap.ts";
import type { CommandContext } from "./command.ts";
import type { Flags } from "./flag.ts";

/** Reads `--idle` and `--lifetime`: the bounds in time that every session may have. */
export function timeBoundsOf(flags: Flags): Pick<RelayOptions, "idleMs" | "lifetimeMs"> {
  const [idleMs, lifetimeMs] = [flags.number("idle"), flags.number("lifetime")];
  return {
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
  };
}

/** Reads the session flags of `connect listen relay`. */
export function relayOptionsOf(flags: Flags): RelayOptions {
  const given = {
    ...timeBoundsOf(flags),
    eofTimeoutMs: flags.number("eof-timeout"),
    untilQuietMs: flags.number("until-quiet"),
    replies: flags.number("replies"),
    oneWay: oneWayOf(flags.text("one-way")),
    buffering: flags.text("buffer") as Buffering | undefined,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function oneWayOf(text: string | undefined): Direction | undefined {
  return text === undefined ? undefined : text === "a-to-b" ? "a-b" : "b-a";
}

/** How a stream is cut where it meets messages. */
export function framingOf(flags: Flags): Framing {
  return flags.text("frame") as Framing;
}

/** What the flags put around a session: the rate limit, `-x` and `--record`. */
export function equipmentOf(flags: Flags): Equipment {
  const rateLimit = flags.number("rate-limit");
  const record = flags.text("record");
  return {
    hexdump: flags.flag("hexdump") ?? false,
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(record === undefined ? {} : { record }),
  };
}

/**
 * Where the text of `-x` goes: standard error, as it is or, where that is NDJSON, as the lines of
 * an event. Text first, because it comes from the processes of other models as text, too.
 */
export function sayDump({ flags, errors }: CommandContext): (text: string) => void {
  if (!flags.flag("json")) return (text) => errors.text(text);
  return (text) => errors.object("hexdump", { lines: text.trimEnd().split("\n") });
}

/**
 * A session with what the flags put around it.
 *
 * @param suffix tells the recordings of several sessions apart
 * @throws {NetError} where a recording cannot be made; the session is closed then
 */
export function equipped(
  a: Duplex,
  session: CommandContext,
  suffix = "",
): Promise<Duplex> {
  return equip(a, equipmentOf(session.flags), suffix, sayDump(session), session.context);
}
