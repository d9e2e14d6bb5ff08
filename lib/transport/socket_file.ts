/**
 * Mode and owner of the file that a Unix socket (or a named pipe) is: `mode= user= group=`.
 * @module
 */

import { formatMode } from "../address/value.ts";
import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import type { Options, OptionTable } from "../core/option.ts";
import { sayTaken } from "./socket_options.ts";

/** Rows of the options, for whoever makes such a file. */
export const fileOptions: OptionTable = [
  {
    name: "mode",
    kind: "mode",
    side: "passive",
    phase: "bind",
    help: "mode of the socket's file, like 0600 (default: what the umask leaves)",
  },
  {
    name: "user",
    kind: "text",
    side: "passive",
    phase: "bind",
    help: "owner of the socket's file, by name or number",
  },
  {
    name: "group",
    kind: "text",
    side: "passive",
    phase: "bind",
    help: "group of the socket's file, by name or number",
  },
];

/** What a file is made as; null where it stays as the system makes it. */
export interface FileSettings {
  readonly mode: number | null;
  readonly user: number | null;
  readonly group: number | null;
}

/** Reads the options. @throws {NetError} kind "option" for a user or group that is not known */
export function readFileSettings(options: Options): FileSettings {
  const user = options.text("user");
  const group = options.text("group");
  return {
    mode: options.number("mode") ?? null,
    user: user === undefined ? null : idOf("user", user, "/etc/passwd"),
    group: group === undefined ? null : idOf("group", group, "/etc/group"),
  };
}

/**
 * Gives a file its owner, then its mode, and says what the system made of it.
 *
 * @param text the endpoint in the address language
 * @throws what the system says (EPERM for another user)
 */
export function applyFileSettings(
  path: string,
  { mode, user, group }: FileSettings,
  text: string,
  context: Context,
): void {
  if (user !== null || group !== null) Deno.chownSync(path, user, group);
  if (mode !== null) Deno.chmodSync(path, mode);
  const taken = Deno.lstatSync(path);
  if (mode !== null) sayTaken("mode", formatMode((taken.mode ?? 0) & 0o7777), text, context);
  if (user !== null) sayTaken("user", taken.uid, text, context);
  if (group !== null) sayTaken("group", taken.gid, text, context);
}

/**
 * The number of a name. Only the files are asked (passwd(5), group(5)), not a directory service:
 * the owner of a server's socket is an account of the machine; for others the number does.
 */
function idOf(what: string, name: string, table: string): number {
  if (/^\d{1,10}$/.test(name)) return Number(name);
  for (const line of Deno.readTextFileSync(table).split("\n")) {
    const [entry, , id] = line.split(":");
    if (entry === name && id !== undefined) return Number(id);
  }
  throw new NetError({
    kind: "option",
    op: "listen",
    address: `${what}=${name}`,
    message: `no such ${what} in ${table}`,
  });
}
