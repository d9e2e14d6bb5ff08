/**
 * Session flags -> RelayOptions and taps.
 * @module
 */

import { connect } from "../api/connect.ts";
import type { Duplex } from "../core/contract.ts";
import type { Framing } from "../stream/frame.ts";
import { hexdump } from "../stream/hexdump.ts";
import type { Buffering } from "../stream/pump.ts";
import { limited } from "../stream/rate.ts";
import { record } from "../stream/record.ts";
import type { RelayOptions } from "../stream/relay.ts";
import { type Direction, type Tap, tapped } from "../stream/tap.ts";
import type { CommandContext } from "./command.ts";
import type { Flags } from "./flag.ts";

/** Reads the session flags of `connect listen relay serve`. */
export function relayOptionsOf(flags: Flags): RelayOptions {
  const given = {
    idleMs: flags.number("idle"),
    lifetimeMs: flags.number("lifetime"),
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

/**
 * A session with what the flags put around it: the rate limit, then `-x` and `--record`.
 *
 * @throws {NetError} as `openTaps`; the session is closed then
 */
export async function equipped(
  a: Duplex,
  session: CommandContext,
  suffix?: string,
): Promise<Duplex> {
  const { flags, context } = session;
  const rate = flags.number("rate-limit");
  try {
    const taps = await openTaps(session, suffix);
    return tapped(rate === undefined ? a : limited(a, rate, context.clock), taps);
  } catch (thrown) {
    await a[Symbol.asyncDispose]();
    throw thrown;
  }
}

/**
 * Opens what looks at the bytes: `-x` and `--record`.
 *
 * @param suffix tells the recordings of several sessions apart: "", or the session's number
 * @throws {NetError} where a recording cannot be made; nothing stays open then
 */
async function openTaps(session: CommandContext, suffix = ""): Promise<readonly Tap[]> {
  const { flags, errors, context, ports } = session;
  const taps: Tap[] = [];
  if (flags.flag("hexdump")) taps.push(hexdump(context.clock, (text) => errors.text(text)));
  const prefix = flags.text("record");
  if (prefix === undefined) return taps;
  const open = (direction: Direction): Promise<Duplex> =>
    connect({
      scheme: "file",
      passive: false,
      path: `${prefix}${suffix}.${direction}`,
      options: [{ name: "mode", value: "create" }],
    }, { ...context, stdio: ports.stdio });
  const aToB = await open("a-b");
  try {
    taps.push(record({ "a-b": aToB, "b-a": await open("b-a") }));
  } catch (thrown) {
    await aToB[Symbol.asyncDispose]();
    throw thrown;
  }
  return taps;
}
