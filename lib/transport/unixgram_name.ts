/**
 * `bind=`: the name of a Unix datagram client, which is where its answers go.
 * @module
 */

import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import type { OptionRow, Options } from "../core/option.ts";

/** The row of the option. */
export const ownNameRow: OptionRow = {
  name: "bind",
  kind: "text",
  side: "active",
  phase: "bind",
  placeholder: "auto|temporary|PATH|@NAME",
  help: "where answers come to: an abstract name that the kernel picks (auto, the default), a " +
    "path in a folder of its own (temporary), a path or a name; paths are removed afterwards",
};

/** What a client is called. */
export type OwnName =
  | { readonly kind: "auto" | "temporary" }
  | { readonly kind: "path" | "abstract"; readonly name: string };

/** Reads `bind=`. @throws {NetError} kind "option" for an empty one */
export function readOwnName(options: Options): OwnName {
  const text = options.text("bind") ?? "auto";
  if (text === "auto" || text === "temporary") return { kind: text };
  if (text.startsWith("@")) return { kind: "abstract", name: text.slice(1) };
  if (text !== "" && !text.includes("\0")) return { kind: "path", name: text };
  const message = "no name for a socket";
  const hint = "write bind=auto, bind=temporary, a path or @NAME";
  throw new NetError({ kind: "option", op: "option", address: "bind", message, hint });
}

/** A folder for one socket. */
export interface TemporaryFolder {
  readonly path: string;
  /** Removes it with what is in it. Never throws. */
  remove(): void;
}

/**
 * Makes a folder that others can pass through and not list: a server of another user must reach
 * the socket to answer, and nobody else is to find it.
 */
export async function temporaryFolder(context: Context): Promise<TemporaryFolder> {
  context.signal.throwIfAborted();
  const path = await Deno.makeTempDir({ prefix: "plumb-" });
  const remove = () => {
    try {
      Deno.removeSync(path, { recursive: true });
    } catch {
      // Somebody was faster: that it is gone was all that was wanted.
    }
  };
  try {
    await Deno.chmod(path, 0o711);
    return { path, remove };
  } catch (thrown) {
    remove();
    throw thrown;
  }
}
