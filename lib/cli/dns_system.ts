/**
 * How this machine resolves: /etc/hosts, /etc/resolv.conf, and the system's resolver.
 * @module
 */

import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import type { Host } from "../core/host.ts";
import { resolveHost } from "../transport/resolve.ts";
import { foldedName } from "../wire/dns_name.ts";
import {
  type HostsRow,
  parseHosts,
  parseResolvConf,
  type ResolverSettings,
} from "../wire/hosts_file.ts";
import type { DnsSubject } from "./dns_subject.ts";

const hostsPath = "/etc/hosts";
const resolvConfPath = "/etc/resolv.conf";

/** Block lists of advertisers make /etc/hosts large; ten megabytes are 300,000 lines. */
const maximumBytes = 10 * 1024 * 1024;

/** What a source beside DNS gave: addresses for a name, or names for an address. */
export interface SystemAnswer {
  /** `/etc/hosts`, or `system`: getaddrinfo(3). */
  readonly source: "/etc/hosts" | "system";
  readonly values: readonly string[];
  readonly durationMs: number;
}

/** Reads /etc/resolv.conf; a machine without one has the defaults of resolv.conf(5). */
export async function readResolverSettings(host: Host): Promise<ResolverSettings> {
  return parseResolvConf(await readIfThere(host, resolvConfPath));
}

/** What /etc/hosts says, or null where it says nothing. */
export async function askHostsFile(
  subject: DnsSubject,
  host: Host,
): Promise<SystemAnswer | null> {
  const startMs = host.clock.now();
  const rows = parseHosts(await readIfThere(host, hostsPath));
  const values = [...new Set(rows.flatMap((row) => valuesOf(row, subject)))];
  const durationMs = host.clock.now() - startMs;
  return values.length === 0 ? null : { source: hostsPath, values, durationMs };
}

function valuesOf(row: HostsRow, { address, question }: DnsSubject): readonly string[] {
  if (address !== null) return row.address === address ? row.names : [];
  const named = row.names.some((name) => foldedName(name) === foldedName(question));
  return named ? [row.address] : [];
}

/**
 * Asks the system's resolver, which may know more than DNS (nsswitch.conf(5)).
 *
 * @throws {NetError} kind "resolve"; the signal's reason once it aborts
 */
export async function askSystem(subject: DnsSubject, context: Context): Promise<SystemAnswer> {
  const startMs = context.clock.now();
  const hosts = await resolveHost(subject.question, context);
  const values = hosts.map((found) => found.host);
  return { source: "system", values, durationMs: context.clock.now() - startMs };
}

async function readIfThere(host: Host, path: string): Promise<string> {
  try {
    return await host.readTextFile(path, maximumBytes);
  } catch (thrown) {
    if (thrown instanceof NetError && thrown.kind === "not-found") return "";
    throw thrown;
  }
}
