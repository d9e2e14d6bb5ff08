/**
 * Every socket option, by the kernel's names in lower case. Numbers are the same on x86-64 and
 * arm64. Defaults are in no row: they are asked from the kernel.
 * @module
 */

import { ipRows } from "./option_rows_ip.ts";
import { socketRows } from "./option_rows_socket.ts";
import { tcpRows } from "./option_rows_tcp.ts";
import type { SocketOption } from "./option_row.ts";

export type { Ipv6Option, OptionPlace, SocketKind, SocketOption } from "./option_row.ts";

/** The rows, level by level. */
export const socketOptionTable: readonly SocketOption[] = [...socketRows, ...ipRows, ...tcpRows];
