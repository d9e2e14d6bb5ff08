/**
 * Putting a Unix socket at its path, with its mode and owner, and taking it away again.
 *
 * The socket is bound in a private folder beside its place, made ready there, and appears at its
 * path by link(2) when it already listens (HAProxy does likewise, with rename). Binding at the
 * path itself has three moments that cannot be closed: the file is there with a wider mode than
 * asked; it is there before listen(2), when another server that looks takes it for stale; and the
 * runtime's own close unlinks the path that it was bound to even if another server has bound it
 * since. The price: `ss` shows the name in the folder, which does not exist any more. The whole path
 * stands at its end where it fits: `ss -lx | grep PATH` finds the socket.
 * @module
 */

import type { Context } from "../core/context.ts";
import { NetError, systemCode, toNetError } from "../core/error.ts";
import { type FileIdentity, identify, isSame } from "./file_identity.ts";
import { folderTurn } from "../sys/folder_turn.ts";
import { probeSocket } from "./unix_probe.ts";

/** Bytes of `sun_path` without its NUL (unix(7)). */
const longestPath = 107;

/** How often another process may come in between before we give up. */
const attempts = 16;

/** A socket that is at its path. */
export interface Published<S> {
  readonly socket: S;
  /** What it was bound to: the name that the kernel tells of it. */
  readonly boundPath: string;
  /** Removes the path if it is still this socket. Idempotent, never throws. */
  remove(): void;
}

/** How a socket is made. */
export interface PublishInit<S> {
  readonly path: string;
  /** The endpoint in the address language, for errors. */
  readonly text: string;
  readonly context: Context;
  /** Binds, and listens where that is another step. */
  bind(path: string): S;
  /** Gives the file its owner and mode, while nobody else can reach it. */
  prepare(path: string): void;
}

/**
 * Publishes a socket. One that is there and that nobody serves (connect(2): ECONNREFUSED) is
 * replaced; anything else is left alone.
 *
 * @throws {NetError} kind "in-use", saying what is there; "permission", "not-found"
 */
export async function publishSocket<S extends { close(): void }>(
  init: PublishInit<S>,
): Promise<Published<S>> {
  // The working folder may change before it is closed.
  const path = init.path.startsWith("/") ? init.path : `${Deno.cwd()}/${init.path}`;
  let socket: S | undefined;
  try {
    using staging = new Staging(init.path);
    socket = init.bind(staging.bindPath);
    init.prepare(staging.socketPath);
    const mine = await Deno.lstat(staging.socketPath);
    using _turn = await folderTurn(parentOf(path), init.context);
    await place(staging, init.path, init.text);
    const remove = () => removeIfSame(path, identify(mine));
    return { socket, boundPath: staging.bindPath, remove };
  } catch (thrown) {
    socket?.close();
    throw toNetError(thrown, "listen", init.text);
  }
}

/** Removes a path if it is still the file that it was. Never throws. */
export function removeIfSame(path: string, file: FileIdentity): void {
  try {
    if (isSame(identify(Deno.lstatSync(path)), file)) Deno.removeSync(path);
  } catch {
    // Gone already, or its folder is not ours to change any more: there is nothing to be done.
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

async function place(staging: Staging, path: string, text: string): Promise<void> {
  for (let left = attempts; left > 0; left--) {
    try {
      // Never replaces what is there, as rename(2) would.
      return await Deno.link(staging.socketPath, path);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.AlreadyExists)) throw thrown;
    }
    const stale = await staleSocket(path, text);
    if (stale !== null) staging.takeAway(path, stale);
  }
  throw inUse(text, "others keep taking this path");
}

/**
 * What is at a path, if it is a socket that nobody serves; null if the path is free by now.
 *
 * @throws {NetError} kind "in-use" for anything else; the system's where it cannot be looked at
 */
export async function staleSocket(path: string, text: string): Promise<FileIdentity | null> {
  let found: Deno.FileInfo;
  try {
    found = await Deno.lstat(path);
  } catch (thrown) {
    if (systemCode(thrown) === "ENOENT") return null;
    throw toNetError(thrown, "listen", text);
  }
  if (found.isSocket !== true) throw inUse(text, `${kindOf(found)} is there, and it is kept`);
  const status = await probeSocket(path);
  if (status.live) throw inUse(text, status.holder ?? "a live server has it");
  return identify(found);
}

function kindOf(found: Deno.FileInfo): string {
  if (found.isSymlink) return "a symbolic link";
  if (found.isDirectory) return "a folder";
  return found.isFile ? "a plain file" : "a file that is no socket";
}

function inUse(address: string, hint: string): NetError {
  const message = "address in use";
  return new NetError({ kind: "in-use", op: "listen", address, message, code: "EADDRINUSE", hint });
}

/** A folder beside the socket's place that nobody else may enter. */
class Staging implements Disposable {
  /** Where the socket's file is. */
  readonly socketPath: string;
  /** What is bound to: the same place, by a way that fits into a socket address. */
  readonly bindPath: string;
  readonly #folder: string;
  /** A folder in /tmp with a link to the real one, where that one's name is too long. */
  readonly #shortcut: string | undefined;

  constructor(path: string) {
    const parent = parentOf(path);
    const name = path.slice(parent.length);
    this.#folder = `${parent}.plumb-${randomName()}`;
    const shown = `${this.#folder}${path}`;
    this.socketPath = path.startsWith("/") && fits(shown) ? shown : `${this.#folder}/${name}`;
    Deno.mkdirSync(this.#folder, { mode: 0o700 });
    try {
      Deno.mkdirSync(parentOf(this.socketPath), { recursive: true });
      if (!fits(this.socketPath)) {
        this.#shortcut = Deno.makeTempDirSync({ dir: "/tmp", prefix: "plumb-" });
        Deno.symlinkSync(Deno.realPathSync(this.#folder), `${this.#shortcut}/d`);
        this.bindPath = `${this.#shortcut}/d/${name}`;
      } else {
        this.bindPath = this.socketPath;
      }
    } catch (thrown) {
      this[Symbol.dispose]();
      throw thrown;
    }
  }

  /**
   * Removes a stale socket. It is moved here first and looked at again: a server that took the
   * path since then gets it back. (Unlinking cannot be told which file it means.)
   */
  takeAway(path: string, stale: FileIdentity): void {
    const parked = `${this.#folder}/${randomName()}`;
    try {
      Deno.renameSync(path, parked);
    } catch (thrown) {
      if (systemCode(thrown) === "ENOENT") return;
      throw thrown;
    }
    if (!isSame(identify(Deno.lstatSync(parked)), stale)) Deno.linkSync(parked, path);
    Deno.removeSync(parked);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
    if (this.#shortcut !== undefined) Deno.removeSync(this.#shortcut, { recursive: true });
  }
}

function fits(path: string): boolean {
  return new TextEncoder().encode(path).length <= longestPath;
}

function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
