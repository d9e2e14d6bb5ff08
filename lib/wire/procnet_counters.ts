/**
 * Counters of the network stack as /proc/net/netstat and snmp show them: text -> numbers by name.
 * @module
 */

/**
 * Reads pairs of lines: names, then values, both behind the same prefix.
 *
 * @returns by `PREFIX.NAME`: `TcpExt.ListenOverflows`; lines that do not pair are left out
 */
export function parseNetCounters(text: string): ReadonlyMap<string, number> {
  const counters = new Map<string, number>();
  const lines = text.split("\n");
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [prefix, ...names] = (lines[at] ?? "").split(" ");
    const [again, ...values] = (lines[at + 1] ?? "").split(" ");
    if (prefix !== again || !prefix?.endsWith(":")) continue;
    for (const [index, name] of names.entries()) {
      const value = values[index];
      // Some are signed (-1 for "no limit"); all fit into what a number holds exactly.
      if (value !== undefined && /^-?\d+$/.test(value)) {
        counters.set(`${prefix.slice(0, -1)}.${name}`, Number(value));
      }
    }
  }
  return counters;
}
