/**
 * `fifo:/path`: a named pipe, read or written (fifo(7)).
 * @module
 */

import type { PathAddress } from "../core/address.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { Options, OptionTable } from "../core/option.ts";
import type { OpenRequest, Passive, Transport } from "../core/transport.ts";
import { formatPath } from "../address/path.ts";
import { makeFifo } from "../sys/file.ts";
import { FifoListener } from "./fifo_listener.ts";
import { checkFifo, type FifoEnd, openFifo } from "./fifo_open.ts";
import { drainOf, fifoSession } from "./fifo_session.ts";
import { UndecidedFifo } from "./fifo_undecided.ts";

const fifoOptions: OptionTable = [
  { name: "create", kind: "flag", help: "make the pipe where it is missing; it is left there" },
  {
    name: "mode",
    kind: "mode",
    help: "mode of a pipe that is made (default: 0666 less the umask)",
  },
  {
    name: "write",
    kind: "flag",
    side: "active",
    help: "write to the pipe (default: read from it; with wait: whatever comes first)",
  },
  {
    name: "keep",
    kind: "flag",
    side: "active",
    help: "stay open across writers or readers: no end of input, no broken pipe between them",
  },
  {
    name: "wait",
    kind: "flag",
    side: "active",
    help:
      "wait for a reader, instead of failing without one (a reader always waits for a writer); " +
      "with keep until all was read, too",
  },
];

/** The transport of `fifo:`. */
export const fifoTransport: Transport<PathAddress> = {
  scheme: "fifo",
  permissions: ["read", "write", "ffi"],
  network: false,
  options: fifoOptions,
  help: {
    forms: ["fifo:PATH"],
    summary:
      "a named pipe; it listens for writers, one after the other, or is read or written once",
    examples: ["fifo:/run/in?keep", "fifo:/run/out?write&wait", "listen:fifo:/run/in?create"],
  },
  connect,
  listen,
};

function peerOf(address: PathAddress): Peer {
  return { scheme: "fifo", text: `fifo:${formatPath(address)}`, path: address.path };
}

async function connect(request: OpenRequest<PathAddress>): Promise<Duplex> {
  const { address, options, context } = request;
  const peer = peerOf(address);
  const write = options.flag("write");
  const end: FifoEnd = write === true ? "write" : "read";
  const keep = options.flag("keep") ?? false;
  const wait = options.flag("wait") ?? false;
  context.signal.throwIfAborted();
  create(address.path, options, peer.text);
  if (wait && write === undefined) {
    await checkFifo(address.path, peer.text);
    return new UndecidedFifo({ path: address.path, text: peer.text, keep, wait }, peer, context);
  }
  // A reader that does not wait would be at its end before anyone could write.
  const opening = { path: address.path, text: peer.text, end, keep, wait: wait || end === "read" };
  const fd = await openFifo(opening, context);
  return fifoSession(fd, peer, end, { drain: drainOf(opening, context) });
}

async function listen(request: OpenRequest<PathAddress>): Promise<readonly Passive[]> {
  const { address, options, context } = request;
  const local = peerOf(address);
  context.signal.throwIfAborted();
  create(address.path, options, local.text);
  await checkFifo(address.path, local.text);
  return [{ kind: "listener", listener: new FifoListener(address.path, local, context) }];
}

/** Makes the pipe if it was asked for. One that is there already is used as it is. */
function create(path: string, options: Options, text: string): void {
  const mode = options.number("mode");
  if (options.flag("create") !== true) {
    if (mode === undefined) return;
    const message = "mode= is of a pipe that is made";
    throw new NetError({ kind: "option", op: "open", address: text, message, hint: "add create" });
  }
  try {
    makeFifo(path, mode ?? 0o666, text);
  } catch (thrown) {
    if (thrown instanceof NetError && thrown.code === "EEXIST") return;
    throw thrown;
  }
  // The umask may have taken away what was asked for; it never gives more.
  if (mode !== undefined) Deno.chmodSync(path, mode);
}
