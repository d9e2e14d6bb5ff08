/**
 * Sockets -> lines for people, objects for programs.
 * @module
 */

import { escapeControls, quote } from "../core/error.ts";
import type { HeldSocket } from "./sockets_filter.ts";
import { socketWords } from "./sockets_info.ts";
import type { NameEnd } from "./sockets_names.ts";
import type { SocketRow } from "./sockets_row.ts";
import type { TcpInfo } from "../wire/tcp_info.ts";
import { approximateDuration } from "./quantity.ts";
import { table, wrap } from "./text.ts";

const heads = ["PROTO", "STATE", "RECV-Q", "SEND-Q", "LOCAL", "REMOTE", "OWNER", "TIMER"];

/**
 * A line for each socket, what is known of it below where `info` asks for that.
 *
 * @param width columns that the words below may take
 */
export function socketsText(
  rows: readonly HeldSocket[],
  nameEnd: NameEnd,
  info: boolean,
  width: number,
): string {
  const cells = rows.map((row) => [
    row.protocol,
    row.state,
    String(row.receiveQueue ?? "-"),
    String(row.sendQueue ?? "-"),
    nameEnd(row, "local"),
    nameEnd(row, "remote"),
    ownerText(row),
    timerText(row),
  ]);
  // Escaped before they are aligned: a path may hold what would move the columns.
  const [head = "", ...lines] = table(cells.map((row) => row.map(escapeControls)), heads);
  const words = (at: number) => {
    const row = info ? rows[at] : undefined;
    return row === undefined ? [] : wrap(socketWords(row).join("; "), width, 6);
  };
  return [head, ...lines.flatMap((line, at) => [line, ...words(at)])].join("\n");
}

/** `nginx[812] +3` for the first of four; the user where no process is known. */
export function ownerText({ holders, inode, uid }: HeldSocket): string {
  const [first] = holders;
  if (first === undefined) return inode === 0 || uid === null ? "-" : `uid ${uid}`;
  const others = holders.length === 1 ? "" : ` +${holders.length - 1}`;
  return `${quote(first.process)}[${first.pid}]${others}`;
}

function timerText({ inet }: SocketRow): string {
  if (inet === null || inet.timer === "off") return "";
  const again = inet.retransmits === 0 ? "" : ` x${inet.retransmits}`;
  return `${inet.timer} ${approximateDuration(inet.timerMs)}${again}`;
}

/** The hint where owners are missing and a look as root would find them, or null. */
export function ownerHint(rows: readonly HeldSocket[], superuser: boolean): string | null {
  const unknown = rows.filter(({ holders, inode }) => holders.length === 0 && inode !== 0).length;
  if (unknown === 0 || superuser) return null;
  const sockets = unknown === 1 ? "1 socket is" : `${unknown} sockets are`;
  return `${sockets} held by processes of other users; root sees their names`;
}

/** A socket as an object: the keys that are always there first. */
export function socketFields(
  row: HeldSocket,
  nameEnd: NameEnd | null,
  info: boolean,
): Readonly<Record<string, unknown>> {
  const [first] = row.holders;
  const { inet } = row;
  return {
    protocol: row.protocol,
    state: row.state,
    local: row.local,
    remote: row.remote,
    receiveQueue: row.receiveQueue,
    sendQueue: row.sendQueue,
    pid: first?.pid ?? null,
    process: first?.process ?? null,
    inode: row.inode,
    ...(row.uid === null ? {} : { uid: row.uid }),
    ...(row.holders.length > 1 ? { holders: row.holders } : {}),
    ...(inet === null || inet.timer === "off"
      ? {}
      : { timer: inet.timer, timerMs: inet.timerMs, retransmits: inet.retransmits }),
    ...(nameEnd === null
      ? {}
      : { localName: nameEnd(row, "local"), remoteName: nameEnd(row, "remote") }),
    ...(info
      ? {
        words: socketWords(row),
        congestion: inet?.congestion ?? null,
        info: inet === null || inet.info === null ? null : infoFields(inet.info),
      }
      : {}),
  };
}

/** As all of `--json` has it: the kernel's microseconds as milliseconds, and so called. */
function infoFields(info: TcpInfo): Readonly<Record<string, number | null>> {
  return Object.fromEntries(
    Object.entries(info).map(([key, value]: [string, number | null]) =>
      key.endsWith("Us")
        ? [key.replace(/Us$/, "Ms"), value === null ? null : value / 1000]
        : [key, value]
    ),
  );
}
