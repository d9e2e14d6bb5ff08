/**
 * What the machine of a link costs by itself: two of them joined in memory, against the copies that
 * they make of every byte (into a frame, into a record, into a queue, out of it).
 * @module
 */

import { LinkSession } from "../../lib/link/session.ts";
import { maximumFrameBytes } from "../../lib/wire/link_frame.ts";
import { alternate, type Benchmark, type Contender, ratio } from "./harness.ts";

const bytesPerRound = 2 * 1024 * 1024 * 1024;
const smallPerRound = 256 * 1024 * 1024;

/** How much the machine adds to copying. */
export const linkMachine: Benchmark = {
  name: "link-machine",
  about: "two machines of a link in memory, one channel one way, 2 GiB a round",
  tools: [],
  run,
};

async function run(rounds: number): ReturnType<Benchmark["run"]> {
  const contenders: Contender[] = [
    { name: "four copies", measure: measured(copies) },
    { name: "writes of 256 KiB", measure: measured(() => carry(256 * 1024, bytesPerRound)) },
    { name: "writes of 1 KiB", measure: measured(() => carry(1024, smallPerRound)) },
  ];
  const results = await alternate(contenders, rounds, "MB/s");
  return {
    measured: results,
    claims: [{
      text: "writes of 256 KiB / four copies",
      value: ratio(results, "writes of 256 KiB", "four copies"),
      target: { atLeast: 0.5 },
    }],
  };
}

function measured(work: () => number): () => Promise<number> {
  return () => {
    const begunMs = performance.now();
    const bytes = work();
    return Promise.resolve(bytes / (performance.now() - begunMs) / 1000);
  };
}

/** The same bytes through four buffers in pieces of a frame. */
function copies(): number {
  const buffers = Array.from({ length: 5 }, () => new Uint8Array(maximumFrameBytes));
  let done = 0;
  for (; done < bytesPerRound; done += maximumFrameBytes) {
    for (let at = 1; at < buffers.length; at++) buffers[at]?.set(buffers[at - 1] ?? []);
  }
  return done;
}

function carry(chunkBytes: number, bytes: number): number {
  const near = new LinkSession({ role: "client", heartbeat: null }, 0);
  const far = new LinkSession({ role: "server", heartbeat: null }, 0);
  const ends = [near.attach(0), far.attach(0)] as const;
  const record = new Uint8Array(maximumFrameBytes);
  const sink = { put: () => {} };
  const swap = () => {
    const there = near.pull(ends[0], record, 0);
    if (there > 0) far.receive(ends[1], record.subarray(0, there), 0);
    const back = far.pull(ends[1], record, 0);
    if (back > 0) near.receive(ends[0], record.subarray(0, back), 0);
    return there + back > 0;
  };
  while (swap());
  const channel = near.open("stream", "tcp://there:1");
  while (swap());
  far.accept(channel);
  while (swap());
  const chunk = new Uint8Array(chunkBytes);
  const into = new Uint8Array(512 * 1024);
  let read = 0;
  while (read < bytes) {
    near.write(channel, chunk);
    while (swap()) {
      for (let length = far.read(channel, into); length; length = far.read(channel, into)) {
        read += length;
      }
    }
    near.events(sink);
    far.events(sink);
  }
  return read;
}
