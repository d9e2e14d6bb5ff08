/**
 * What stands around a session of a server, as plain values: a rate limit, a hexdump, a recording.
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import type { SessionInfo } from "../service/policy.ts";
import { hexdump } from "../stream/hexdump.ts";
import { limited } from "../stream/rate.ts";
import { record } from "../stream/record.ts";
import { type Direction, type Tap, tapped } from "../stream/tap.ts";

/** What is put around each session. Plain values, so that other processes can do the same. */
export interface Equipment {
  /** At most so many bytes a second each way. */
  readonly rateLimit?: number;
  /** Shows what passes, as text. */
  readonly hexdump?: boolean;
  /** Writes what passes to `PREFIX.N.a-b` and `PREFIX.N.b-a`, N being the session's number. */
  readonly record?: string;
}

/**
 * The session with its equipment; it owns the session.
 *
 * @param suffix tells the recordings of several sessions apart: "" or `.3`
 * @param say takes the text of a hexdump
 * @throws {NetError} where a recording cannot be made; the session is closed then
 */
export async function equip(
  session: Duplex,
  equipment: Equipment,
  suffix: string,
  say: (text: string) => void,
  context: Context,
): Promise<Duplex> {
  const { rateLimit, record: prefix } = equipment;
  const { clock } = context;
  try {
    const taps: Tap[] = equipment.hexdump ? [hexdump(clock, say)] : [];
    if (prefix !== undefined) taps.push(await openRecord(`${prefix}${suffix}`, context));
    return tapped(withRate(session, rateLimit, clock), taps);
  } catch (thrown) {
    await session[Symbol.asyncDispose]();
    throw thrown;
  }
}

function withRate(session: Duplex, rateLimit: number | undefined, clock: Clock): Duplex {
  return rateLimit === undefined ? session : limited(session, rateLimit, clock);
}

/** @throws {NetError} where one of the files cannot be made; none stays open then */
async function openRecord(prefix: string, context: Context): Promise<Tap> {
  // Loaded only here, with all transports: most sessions are not recorded.
  const { connect } = await import("./connect.ts");
  const open = (direction: Direction): Promise<Duplex> =>
    connect({
      scheme: "file",
      passive: false,
      path: `${prefix}.${direction}`,
      options: [{ name: "mode", value: "create" }],
    }, context);
  const aToB = await open("a-b");
  try {
    return record({ "a-b": aToB, "b-a": await open("b-a") });
  } catch (thrown) {
    await aToB[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** What a server puts around a session: the caller's own function, or its equipment. */
export function equipmentOf(
  { equip: own, equipment, say = () => {} }: {
    readonly equip?: (session: Duplex, info: SessionInfo) => Promise<Duplex>;
    readonly equipment?: Equipment;
    readonly say?: (text: string) => void;
  },
  context: Context,
): ((session: Duplex, info: SessionInfo) => Promise<Duplex>) | undefined {
  if (own !== undefined || equipment === undefined) return own;
  return (session, { id }) => equip(session, equipment, `.${id}`, say, context);
}
