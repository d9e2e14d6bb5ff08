/**
 * The table of socket options -> one fact sheet for each option of the kernel, defaults asked from
 * this kernel by opening sockets.
 * @module
 */

import type { SocketAddress } from "../wire/sockaddr.ts";
import { NetError } from "../core/error.ts";
import { transports } from "../transport/table.ts";
import { AF_INET, AF_INET6, AF_UNIX, IPPROTO_IP, IPPROTO_IPV6 } from "../sys/constants.ts";
import { IPPROTO_TCP, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM, SOL_SOCKET } from "../sys/constants.ts";
import {
  type OptionPlace,
  type SocketKind,
  type SocketOption,
  valueKinds,
} from "../sys/option_row.ts";
import { socketOptionTable } from "../sys/option_table.ts";
import type { OptionEncoding, SocketOptionValue } from "../sys/option_value.ts";
import { NativeSocket } from "../sys/socket.ts";
import { readOptionAt, readSocketOption } from "../sys/socket_options.ts";

/** The levels by name, in the order in which they are printed. */
export const levelNames: Readonly<Record<number, string>> = {
  [SOL_SOCKET]: "SOL_SOCKET",
  [IPPROTO_TCP]: "IPPROTO_TCP",
  [IPPROTO_IP]: "IPPROTO_IP",
  [IPPROTO_IPV6]: "IPPROTO_IPV6",
};

/** What people give and read; the kernel's own form is in `option_value.ts`. */
export type OptionType =
  | "flag"
  | "integer"
  | "size"
  | "duration"
  | "text"
  | "hex"
  | "keepalive"
  | "structure";

const typeOf: Readonly<Record<OptionEncoding, OptionType>> = {
  ...valueKinds,
  keepalive: "keepalive",
  bytes: "hex",
  structure: "structure",
};

/** One option of the kernel: an option of ours has one for IPv4 and another for IPv6. */
export interface KernelOption {
  readonly row: SocketOption;
  readonly kernelName: string;
  readonly at: OptionPlace;
  readonly value: OptionEncoding;
}

/** What is known of one option; what `--json` prints. Durations in ms, sizes in bytes. */
export interface OptionFacts {
  readonly name: string;
  readonly kernelName: string;
  readonly aliases: readonly string[];
  readonly level: string;
  readonly type: OptionType;
  readonly phase: string;
  /** On a new socket of this kernel; null where no such socket can be made here. */
  readonly default: SocketOptionValue | null;
  /** Null where the value is no number. */
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly readOnly: boolean;
  /** Schemes whose addresses take it, with the side where only one does: `tcp`, `udp passive`. */
  readonly addresses: readonly string[];
  readonly summary: string;
  readonly pitfalls: string | null;
}

/** Every option of the kernel, those of IPv6 after their like, in the order of levels. */
export function kernelOptions(): readonly KernelOption[] {
  const all = socketOptionTable.flatMap((row): KernelOption[] => {
    const { kernelName, at, value, ip6 } = row;
    const own = { row, kernelName, at, value };
    if (ip6 === undefined) return [own];
    return [own, { row, value: ip6.value ?? value, kernelName: ip6.kernelName, at: ip6.at }];
  });
  return [SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP, IPPROTO_IPV6].flatMap((level) => {
    return all.filter(({ at }) => at.level === level);
  });
}

/** True where a word means it: its name in addresses, the kernel's, another, or a part of one. */
export function isMeantBy({ row, kernelName }: KernelOption, word: string): boolean {
  const wanted = word.toLowerCase().replaceAll("-", "_");
  return [row.name, kernelName, ...row.aliases ?? []].some((name) => {
    return name.toLowerCase().replaceAll("-", "_").includes(wanted);
  });
}

/** Fact sheets; opens a socket of each kind to ask for the defaults, and closes them. */
export function optionFacts(options: readonly KernelOption[]): readonly OptionFacts[] {
  using sockets = new PlainSockets();
  return options.map((option): OptionFacts => {
    const { row, kernelName, at } = option;
    const type = typeOf[option.value];
    const ranged = type === "integer" || type === "size" || type === "duration";
    return {
      name: row.name,
      kernelName,
      aliases: row.aliases ?? [],
      level: levelNames[at.level] ?? String(at.level),
      type,
      phase: row.phase,
      default: sockets.ask(option),
      minimum: ranged && row.access !== "read" ? row.minimum ?? 0 : null,
      maximum: ranged && row.access !== "read" ? row.maximum ?? null : null,
      readOnly: row.access === "read",
      addresses: addressesOf(row.name),
      summary: row.help,
      pitfalls: row.pitfalls ?? null,
    };
  });
}

function addressesOf(name: string): readonly string[] {
  return Object.values(transports).flatMap(({ scheme, options }) => {
    const rows = options.filter((row) => row.name === name);
    if (rows.length === 0) return [];
    const [only] = rows;
    return [rows.length > 1 || only?.side === undefined ? scheme : `${scheme} ${only.side}`];
  });
}

/** Reads an option of a socket; null where the socket has it not. */
export function readKernelOption(fd: number, option: KernelOption): SocketOptionValue | null {
  const { row, at, value } = option;
  try {
    if (value === "keepalive") return readSocketOption(fd, row.name);
    return readOptionAt(fd, row.name, at, value);
  } catch (thrown) {
    if (thrown instanceof NetError && thrown.kind === "unavailable") return null;
    throw thrown;
  }
}

type Family = SocketAddress["family"];
const familyNumbers: Readonly<Record<Family, number>> = {
  inet: AF_INET,
  inet6: AF_INET6,
  unix: AF_UNIX,
};
const types: Readonly<Record<SocketKind, number>> = {
  tcp: SOCK_STREAM,
  udp: SOCK_DGRAM,
  unix: SOCK_STREAM,
  unixgram: SOCK_DGRAM,
  raw: SOCK_RAW,
};
/** IPPROTO_ICMP: any protocol will do but 0, which raw(7) refuses. */
const rawProtocol = 1;

/** One socket of each kind that was asked for, bound to nothing. */
class PlainSockets implements Disposable {
  readonly #sockets = new Map<string, NativeSocket | null>();

  /** The value on a new socket, or null where this machine or user can have none. */
  ask(option: KernelOption): SocketOptionValue | null {
    const [kind = "tcp"] = option.row.sockets;
    const family = option.at.level === IPPROTO_IPV6
      ? "inet6"
      : kind.startsWith("unix")
      ? "unix"
      : "inet";
    const socket = this.#socket(kind, family);
    return socket === null ? null : readKernelOption(socket.fd, option);
  }

  #socket(kind: SocketKind, family: Family): NativeSocket | null {
    const key = `${kind} ${family}`;
    let socket = this.#sockets.get(key);
    if (socket === undefined) {
      const protocol = kind === "raw" ? rawProtocol : 0;
      socket = openOrNull(() =>
        NativeSocket.open({ family: familyNumbers[family], type: types[kind], protocol })
      );
      this.#sockets.set(key, socket);
    }
    return socket;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets.values()) socket?.close();
  }
}

/** No IPv6, no right to raw sockets: then its defaults are unknown, and that is no failure. */
function openOrNull(open: () => NativeSocket): NativeSocket | null {
  try {
    return open();
  } catch (thrown) {
    const code = thrown instanceof NetError ? thrown.code : undefined;
    if (code === "EAFNOSUPPORT" || code === "EPERM" || code === "EACCES") return null;
    throw thrown;
  }
}
