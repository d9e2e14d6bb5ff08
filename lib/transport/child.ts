/**
 * A child process as a session: its ends, its group and its exit.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { ChildStatus, Duplex, Peer } from "../core/contract.ts";
import { systemCode } from "../core/error.ts";
import { type ByteSink, type ByteSource, HalvesSession } from "./halves.ts";
import { ProcessGroup } from "./process_group.ts";
import { ReadAhead } from "./read_ahead.ts";

/**
 * Makes a session of a child that was started detached, with piped input and output.
 *
 * Its end is the end of its output **and** its exit: a grandchild may hold the pipe after the
 * child has gone, and a child may close its output and work on. What is written to one that has
 * finished, or has closed its input, is thrown away: `sh:head -1` is no failure.
 */
export function childSession(child: Deno.ChildProcess, peer: Peer, context: Context): Duplex {
  const exited: Promise<ChildStatus> = child.status.then(({ code, signal }) => ({
    pid: child.pid,
    code,
    signal,
  }));
  const group = new ProcessGroup(child.pid, exited, context.clock);
  void group.finished.then((status) => {
    if (status !== null) return;
    child.unref(); // it goes on; this program need not
    const text = `${peer.text}: process ${child.pid} is left to itself: no signal ends it`;
    context.log.write("warning", "child", text, { address: peer.text, pid: child.pid });
  });
  const source = outputOf(child, group.finished);
  return new HalvesSession({
    local: peer,
    remote: peer,
    traits: { messages: false, halfClose: true },
    source,
    sink: inputOf(child),
    child: group.finished,
    aborted: () => group.end(),
    async finish() {
      // Drained rather than closed: SIGPIPE would end a filter before it has seen all its input.
      const drained = drain(source);
      await group.finish(drained);
    },
  });
}

function outputOf(child: Deno.ChildProcess, exited: Promise<unknown>): ByteSource {
  const reader = child.stdout.getReader({ mode: "byob" });
  const ahead = new ReadAhead(async (limit) => {
    const { value, done } = await reader.read(new Uint8Array(limit));
    if (!done) return value;
    await exited;
    return null;
  });
  const source = ahead.session();
  let closed = false;
  return {
    ...source,
    close() {
      source.close();
      if (closed) return;
      closed = true;
      reader.cancel().catch(() => {}); // broken already: there is nothing left to free
    },
  };
}

function inputOf(child: Deno.ChildProcess): ByteSink {
  const writer = child.stdin.getWriter();
  // Told by `write` and `close` below; without this the runtime calls it an unhandled rejection.
  writer.closed.catch(() => {});
  let finished = false;
  return {
    async write(chunk) {
      if (finished) return;
      try {
        await writer.write(chunk);
      } catch (thrown) {
        if (systemCode(thrown) !== "EPIPE") throw thrown;
        finished = true;
      }
    },
    async end() {
      if (finished) return;
      finished = true;
      await writer.close();
    },
    close() {
      finished = true;
      writer.abort().catch(() => {}); // closed already
    },
  };
}

/** Reads until the end, throwing away; never rejects. */
async function drain(source: ByteSource): Promise<void> {
  const nowhere = new Uint8Array(16 * 1024);
  try {
    while (await source.read(nowhere) !== null);
  } catch {
    // A broken pipe has nothing left to drain.
  }
}
