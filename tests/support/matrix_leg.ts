/**
 * The legs of the end-of-stream matrix: each kind opened through its real transport, with the
 * test's own end of it.
 * @module
 */

import "./libc.ts";
import { parseAddress } from "../../lib/address/parse.ts";
import { type Context, makeContext } from "../../lib/core/context.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { makeFifo } from "../../lib/sys/file.ts";
import { resetNow } from "../../lib/sys/reset.ts";
import { inetDescriptor } from "../../lib/transport/inet_descriptor.ts";
import { openActive, openPassive } from "../../lib/transport/open.ts";
import { type Far, FileFar, PipesFar, SessionFar, SocketFar, StreamsFar } from "./matrix_far.ts";
import { acceptOne, noStreams } from "./open_transport.ts";

/** How a leg is opened. */
export interface LegOptions {
  readonly context: Context;
  /** A private folder. */
  readonly folder: string;
  /** Its far end reads what comes. */
  readonly reads: boolean;
  /** What a file that is read holds; a number makes a hole of so many bytes. */
  readonly content: Uint8Array | number;
  /**
   * A process that goes once it has said all, whatever is still written to it; without it one that
   * waits for the end of its input, as a filter does.
   */
  readonly leaves: boolean;
}

/** Both ends. */
export interface Leg {
  readonly session: Duplex;
  readonly far: Far;
}

type Opener = (options: LegOptions) => Promise<Leg>;

const openers = {
  async tcp({ context, reads }) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const session = await open(`tcp://127.0.0.1:${listener.addr.port}`, context);
    const conn = await listener.accept();
    const { localAddr, remoteAddr } = conn;
    const reset = () => {
      const fd = inetDescriptor(localAddr, remoteAddr);
      if (fd === null || !resetNow(fd)) throw new Error("no reset was sent");
    };
    return { session, far: new SocketFar(conn, reads, reset) };
  },
  async unix({ context, folder, reads }) {
    const path = `${folder}/socket`;
    using listener = Deno.listen({ transport: "unix", path });
    const session = await open(`unix:${path}`, context);
    return { session, far: new SocketFar(await listener.accept(), reads) };
  },
  async exec({ context, folder, reads, leaves }) {
    for (const name of ["in", "out"]) makeFifo(`${folder}/${name}`, 0o600, name);
    // $1/in is what it says. Its number is for the kill: a group of its own is named after it.
    const filter = 'echo $$ >"$1/pid"; cat "$1/in" & exec >&-; cat >"$1/out"; wait';
    const speaker = 'echo $$ >"$1/pid"; exec cat "$1/in"';
    const script = leaves ? speaker : filter;
    const opening = open(`exec:/bin/sh -c '${script}' x ${folder}`, context);
    const [session, out, input] = await Promise.all([
      opening,
      Deno.open(`${folder}/in`, { write: true }),
      leaves ? undefined : Deno.open(`${folder}/out`, { read: true }),
    ]);
    const kill = async () => {
      Deno.kill(-Number(await Deno.readTextFile(`${folder}/pid`)), "SIGKILL");
    };
    return { session, far: new PipesFar(out, input, reads && !leaves, kill) };
  },
  async stdio({ context, reads }) {
    const far = new StreamsFar(reads);
    return { session: await openActive(parseAddress("-"), context, { stdio: far }), far };
  },
  async memory({ context, folder, reads }) {
    const name = encodeURIComponent(folder);
    const [passive] = await openPassive(
      parseAddress(`listen:memory:${name}`, { side: "passive" }),
      makeContext(),
      { stdio: noStreams },
    );
    if (passive?.kind !== "listener") throw new Error("no listener");
    const session = await open(`memory:${name}`, context);
    const other = await acceptOne(passive.listener);
    await passive.listener[Symbol.asyncDispose]();
    return { session, far: new SessionFar(other, reads) };
  },
  async "file read"({ context, folder, content }) {
    await Deno.writeFile(
      `${folder}/file`,
      typeof content === "number" ? new Uint8Array() : content,
    );
    if (typeof content === "number") await Deno.truncate(`${folder}/file`, content);
    return { session: await open(`file:${folder}/file`, context), far: new FileFar() };
  },
  async "file written"({ context, folder }) {
    const path = `${folder}/file`;
    return { session: await open(`file:${path}?mode=create`, context), far: new FileFar(path) };
  },
  async "fifo read"({ context, folder }) {
    const path = `${folder}/fifo`;
    const opening = open(`fifo:${path}?create`, context);
    const out = await Deno.open(path, { write: true });
    return { session: await opening, far: new PipesFar(out, undefined, false) };
  },
  async "fifo written"({ context, folder, reads }) {
    const path = `${folder}/fifo`;
    const opening = open(`fifo:${path}?create&write&wait`, context);
    const input = await Deno.open(path, { read: true });
    return { session: await opening, far: new PipesFar(undefined, input, reads) };
  },
} as const satisfies Readonly<Record<string, Opener>>;

/** A kind of leg; files and named pipes go one way, and are two each. */
export type LegKind = keyof typeof openers;

/** Opens a leg of this kind. */
export function openLeg(kind: LegKind, options: LegOptions): Promise<Leg> {
  return openers[kind](options);
}

function open(text: string, context: Context): Promise<Duplex> {
  return openActive(parseAddress(text), context, { stdio: noStreams });
}
