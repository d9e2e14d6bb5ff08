/**
 * Facts about an address -> lines for people.
 * @module
 */

import { escapeControls } from "../core/error.ts";
import type { IpClass } from "../wire/ip_kind.ts";
import type { Prefix } from "../wire/prefix.ts";
import type { AddrReport, HostFacts, PortFacts } from "./addr_report.ts";

type Row = readonly [name: string, value: string, note?: string];

const familyNames = { inet: "AF_INET", inet6: "AF_INET6", unix: "AF_UNIX" } as const;

/** All of it, under what was written. */
export function addrText(report: AddrReport): string {
  const { family, host, port, path, sockaddr, prefix, legacy } = report;
  const rows: Row[] = [
    ...(legacy === undefined ? [] : legacyRows(legacy)),
    ...(family === null
      ? []
      : [["family", familyNames[family], String(report.familyNumber)] as Row]),
    ...(host === undefined ? [] : hostRows(host)),
    ...(path === undefined ? [] : pathRows(path)),
    ...(port === undefined ? [] : portRows(port)),
    ...(sockaddr === undefined ? [] : sockaddrRows(sockaddr)),
    ...(prefix === undefined ? [] : prefixRows(prefix)),
  ];
  return [report.input, ...aligned(rows)].map(escapeControls).join("\n");
}

/** Notes stand in a column of their own; values without a note may be longer than that. */
function aligned(rows: readonly Row[]): string[] {
  const nameWidth = Math.max(...rows.map(([name]) => name.length)) + 2;
  const noted = rows.filter(([, , note]) => note !== undefined);
  const valueWidth = Math.max(0, ...noted.map(([, value]) => value.length)) + 2;
  return rows.map(([name, value, note]) => {
    const head = `  ${name.padEnd(nameWidth)}`;
    return note === undefined ? head + value : head + value.padEnd(valueWidth) + note;
  });
}

function legacyRows(legacy: NonNullable<AddrReport["legacy"]>): Row[] {
  const meaning = legacy.meaning === "" ? "as inet_aton(3) reads it" : legacy.meaning;
  return [["old spelling", `means ${legacy.strict}`, meaning]];
}

function hostRows(host: HostFacts): Row[] {
  const rows: Row[] = [
    ["presentation", host.host, "inet_ntop"],
    ["network order", spaced(host.networkBytes, host.htonl === undefined ? 2 : 1), "inet_pton"],
  ];
  if (host.htonl === undefined) rows.push(["as a number", String(host.number)]);
  else {
    rows.push(["as a number", number32(Number(host.number)), "host order: ntohl(s_addr)"]);
    rows.push(["s_addr", number32(host.htonl), "what C holds: htonl of that"]);
  }
  rows.push(...classRows("kind", host.class));
  if (host.mapped !== undefined) rows.push(["IPv4-mapped", host.mapped, "on an IPv6 socket"]);
  if (host.unmapped !== undefined) {
    rows.push(["IPv4 within", host.unmapped.host], ...classRows("its kind", host.unmapped.class));
  }
  rows.push(["reverse name", host.reverseName]);
  return rows;
}

function classRows(name: string, found: IpClass): Row[] {
  const { kind, meaning, reference, multicastScope, oldClass } = found;
  return [
    [name, kind, reference === undefined ? meaning : `${meaning} (${reference})`],
    ...(multicastScope === undefined ? [] : [["scope", multicastScope] as Row]),
    ...(oldClass === undefined ? [] : [["old class", oldClass, classRanges[oldClass]] as Row]),
  ];
}

const classRanges = {
  A: "0.0.0.0/1, networks of /8",
  B: "128.0.0.0/2, networks of /16",
  C: "192.0.0.0/3, networks of /24",
  D: "224.0.0.0/4, multicast",
  E: "240.0.0.0/4, reserved",
} as const;

function pathRows(path: NonNullable<AddrReport["path"]>): Row[] {
  const what = path.abstract ? "abstract: no file, gone with the socket" : "a file";
  return [["path", path.text, `${path.bytes} bytes, ${what}`]];
}

function portRows(facts: PortFacts): Row[] {
  const { port, htons, networkBytes, swapped, meant } = facts;
  const rows: Row[] = [
    ["port", `${port}  ${hex(port, 4)}`, "host order: ntohs(sin_port)"],
    ["htons", `${htons}  ${hex(htons, 4)}`, `bytes ${spaced(networkBytes, 1)} on the wire`],
  ];
  if (meant !== null) {
    const why = `${port} is ${meant} with its bytes swapped: htons missing or doubled`;
    rows.push(["looks swapped", String(meant), why]);
  } else if (swapped !== port) {
    rows.push(["byte-swapped", String(swapped), "seen elsewhere: htons missing or doubled"]);
  }
  return rows;
}

function sockaddrRows(facts: NonNullable<AddrReport["sockaddr"]>): Row[] {
  const lines = spaced(facts.bytes, 1).match(/.{1,48}/g) ?? [];
  const rows = lines.map((line, at): Row =>
    at === 0
      ? [facts.struct, line.trimEnd(), `${facts.length} bytes in memory`]
      : ["", line.trimEnd()]
  );
  if (facts.scope === undefined) return rows;
  const unknown = facts.scope === 0 ? ", which is not on this machine" : "";
  const zone = facts.zone === undefined ? "no interface" : `interface ${facts.zone}${unknown}`;
  return [...rows, ["flow, scope", `${facts.flow ?? 0}, ${facts.scope}`, zone]];
}

function prefixRows(prefix: Prefix): Row[] {
  const hosts = `${prefix.hostCount} of ${prefix.addressCount} addresses are for hosts`;
  return [
    ["network", `${prefix.network}/${prefix.length}`],
    ...(prefix.netmask === undefined ? [] : [["netmask", prefix.netmask] as Row]),
    ["broadcast", prefix.broadcast ?? "none"],
    ["hosts", `${prefix.firstHost} - ${prefix.lastHost}`, hosts],
  ];
}

function number32(value: number): string {
  return `${value}  ${hex(value, 8)}`;
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** Hex in groups of so many bytes. */
function spaced(bytes: string, group: number): string {
  return bytes.match(new RegExp(`.{1,${group * 2}}`, "g"))?.join(" ") ?? "";
}
