/**
 * Socket options as text: fact sheets, and the values of one socket.
 * @module
 */

import { formatDuration, formatSize } from "../address/value.ts";
import type { SocketOptionValue } from "../sys/option_value.ts";
import { tcpStateOf } from "../wire/procnet.ts";
import type { OptionFacts, OptionType } from "./options_facts.ts";
import { definitions, table } from "./text.ts";

/** Levels in words. */
const levelTitles: Readonly<Record<string, string>> = {
  SOL_SOCKET: "Any socket (SOL_SOCKET, socket(7))",
  IPPROTO_TCP: "TCP (IPPROTO_TCP, tcp(7))",
  IPPROTO_IP: "IPv4 (IPPROTO_IP, ip(7)); on an IPv6 socket, for its IPv4 peers",
  IPPROTO_IPV6: "IPv6 (IPPROTO_IPV6, ipv6(7))",
};

const phaseWords: Readonly<Record<string, string>> = {
  bind: "before bind",
  connect: "before connecting",
  listen: "before listening",
  live: "at any time",
};

/** How a value is written in an address. */
export function valueText(type: OptionType, value: SocketOptionValue | null): string {
  if (value === null) return "?";
  if (typeof value === "object") {
    const { idleMs, intervalMs, count } = value;
    return `${formatDuration(idleMs ?? 0)}/${formatDuration(intervalMs ?? 0)}/${count ?? 0}`;
  }
  if (typeof value === "boolean") return value ? "on" : "off";
  if (type === "structure") return stateText(String(value));
  if (typeof value === "string") return value === "" ? "none" : value;
  if (type === "size") return formatSize(value);
  return type === "duration" ? formatDuration(value) : String(value);
}

/** The first byte of struct tcp_info is the state. */
function stateText(hex: string): string {
  return `${tcpStateOf(parseInt(hex.slice(0, 2), 16)) ?? "?"}, ${hex.length / 2} bytes`;
}

/** Fact sheets, grouped by level. */
export function factsText(facts: readonly OptionFacts[], width: number): string {
  return [...Map.groupBy(facts, ({ level }) => level)].map(([level, own]) => {
    const rows = own.map((one) => [one.name, sheet(one)] as const);
    return [levelTitles[level] ?? level, ...definitions(rows, width)].join("\n");
  }).join("\n\n");
}

function sheet(facts: OptionFacts): string {
  const { kernelName, aliases, type, phase, readOnly, summary, pitfalls, addresses } = facts;
  const names = [kernelName, ...aliases].join(", ");
  const traits = [
    `${type}${rangeText(facts)}`,
    readOnly ? "read only" : phaseWords[phase] ?? phase,
    `default ${valueText(type, facts.default)}`,
    addresses.length === 0 ? "in no address" : `in addresses of ${addresses.join(", ")}`,
  ];
  return `${names}: ${summary} (${traits.join("; ")}).` +
    (pitfalls === null ? "" : ` ${pitfalls.charAt(0).toUpperCase()}${pitfalls.slice(1)}.`);
}

function rangeText({ type, minimum, maximum }: OptionFacts): string {
  if (minimum === null) return "";
  if (maximum === null) return ` from ${valueText(type, minimum)}`;
  return ` ${valueText(type, minimum)} to ${valueText(type, maximum)}`;
}

/** One option of one socket. */
export interface OptionReading {
  readonly facts: OptionFacts;
  /** What the address asks for, as it is written there; null for nothing. */
  readonly asked: string | null;
  readonly value: SocketOptionValue | null;
  /** The same on a plain socket of that kind. */
  readonly plain: SocketOptionValue | null;
}

/** True where the address, or plumb by itself, made it another than the kernel's default. */
export function isChanged({ value, plain }: OptionReading): boolean {
  return JSON.stringify(value) !== JSON.stringify(plain);
}

/** The values of one socket; what differs from the default is marked. */
export function readingsText(readings: readonly OptionReading[]): string {
  const rows = readings.map((reading) => {
    const { facts, asked, value, plain } = reading;
    return [
      isChanged(reading) ? "*" : "",
      facts.name,
      facts.kernelName,
      valueText(facts.type, value),
      valueText(facts.type, plain),
      asked ?? "",
    ];
  });
  return table(rows, ["", "OPTION", "KERNEL NAME", "VALUE", "DEFAULT", "ASKED"]).join("\n");
}
