/**
 * `file:/path`: a file as one end, read or written.
 * @module
 */

import type { PathAddress } from "../core/address.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { OpenRequest, Transport } from "../core/transport.ts";
import { formatPath } from "../address/path.ts";
import { fileSink, fileSource } from "./file_halves.ts";
import { HalvesSession } from "./halves.ts";

/** How a file is opened, as open(2) has it. */
const openOptions = {
  read: { read: true },
  write: { write: true, truncate: true },
  append: { append: true, create: true },
  create: { write: true, create: true, truncate: true },
} as const satisfies Readonly<Record<string, Deno.OpenOptions>>;

type FileMode = keyof typeof openOptions;

/** The transport of `file:`. */
export const fileTransport: Transport<PathAddress> = {
  scheme: "file",
  permissions: ["read", "write"],
  network: false,
  options: [{
    name: "mode",
    kind: "choice",
    choices: Object.keys(openOptions),
    help: "read (default); write: an existing file, emptied; append: made where it is missing; " +
      "create: made or emptied",
  }],
  help: {
    forms: ["file:PATH"],
    summary: "a file, read from or written to",
    examples: ["file:/var/log/syslog", "file:out.bin?mode=create"],
  },
  connect,
};

/**
 * Opens a file. It is one-way: `traits.readOnly` or `traits.writeOnly` says which. Read, it ends
 * where the file ends; a file that grows is not waited for.
 */
async function connect(request: OpenRequest<PathAddress>): Promise<Duplex> {
  const { address, options, context } = request;
  const mode = (options.text("mode") ?? "read") as FileMode;
  const peer: Peer = {
    scheme: "file",
    text: `file:${formatPath(address)}`,
    path: address.path,
  };
  context.signal.throwIfAborted();
  let file: Deno.FsFile;
  let regular: boolean;
  try {
    regular = await isRegular(address.path, peer.text);
    file = await Deno.open(address.path, openOptions[mode]);
  } catch (thrown) {
    throw toNetError(thrown, "open", peer.text);
  }
  const ends = { local: peer, remote: peer };
  const traits = { messages: false, halfClose: true };
  return mode === "read"
    ? new HalvesSession({
      ...ends,
      traits: { ...traits, readOnly: true },
      source: fileSource(file, regular),
    })
    : new HalvesSession({
      ...ends,
      traits: { ...traits, writeOnly: true },
      sink: fileSink(file, peer.text),
    });
}

/**
 * Looks before opening: a named pipe would make the open wait where nothing can end it.
 *
 * @returns true for a plain file or one that is to be made, false for a device
 */
async function isRegular(path: string, address: string): Promise<boolean> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return true;
    throw thrown;
  }
  if (info.isFifo === true) {
    const message = "this is a named pipe";
    const hint = `write ${address.replace(/^file:/, "fifo:")}`;
    throw new NetError({ kind: "unavailable", op: "open", address, message, hint });
  }
  return info.isFile;
}
