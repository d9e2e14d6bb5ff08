/**
 * What the system's resolver is set up with: /etc/hosts (hosts(5)) and /etc/resolv.conf
 * (resolv.conf(5)), text -> rows.
 * @module
 */

import { inetNtop, inetPton } from "./inet.ts";
import { fieldsOf, rowsOf } from "./procnet_fields.ts";

/** One line of /etc/hosts. */
export interface HostsRow {
  readonly address: string;
  /** The canonical name, then the aliases, as written. */
  readonly names: readonly string[];
}

/** Reads /etc/hosts; lines without a numeric address and a name are left out. */
export function parseHosts(text: string): HostsRow[] {
  return rowsOf(text, (line) => {
    const [address = "", ...names] = fieldsOf(line.split("#", 1)[0] ?? "");
    const bytes = inetPton(address);
    return bytes === null || names.length === 0 ? null : { address: inetNtop(bytes), names };
  });
}

/** What /etc/resolv.conf says. */
export interface ResolverSettings {
  /** Numeric hosts, with a `%zone` where one is written; at most three, as the system reads. */
  readonly servers: readonly string[];
  /** Domains that are tried after a short name. */
  readonly search: readonly string[];
  /** Dots that make a name absolute first. */
  readonly ndots: number;
  /** How long to wait for one server, in milliseconds. */
  readonly attemptMs: number;
  /** How often each server is asked. */
  readonly attempts: number;
}

/** Reads /etc/resolv.conf; unknown lines are left out, bounds are those of the manual page. */
export function parseResolvConf(text: string): ResolverSettings {
  const servers: string[] = [];
  let search: readonly string[] = [];
  const options = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (/^\s*[#;]/.test(line)) continue;
    const [keyword, ...values] = fieldsOf(line);
    if (keyword === "nameserver" && values[0] !== undefined && servers.length < 3) {
      if (inetPton(values[0].split("%", 1)[0] ?? "") !== null) servers.push(values[0]);
    } else if (keyword === "search" || keyword === "domain") {
      search = values.filter((name) => name !== ".");
    } else if (keyword === "options") {
      for (const value of values) {
        const match = /^(ndots|timeout|attempts):(\d{1,6})$/.exec(value);
        if (match?.[1] !== undefined) options.set(match[1], Number(match[2]));
      }
    }
  }
  return {
    servers,
    search,
    ndots: Math.min(options.get("ndots") ?? 1, 15),
    attemptMs: Math.min(Math.max(options.get("timeout") ?? 5, 1), 30) * 1000,
    attempts: Math.min(Math.max(options.get("attempts") ?? 2, 1), 5),
  };
}
