/**
 * What is known of one socket option: the shape of a row of `option_table.ts`.
 * @module
 */

import type { OptionPhase, ValueKind } from "../core/option.ts";
import type { OptionEncoding } from "./option_value.ts";

/** Where setsockopt(2) finds an option. */
export interface OptionPlace {
  /** SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6 or IPPROTO_TCP. */
  readonly level: number;
  /** Its number in that level. */
  readonly number: number;
}

/** An option of IPv6 sockets that means the same as one of IPv4 sockets. */
export interface Ipv6Option {
  /** `IPV6_UNICAST_HOPS`. */
  readonly kernelName: string;
  /** Its place. */
  readonly at: OptionPlace;
  /** Where it lies in memory in another way. */
  readonly value?: OptionEncoding;
}

/** Sockets that have an option; on others the kernel refuses it, or takes it without effect. */
export type SocketKind = "tcp" | "udp" | "unix" | "unixgram" | "raw";

/** One socket option. */
export interface SocketOption {
  /** As in addresses, the kernel's name in lower case: `user-timeout`. */
  readonly name: string;
  /** As in C: `TCP_USER_TIMEOUT`. */
  readonly kernelName: string;
  /** Other names of it: those of other systems. */
  readonly aliases?: readonly string[];
  /** Its place. */
  readonly at: OptionPlace;
  /** The same on an IPv6 socket, where it is another option there. */
  readonly ip6?: Ipv6Option;
  /** How its value is given, and how it lies in memory. */
  readonly value: OptionEncoding;
  /** The latest moment at which it takes full effect. */
  readonly phase: OptionPhase;
  /** Where it has an effect. */
  readonly sockets: readonly SocketKind[];
  /** The kernel's bounds, in what is given: durations in ms, sizes in bytes. Without it, 0. */
  readonly minimum?: number;
  /** Without it, what the type holds. */
  readonly maximum?: number;
  /** Without it, read and write. */
  readonly access?: "read";
  /** What it is for, in one line. */
  readonly help: string;
  /** What people trip over. */
  readonly pitfalls?: string;
}

/** What a row says besides its names and its place. */
export type RowFacts = Omit<SocketOption, "name" | "kernelName" | "at">;

/** Makes a row; the name in addresses follows from the kernel's unless it is given. */
export type RowMaker = (
  kernelName: string,
  number: number,
  facts: RowFacts & { readonly name?: string },
) => SocketOption;

/**
 * Rows of one level.
 *
 * @param prefix what the kernel's names begin with there, `TCP_`
 */
export function rowsOf(level: number, prefix: string): RowMaker {
  return (kernelName, number, { name, ...facts }) => ({
    name: name ?? kernelName.slice(prefix.length).toLowerCase().replaceAll("_", "-"),
    kernelName,
    at: { level, number },
    ...facts,
  });
}

/** How the text of a value is read, by how the kernel wants it. */
export const valueKinds = {
  flag: "flag",
  integer: "integer",
  unsigned: "integer",
  size: "size",
  seconds: "duration",
  milliseconds: "duration",
  microseconds: "duration",
  timeval: "duration",
  linger: "duration",
  keepalive: "text",
  text: "text",
  bytes: "text",
  interface: "text",
  structure: "text",
} as const satisfies Readonly<Record<OptionEncoding, ValueKind>>;
