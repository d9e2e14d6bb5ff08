/**
 * `--stats ADDR`: the second server that tells of the first.
 * @module
 */

import { addressFor } from "../api/endpoint.ts";
import { watchOverflow } from "../api/overflow.ts";
import type { RunningServer } from "../api/running.ts";
import { refuseStats, serveStats } from "../api/stats.ts";
import type { Context } from "../core/context.ts";
import type { Listener } from "../core/contract.ts";
import type { Ports } from "../core/transport.ts";
import type { CommandContext } from "./command.ts";
import type { Flags } from "./flag.ts";

/**
 * Looks at the flag without opening anything.
 *
 * @throws {AddressError} for what is no address
 * @throws {NetError} kind "exposure"; "usage" for what carries no HTTP
 */
export function checkStats(flags: Flags): void {
  const text = flags.text("stats");
  if (text !== undefined) refuseStats(addressFor(text, "passive"), isPublic(flags));
}

/** Who looks at a server while it runs. */
export interface Observed extends AsyncDisposable {
  /** Where `--stats` is answered; the process that takes over answers there then. */
  readonly listeners: readonly Listener[];
  /** Answers nobody new any more: another process does. */
  leave(): void;
}

/**
 * Looks at a server while it runs: for full accept queues always, and over HTTP where `--stats` was
 * given. Disposing ends both.
 *
 * @param context of the server; the endpoint outlives its drain, which it tells of
 * @param handed where the server before told its figures, as `Ports.handed`
 * @throws {NetError} what listening says
 */
export async function observe(
  server: RunningServer,
  { flags, ports }: CommandContext,
  context: Context,
  handed: Ports["handed"],
): Promise<Observed> {
  const text = flags.text("stats");
  const options = {
    ...context,
    stdio: ports.stdio,
    public: isPublic(flags),
    ...(handed === undefined ? {} : { handed }),
  };
  const stats = text === undefined ? undefined : await serveStats(text, server, options);
  const overflow = watchOverflow(server.addresses, context);
  return {
    listeners: stats?.listeners ?? [],
    leave: () => void stats?.drain(),
    async [Symbol.asyncDispose]() {
      overflow[Symbol.dispose]();
      await stats?.[Symbol.asyncDispose]();
    },
  };
}

function isPublic(flags: Flags): boolean {
  return flags.flag("public") ?? false;
}
