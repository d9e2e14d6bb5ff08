/**
 * The interfaces of this machine with their addresses: the runtime's list, and what only
 * /sys/class/net knows (MTU, flags, interfaces without an address).
 * @module
 */

import { isUnreadable, readSystemText } from "./procfs.ts";

/** One address of an interface. */
export interface SystemAddress {
  readonly family: "inet" | "inet6";
  readonly host: string;
  readonly prefixLength: number;
}

/** One interface. */
export interface SystemInterface {
  readonly name: string;
  /** Number that scope ids mean; 0 where unknown. */
  readonly index: number;
  /** Bytes; null where unknown. */
  readonly mtu: number | null;
  readonly up: boolean;
  readonly loopback: boolean;
  /** True where it can send to all at once (netdevice(7), IFF_BROADCAST). */
  readonly broadcast: boolean;
  readonly multicast: boolean;
  /** Hardware address, or null where there is none. */
  readonly mac: string | null;
  readonly addresses: readonly SystemAddress[];
}

/** Flags of netdevice(7). */
const flag = { up: 0x1, broadcast: 0x2, loopback: 0x8, multicast: 0x1000 };

const root = "/sys/class/net";

/** Lists the interfaces, in the kernel's order. Where /sys is hidden, those with an address. */
export function systemInterfaces(): SystemInterface[] {
  const listed = Deno.networkInterfaces();
  const names = new Set([...interfaceNames(), ...listed.map((entry) => entry.name)]);
  const interfaces = [...names].map((name) => describe(name, listed));
  return interfaces.sort((a, b) => a.index - b.index);
}

function describe(name: string, listed: Deno.NetworkInterfaceInfo[]): SystemInterface {
  const own = listed.filter((entry) => entry.name === name);
  const flags = readNumber(name, "flags") ?? flag.up;
  const mac = readSystemText(`${root}/${name}/address`)?.trim() || own[0]?.mac;
  return {
    name,
    index: readNumber(name, "ifindex") ?? 0,
    mtu: readNumber(name, "mtu"),
    up: (flags & flag.up) !== 0,
    loopback: (flags & flag.loopback) !== 0,
    broadcast: (flags & flag.broadcast) !== 0,
    multicast: (flags & flag.multicast) !== 0,
    mac: mac === undefined || /^[0:]*$/.test(mac) ? null : mac,
    addresses: own.map((entry) => ({
      family: entry.family === "IPv4" ? "inet" : "inet6",
      host: entry.address,
      prefixLength: Number(entry.cidr.split("/")[1]),
    })),
  };
}

function interfaceNames(): string[] {
  try {
    return Array.from(Deno.readDirSync(root), (entry) => entry.name)
      .filter((name) => readNumber(name, "ifindex") !== null);
  } catch (thrown) {
    if (isUnreadable(thrown)) return [];
    throw thrown;
  }
}

/** Reads a number, decimal or `0x`; null where the file is not there (bonding_masters is a file). */
function readNumber(name: string, file: string): number | null {
  // Names may hold anything but "/" and blanks; those of files beside the interfaces give null.
  try {
    const text = readSystemText(`${root}/${name}/${file}`)?.trim();
    return text === undefined || !/^(0x[0-9a-f]+|\d+)$/.test(text) ? null : Number(text);
  } catch {
    return null; // an interface that has gone meanwhile, or refuses (EINVAL): unknown
  }
}
