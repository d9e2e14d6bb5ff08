/**
 * Listening sockets that the server before has handed over -> passive endpoints.
 * @module
 */

import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Options } from "../core/option.ts";
import type { HandedSocket, Passive } from "../core/transport.ts";
import { closeDescriptor } from "../sys/file.ts";
import { NativeSocket } from "../sys/socket.ts";
import { adoptListener } from "./adopted_listener.ts";
import { identify } from "./file_identity.ts";
import { readUnixSettings } from "./native_unix.ts";
import { plainSettings } from "./socket_options.ts";
import { readTcpSettings, uninherited } from "./tcp_options.ts";
import { removeIfSame } from "./unix_publish.ts";

/**
 * Listens on what was handed over. Options of the socket stay as the server before has set them;
 * only the backlog can be changed on a socket that listens, and is. What connections do not inherit
 * is set here.
 *
 * @throws {NetError} where one of them does not listen; all are closed then
 */
export function adoptHanded(
  handed: readonly HandedSocket[],
  address: Address,
  options: Options,
  context: Context,
): readonly Passive[] {
  const backlog = options.given.find(({ name }) => name === "backlog")?.value;
  const keepsPath = options.given.some(({ name, value }) => name === "unlink" && value === false);
  const each = address.scheme === "tcp"
    ? uninherited(readTcpSettings(options, "passive"))
    : plainSettings(readUnixSettings(options));
  const opened: Passive[] = [];
  try {
    for (const { descriptor, local, isOurs } of handed) {
      const remove = local.scheme === "unix" && !keepsPath ? removerOf(local.path) : undefined;
      const closed = remove && (() => isOurs() ? remove() : undefined);
      const how = { name: local, uninherited: each, ...(closed === undefined ? {} : { closed }) };
      const listener = adoptListener(descriptor, local.text, context, how);
      opened.push({ kind: "listener", listener });
      if (typeof backlog === "number") setBacklog(descriptor, backlog, local.text);
    }
  } catch (thrown) {
    for (const one of opened) {
      if (one.kind === "listener") void one.listener[Symbol.asyncDispose]();
    }
    for (const { descriptor } of handed.slice(opened.length)) closeDescriptor(descriptor);
    throw thrown;
  }
  context.log.write("info", "handed", `${address.scheme}: taken over from the server before`);
  return opened;
}

/** Removes a path if it is still the socket that it is now; abstract names have none. */
function removerOf(path: string | undefined): (() => void) | undefined {
  if (path === undefined || path.startsWith("@")) return undefined;
  const absolute = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  try {
    const file = identify(Deno.lstatSync(absolute));
    return () => removeIfSame(absolute, file);
  } catch {
    return undefined; // somebody removed it: there is nothing left that could be
  }
}

function setBacklog(fd: number, backlog: number, text: string): void {
  const borrowed = NativeSocket.own(fd, text);
  try {
    borrowed.listen(backlog);
  } finally {
    borrowed.release();
  }
}
